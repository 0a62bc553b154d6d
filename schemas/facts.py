"""The state of an order: facts that only ever join, and what was derived from them.

A Mark is (occurred_at, event_id) and the earliest wins. A register's stamp is (occurred_at, rank, event_id) and the
latest wins. So any order of arrival, with any repetition, gives the same state.
"""

from collections.abc import Iterable

from msgspec import Struct, field

from schemas.commands import Answer

Mark = tuple[int, str]
Stamp = tuple[int, int, str]
Marks = dict[str, Mark]

NEVER: Stamp = (-1, -1, "")

VERSION = 5
"""Of an order's state. A field more is a version more: a worker that does not know the field would lose it.

2: milestones `paid` and `shipped` of the order's own. 3: promises of all kinds, since when they run and when kept.
4: answers to commands, and how a parcel is handed over. 5: what a return is about.
"""


class Article(Struct, omit_defaults=True, gc=False):
    """One line of an order; minor units."""

    sku: str
    name: str
    quantity: int
    unit_price: int = 0


class Details(Struct, omit_defaults=True, gc=False):
    """Register: the order as it was last described."""

    stamp: Stamp
    buyer_id: str = ""
    buyer_name: str = ""
    city: str = ""
    lines: list[Article] = []
    currency: str = "IDR"
    discount: int = 0
    shipping_fee: int = 0
    tax: int = 0
    total: int = 0
    cod: bool = False
    market: str = "ID"
    channel: str = ""


class Scan(Struct, omit_defaults=True, gc=False):
    """Register: the last thing a carrier said of a package."""

    stamp: Stamp
    milestone: str
    code: str = ""
    words: str = ""
    location: str = ""
    returning: bool = False
    proof: str = ""
    next_expected_at: int | None = None


class Package(Struct, omit_defaults=True, gc=False):
    """A parcel; its key is `carrier/number`, or `#package_id` while it has no tracking number.

    marks: arranged, and one for each milestone a carrier reported.
    """

    marks: Marks = field(default_factory=dict)
    package_id: str = ""
    carrier: str = ""
    number: str = ""
    service: str = ""
    insured: bool = False
    method: str = ""
    arranged: Stamp = NEVER
    last: Scan | None = None


class Payment(Struct, omit_defaults=True, gc=False):
    """One payment attempt; marks: requested, authorized, paid, failed, expired, charged_back."""

    marks: Marks = field(default_factory=dict)
    stamp: Stamp = NEVER
    amount: int = 0
    currency: str = "IDR"
    method: str = ""
    source: str = ""


class Refund(Struct, omit_defaults=True, gc=False):
    """One refund; marks: requested, approved, settled, failed."""

    marks: Marks = field(default_factory=dict)
    stamp: Stamp = NEVER
    amount: int = 0
    currency: str = "IDR"
    case_id: str = ""
    source: str = ""


def by_witness(things: Iterable[Payment] | Iterable[Refund], currency: str | None = None) -> dict[str, int]:
    """Gives what each sender tells in sum, of one currency if it is named.

    A shop and its payment provider tell of one payment under two ids.
    """
    sums: dict[str, int] = {}
    for thing in things:
        if currency is None or thing.currency == currency:
            sums[thing.source] = sums.get(thing.source, 0) + thing.amount
    return sums


class Case(Struct, omit_defaults=True, gc=False):
    """A cancellation request, a return or a claim; marks: the last word of each event's type.

    by, kind, reason, outcome, lines: of each the first word that says anything; told: when that was.
    lines: what it is about; none where nobody said so: then all of the order.
    """

    marks: Marks = field(default_factory=dict)
    stamp: Stamp = NEVER
    by: str = ""
    kind: str = ""
    reason: str = ""
    outcome: str = ""
    told: Marks = field(default_factory=dict)
    lines: list[Article] = field(default_factory=list)


class Review(Struct, omit_defaults=True, gc=False):
    """Register that keeps the first: the initial review is the one that counts."""

    at: Mark
    stars: int


class Order(Struct, omit_defaults=True, gc=False):
    """All that is known of one order: the value of topic `order.snapshots` and of the table `orders`.

    marks: placed, amended, held, released, confirmed, cancelled, received, completed; cod where it is paid at the door;
    paid by the first payment; shipped since a carrier has the first parcel.
    reported: milestones that the marketplace's own words imply (STATUSES.implies), with the first such word.
    seller: (rank of the witness, -occurred_at, event_id, seller_id): the best and earliest witness wins.
    Below `status` everything is derived from the facts above it, and kept so that readers need no rules.
    """

    order_id: str
    seller: tuple[int, int, str, str] = (-1, 0, "", "")
    marks: Marks = field(default_factory=dict)
    reported: Marks = field(default_factory=dict)
    word: tuple[int, int, str, str, str] | None = None
    """(…stamp, our status, the sender's word) of the latest status_reported whose word we know."""
    cancelled_by: tuple[int, str, str, str] | None = None
    """(occurred_at, event_id, by, reason) of the earliest order_cancelled."""
    details: Details | None = None
    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    cancellations: dict[str, Case] = field(default_factory=dict)
    returns: dict[str, Case] = field(default_factory=dict)
    claims: dict[str, Case] = field(default_factory=dict)
    review: Review | None = None
    holds: list[tuple[int, int, str, bool]] = field(default_factory=list)
    """(…stamp, held or released), oldest first: an order may be held more than once."""
    recuts: list[tuple[int, str]] = field(default_factory=list)
    """(occurred_at, package_id), oldest first: those of one instant are what the order was then cut into."""
    ahead: list[Mark] = field(default_factory=list)
    """Events that were told more than five minutes before they occurred."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """Command → what became of it; the latest commands.MOST of them."""
    last_at: int = 0
    """The latest occurred_at among all events folded."""
    status: str = "unknown"
    history: list[tuple[int, str]] = field(default_factory=list)
    """(since, status), oldest first; the last entry is the present status."""
    due: dict[str, int] = field(default_factory=dict)
    """Promise → instant by which it must be kept; what the policy of the order's market says.

    A promise is a name of PROMISES, and `name/subject` where it is about a parcel, a return, a refund or a claim.
    """
    begun: dict[str, int] = field(default_factory=dict)
    """Promise → since when it runs."""
    kept: dict[str, int] = field(default_factory=dict)
    """Promise → when it was kept, late or in time; one that is not yet is not here."""
    anomalies: list[str] = field(default_factory=list)
    """What contradicts itself as things stand: `kind`, or `kind/subject` where an order can have several."""
    version: int = 1
    """By which VERSION it was last folded."""


def delivered_at(order: Order, by_status: int | None) -> int | None:
    """Gives when an order was delivered; `by_status`: when it first had such a status.

    A return that is asked for while the parcel is under way stands before a delivery in the history. Then the parcels
    tell, the last of those that count, else the shop's own word.
    """
    if not order.returns and "return_requested" not in order.reported:
        return by_status
    told = [package.marks.get("delivered") for package in order.packages.values() if "cancelled" not in package.marks]
    proof = max(filter(None, told)) if told and all(told) else order.reported.get("delivered")
    return min((at for at in (by_status, proof[0] if proof else None) if at is not None), default=None)


class Transition(Struct, omit_defaults=True, gc=False):
    """An order's status changed: the value of topic `order.transitions`; id = order_id/event_id."""

    transition_id: str
    order_id: str
    seller_id: str
    before: str
    after: str
    occurred_at: int
    event_id: str
    event_type: str
    source: str
    received_at: int
    raw_written_at: int
    event_written_at: int
    """Record times of the raw delivery and of the event: freshness, hop by hop."""


class Anomaly(Struct, omit_defaults=True, gc=False):
    """Evidence that contradicts itself: the value of topic `anomalies`; id = digest(order_id, kind, subject).

    withdrawn: a later event, told late, explained it; of two values with one id the later stands.
    """

    anomaly_id: str
    order_id: str
    seller_id: str
    kind: str
    occurred_at: int
    event_id: str
    against_event_id: str = ""
    detail: str = ""
    withdrawn: bool = False
