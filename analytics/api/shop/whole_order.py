"""One order as the API tells it: a line of a list, and all that is known of it."""

from typing import Any, Self

from msgspec import structs
from pydantic import Field

from analytics.api.shapes import Counted, Money, Shape, Text, Time, money
from schemas.facts import Case, Order, Package, Payment, Refund
from schemas.policies import policy_of
from schemas.promises import Standing, State


class LastScan(Shape):
    """The last thing a carrier said of a parcel: its own words beside our milestone."""

    milestone: str = Field(examples=["out_for_delivery"])
    words: Text = None
    location: Text = None
    at: Time | None = None


class OrderLine(Shape):
    """An order in a list."""

    order_id: str = Field(examples=["tiktok_shop:576461413038785752"])
    source: Text
    channel: Text = Field(
        description="where in the marketplace it was bought, as the sender names it", examples=["live"]
    )
    seller_id: str
    buyer_id: Text
    buyer_name: Text
    city: Text
    item: Text = Field(description="the first article's name")
    quantity: int = Field(description="articles in all")
    total: Money | None
    cod: bool
    status: str = Field(examples=["in_transit"])
    since: Time | None
    seller_tab: Text
    buyer_tab: Text
    placed_at: Time | None
    paid_at: Time | None
    carrier: Text
    tracking_number: Text
    scan: LastScan | None
    ship_by: Time | None

    @classmethod
    def of(cls, row: dict[str, Any], **more: Any) -> Self:  # noqa: ANN401  # what a longer shape has besides
        """Reads a row of report `orders`."""
        return cls.model_validate({**row, "total": money(row["total"], row["currency"]), "scan": _scan(row), **more})


class Since(Shape):
    """A status and when it began."""

    status: str
    since: Time


class Article(Shape):
    """One line of an order."""

    sku: str
    name: str
    quantity: int
    unit_price: Money | None


class Parcel(Shape):
    """One package; milestones tell when each was first reached."""

    carrier: Text
    tracking_number: Text
    service: Text
    insured: bool
    method: Text = Field(description="how it is handed over, where somebody arranged that here", examples=["pickup"])
    milestones: dict[str, Time]
    scan: LastScan | None
    next_expected_at: Time | None = None


class Paid(Shape):
    """One payment, or one refund."""

    id: str
    amount: Money | None
    method: Text = None
    milestones: dict[str, Time]


class Told(Shape):
    """A cancellation request, a return or a claim."""

    id: str
    by: Text
    kind: Text
    reason: Text
    outcome: Text
    milestones: dict[str, Time]


class Promise(Shape):
    """What must happen by when, and whether it did."""

    promise: str = Field(examples=["dispatch"])
    subject: Text = Field(description="the parcel, return, refund or claim that it is about", examples=["jne/CGK1"])
    state: State
    since: Time
    due_at: Time
    kept_at: Time | None
    policy: Text = Field(description="who says how long it may take", examples=["Arus: 7 days after the delivery"])


class Anomaly(Shape):
    """Evidence that contradicts itself."""

    kind: str = Field(examples=["shipped_unpaid"])
    occurred_at: Time
    event_id: str
    against_event_id: Text = None
    detail: Text = None


class Amounts(Shape):
    """What the order costs and why."""

    discount: Money | None
    shipping_fee: Money | None
    tax: Money | None
    total: Money | None


class WholeOrder(Counted, OrderLine):
    """All that is known of one order."""

    history: list[Since]
    articles: list[Article]
    amounts: Amounts | None
    packages: list[Parcel]
    promises: list[Promise]
    payments: list[Paid]
    refunds: list[Paid]
    cancellations: list[Told]
    returns: list[Told]
    claims: list[Told]
    stars: int | None = Field(description="of the buyer's first review")
    anomalies: list[Anomaly]

    @classmethod
    def told(
        cls,
        row: dict[str, Any],
        facts: Order,
        standings: list[Standing],
        anomalies: list[dict[str, Any]],
        watermark: int | None,
    ) -> Self:
        """Reads a row of report `order`, the facts in it and how its promises stand."""
        return cls.of(
            row,
            watermark=watermark,
            history=[{"since": since, "status": status} for since, status in facts.history],
            articles=_articles(facts),
            amounts=_amounts(facts),
            packages=[_parcel(package) for package in facts.packages.values()],
            promises=[_promise(standing, facts) for standing in standings],
            payments=[_paid(key, payment) for key, payment in facts.payments.items()],
            refunds=[_paid(key, refund) for key, refund in facts.refunds.items()],
            cancellations=[_told(key, case) for key, case in facts.cancellations.items()],
            returns=[_told(key, case) for key, case in facts.returns.items()],
            claims=[_told(key, case) for key, case in facts.claims.items()],
            stars=facts.review.stars if facts.review else None,
            anomalies=anomalies,
        )


def _scan(row: dict[str, Any]) -> dict[str, Any] | None:
    if not row["scan_milestone"]:
        return None
    return {name: row[f"scan_{name}"] for name in ("milestone", "words", "location", "at")}


def _articles(facts: Order) -> list[dict[str, Any]]:
    if facts.details is None:
        return []
    currency = facts.details.currency
    return [structs.asdict(line) | {"unit_price": money(line.unit_price, currency)} for line in facts.details.lines]


def _amounts(facts: Order) -> dict[str, Any] | None:
    if facts.details is None:
        return None
    names = ("discount", "shipping_fee", "tax", "total")
    return {name: money(getattr(facts.details, name), facts.details.currency) for name in names}


def _parcel(package: Package) -> dict[str, Any]:
    last = package.last
    return {
        "carrier": package.carrier,
        "tracking_number": package.number,
        "service": package.service,
        "insured": package.insured,
        "method": package.method,
        "milestones": _milestones(package),
        "scan": last
        and {"milestone": last.milestone, "words": last.words, "location": last.location, "at": last.stamp[0]},
        "next_expected_at": last and last.next_expected_at,
    }


def _promise(of: Standing, facts: Order) -> dict[str, Any]:
    policy = policy_of(of.kind, facts.details.market if facts.details else "ID", of.since)
    source = f"your own: {of.own.hours:g} hours" if of.own else policy.source if policy else ""
    told = {"promise": of.kind, "subject": of.subject, "state": of.state, "policy": source}
    return {**told, "since": of.since, "due_at": of.due, "kept_at": of.kept_at}


def _paid(key: str, payment: Payment | Refund) -> dict[str, Any]:
    method = payment.method if isinstance(payment, Payment) else None
    amount = money(payment.amount, payment.currency)
    return {"id": key, "amount": amount, "method": method, "milestones": _milestones(payment)}


def _told(key: str, case: Case) -> dict[str, Any]:
    words = {"by": case.by, "kind": case.kind, "reason": case.reason, "outcome": case.outcome}
    return {"id": key, **words, "milestones": _milestones(case)}


def _milestones(of: Package | Payment | Refund | Case) -> dict[str, int]:
    """Gives each milestone's instant in the order in which they happened."""
    return dict(sorted(((name, mark[0]) for name, mark in of.marks.items()), key=lambda each: each[1]))
