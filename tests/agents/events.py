"""Events of one order for tests: `tell` writes one in a line, `events()` draws wild ones."""

import dataclasses
from typing import Any

from hypothesis import strategies as st

from agents.rules.fold import fold
from agents.rules.history import settle
from pipeline import codec
from schemas.events import Event, Evidence
from schemas.facts import Order
from schemas.ids import digest
from schemas.orders import Line
from schemas.registry import EVENTS, OF_ORDERS
from schemas.statuses import STATUSES
from schemas.times import HOUR, MINUTE

ORDER = "tiktok_shop:1"
START = 1_774_000_000_000
"""2026-03-20 09:46:40 UTC, a Friday; the next day is a holiday in Indonesia, as is the day after."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "order_placed": {
        "buyer_id": "b1",
        "total": 100,
        "lines": (Line(sku="S", name="Kopi", quantity=1, unit_price=100),),
    },
    "order_amended": {"buyer_id": "b1", "total": 100},
    "status_reported": {"status": "new", "word": "AWAITING_SHIPMENT"},
    "review_left": {"stars": 5},
    "shipping_arranged": {"package_id": "k1", "carrier": "jne", "tracking_number": "N1"},
    "package_scanned": {"carrier": "jne", "tracking_number": "N1", "milestone": "picked_up"},
    "package_recut": {"package_id": "k1", "how": "split"},
}
for _kind in EVENTS:
    if _kind.startswith(("payment_", "chargeback_")):
        DEFAULTS[_kind] = {"payment_id": "p1", "amount": 100}
    elif _kind.startswith("refund_"):
        DEFAULTS[_kind] = {"refund_id": "f1", "amount": 100}
    elif _kind.startswith(("return_", "claim_", "cancellation_")):
        DEFAULTS[_kind] = {"case_id": "c1"}


def tell(kind: str, hours: float = 0, /, **told: Any) -> Event:
    """Builds an event that happened so many hours after START and came a second later, as the stream decodes it."""
    at = START + round(hours * HOUR)
    given = {
        "type": kind,
        "order_id": ORDER,
        "occurred_at": at,
        "received_at": at + 1_000,
        "source": "tiktok_shop",
        "seller_id": "toko",
        "evidence": Evidence("webhooks.received", 0, 0, at + 500),
        **DEFAULTS.get(kind, {}),
        **told,
    }
    given.setdefault("event_id", digest(repr(sorted(given.items(), key=str))))
    event = EVENTS[kind].shape(**given)
    return codec.decode(kind.encode(), codec.encode_event(event))


def scan(milestone: str, hours: float = 0, number: str = "N1", **told: Any) -> Event:
    """Builds a scan by a carrier, which names no seller."""
    given = {"milestone": milestone, "tracking_number": number, "seller_id": None, "source": "jne"}
    return tell("package_scanned", hours, **given | told)


def order_of(*events: Event, order_id: str = ORDER) -> Order:
    """Folds events, in the order given, and settles once."""
    order = Order(order_id=order_id)
    for event in events:
        fold(order, event)
    settle(order)
    return order


_SMALL = {
    "package_id": st.sampled_from(("k1", "k2", "k3")),
    "tracking_number": st.sampled_from(("", "N1", "N2", "N3")),
    "milestone": st.sampled_from(
        ("label_created", "picked_up", "at_hub", "out_for_delivery", "delivered", "returned", "cancelled", "unknown")
    ),
    "returning": st.booleans(),
    "payment_id": st.sampled_from(("p1", "p2")),
    "refund_id": st.sampled_from(("f1", "f2")),
    "case_id": st.sampled_from(("c1", "c2")),
    "amount": st.sampled_from((50, 100)),
    "total": st.sampled_from((0, 100, 150)),
    "cod": st.booleans(),
    "market": st.sampled_from(("ID", "MY")),
    "status": st.sampled_from([row.name for row in STATUSES]),
    "stars": st.integers(1, 5),
    "outcome": st.sampled_from(("", "none", "refunded")),
    "reason": st.sampled_from(("", "broken", "late")),
}


@st.composite
def events(draw: st.DrawFn, kinds: tuple[str, ...] = OF_ORDERS) -> Event:
    """Draws an event of the order: any type, few values and instants, so that events meet, tie and contradict."""
    kind = draw(st.sampled_from(kinds))
    names = {field.name for field in dataclasses.fields(EVENTS[kind].shape)}
    fields = {name: draw(values) for name, values in _SMALL.items() if name in names}
    if kind == "package_scanned":
        fields["tracking_number"] = fields["tracking_number"] or "N1"
    hours = draw(st.integers(0, 8)) * 30
    ahead = draw(st.sampled_from((1_000, 1_000, 1_000, -10 * MINUTE)))
    return tell(
        kind,
        hours,
        received_at=START + hours * HOUR + ahead,
        rank=draw(st.integers(0, 1)),
        source=draw(st.sampled_from(("tiktok_shop", "midtrans", "jne"))),
        seller_id=draw(st.sampled_from(("toko", "other", None))),
        **fields,
    )


CHAPTERS: tuple[tuple[str, ...], ...] = (
    OF_ORDERS,
    ("order_placed", "shipping_arranged", "package_scanned", "package_recut"),
    ("order_placed", "status_reported", "order_held", "order_released", "return_requested"),
    ("return_requested", "return_approved", "return_rejected", "return_withdrawn", "return_closed", "status_reported"),
    ("order_placed", "order_amended", "payment_paid", "refund_approved", "refund_settled", "order_cancelled"),
    ("order_placed", "payment_requested", "payment_paid", "package_scanned", "order_cancelled", "status_reported"),
)
"""Events that have to do with each other: drawn by themselves they meet more often."""


def lives(most: int = 12) -> st.SearchStrategy[list[Event]]:
    """Draws some events of one chapter, or of all."""
    return st.sampled_from(CHAPTERS).flatmap(lambda kinds: st.lists(events(kinds), min_size=1, max_size=most))
