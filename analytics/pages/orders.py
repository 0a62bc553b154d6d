"""Lists of orders and one whole order, as sellers and buyers see them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from analytics.pages.site import Look
from analytics.pages.words.names import EVENT_WORDS, mark
from schemas.facts import Case, Details, Order, Package, Payment, Refund
from schemas.promises import is_waiting

Row = Mapping[str, Any]
Made = dict[str, Any]

read_facts = msgspec.json.Decoder(Order).decode

PROMISED = {
    "unpaid": ("pay", mark("To be paid by")),
    "new": ("confirm", mark("Confirm by")),
    "ready_to_ship": ("dispatch", mark("Ship by")),
    "awaiting_collection": ("dispatch", mark("Ship by")),
    "partially_shipped": ("dispatch", mark("Ship by")),
    "in_transit": ("deliver", mark("To be delivered by")),
    "delivered": ("receive", mark("Completes by itself by")),
    "return_requested": ("answer_return", mark("Answer by")),
    "return_in_progress": ("refund", mark("To be refunded by")),
}
"""The promise that matters while an order stands in a status, and its words."""

PAYMENT_STATES = {"charged_back": "chargeback_opened"} | {
    state: f"payment_{state}" for state in ("requested", "authorized", "paid", "failed", "expired")
}
REFUND_STATES = {state: f"refund_{state}" for state in ("requested", "approved", "settled", "failed")}


def address(order_id: str, base: str = "/orders/") -> str:
    """Gives the address of an order's page."""
    return base + quote(order_id, safe=":")


def native(order_id: str) -> str:
    """Gives an order's id as its marketplace prints it."""
    return order_id.partition(":")[2] or order_id


def shop_name(seller_id: str) -> str:
    """Gives a name to call a shop by: of an id made of words those words, else the id itself."""
    name = seller_id.rpartition(":")[2]
    plain = name.replace("-", " ").replace("_", " ")
    return plain.title() if plain.replace(" ", "").isalpha() else name


def listed(row: Row, base: str = "/orders/") -> Made:
    """Gives an order as lists show it."""
    who = ", ".join(part for part in (row["buyer_name"], row["city"]) if part)
    return {**row, "address": address(row["order_id"], base), "native": native(row["order_id"]), "buyer": who}


def tabs(look: Look, path: str, names: Mapping[str, str]) -> list[Made]:
    """Gives the tabs of the viewer's side with their counts and addresses, the tab of all orders first."""
    counts, side = look.ask("tab_counts"), look.viewer.role
    found = {row["tab"]: row["orders"] for row in counts if row["side"] == side}
    each = [{"name": name, "label": words, "count": found.get(name, 0)} for name, words in names.items()]
    tabs = [{"name": "", "label": mark("All"), "count": sum(found.values())}, *each]
    return [tab | {"address": look.link(path, tab=str(tab["name"]))} for tab in tabs]


def parcels(order: Order) -> list[Made]:
    """Gives each package with what its carrier last said, the newest word first."""
    return sorted(map(_parcel, order.packages.values()), key=lambda parcel: parcel["at"] or 0, reverse=True)


def _parcel(package: Package) -> Made:
    last = package.last
    return {
        "carrier": package.carrier,
        "number": package.number,
        "service": package.service,
        "insured": package.insured,
        "milestone": last.milestone if last else "",
        "words": last.words if last else "",
        "location": last.location if last else "",
        "at": last.stamp[0] if last else None,
        "expected_at": last.next_expected_at if last else None,
        "proof": last.proof if last else "",
        "delivered_at": package.marks["delivered"][0] if "delivered" in package.marks else None,
    }


def money(order: Order) -> Made | None:
    """Gives what the order costs, line by line, and what was paid and given back; None while that is not known."""
    details = order.details
    if details is None:
        return None
    return {
        "currency": details.currency,
        "lines": [{"name": line.name or line.sku, "sku": line.sku, **_cost(line)} for line in details.lines],
        "parts": _parts(details),
        "total": details.total,
        "cod": details.cod,
        "payments": [_paid(payment, PAYMENT_STATES) for payment in _sorted(order.payments.values())],
        "refunds": [_paid(refund, REFUND_STATES) for refund in _sorted(order.refunds.values())],
    }


def _cost(line: Any) -> Made:  # noqa: ANN401  # schemas.facts.Article
    return {"quantity": line.quantity, "unit": line.unit_price, "amount": line.unit_price * line.quantity}


def _parts(details: Details) -> list[tuple[str, int]]:
    parts = (
        (mark("Discount"), -details.discount),
        (mark("Shipping"), details.shipping_fee),
        (mark("Tax"), details.tax),
    )
    return [(name, amount) for name, amount in parts if amount]


def _sorted(moves: Iterable[Payment | Refund]) -> list[Payment | Refund]:
    return sorted(moves, key=lambda move: min((at for at, _ in move.marks.values()), default=0))


def _paid(move: Payment | Refund, states: Mapping[str, str]) -> Made:
    state, (at, _) = max(move.marks.items(), key=lambda mark: mark[1], default=("requested", (0, "")))
    how = move.method if isinstance(move, Payment) else ""
    name = EVENT_WORDS[states[state]] if state in states else state
    return {"state": name, "at": at or None, "amount": move.amount, "currency": move.currency, "method": how}


def promise(order: Order, now: int) -> Made | None:
    """Gives the promise that matters now: its words, when it is due and how long that is away."""
    name, words = PROMISED.get(order.status, ("", ""))
    due = min((at for key, at in order.due.items() if key == name or _is_awaited(order, key, name)), default=None)
    return None if due is None else {"words": words, "at": due, "left_ms": due - now}


def _is_awaited(order: Order, key: str, name: str) -> bool:
    """Tells whether a promise is one of this name that somebody waits for, as of one of several returns."""
    return key.partition("/")[0] == name and is_waiting(order, key)


CASES = (
    ("cancellations", "cancellation", mark("Cancellation")),
    ("returns", "return", mark("Return")),
    ("claims", "claim", mark("Claim: not received")),
)
"""Where an order keeps its requests, how the events of each kind begin, and what it is called."""


def cases(order: Order, trail: Sequence[Row] = ()) -> list[Made]:
    """Gives each cancellation request, return and claim with its last step; of goods sent back how, by the trail."""
    parcels = {row["event_id"]: row for row in trail if row["type"] == "return_shipped"}
    return [_case(kind, words, case, parcels) for name, kind, words in CASES for case in getattr(order, name).values()]


def _case(kind: str, words: str, case: Case, parcels: Mapping[str, Row]) -> Made:
    last, (at, _) = max(case.marks.items(), key=lambda mark: mark[1], default=("", (0, "")))
    step = f"{kind}_{last}"
    told = {"by": case.by, "kind": case.kind, "reason": case.reason, "outcome": case.outcome}
    parcel = parcels.get(case.marks["shipped"][1]) if "shipped" in case.marks else None
    told |= {name: parcel[name] if parcel else "" for name in ("carrier", "tracking_number")}
    return {"name": words, "step": EVENT_WORDS.get(step, step), "at": at or None, **told}


def trail(rows: Sequence[Row], role: str) -> list[Made]:
    """Gives the events of an order, newest first, each with the address of the bytes that told it."""
    steps = [{**row, "raw": f"/v1/events/{quote(row['event_id'], safe='')}/raw?as={role}"} for row in rows]
    return [step | {"waited_ms": step["received_at"] - step["occurred_at"]} for step in reversed(steps)]
