"""Telling what a delivery says as events of ours: what they all have in common is written once, here."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast, get_args

import msgspec
from pydantic import ValidationError

from pipeline.settings import Account
from pipeline.sources.source import Untranslatable
from schemas.deliveries import Delivery
from schemas.events import Event, Evidence
from schemas.ids import digest
from schemas.registry import EVENTS
from schemas.shipments import Milestone
from schemas.statuses import STATUSES

PROGRESS = {**{milestone: place for place, milestone in enumerate(get_args(Milestone), 1)}, "unknown": 0}
"""How far a parcel is: of two scans of one instant the farther one is the later."""

ADVANCE = {status.name: place for place, status in enumerate(reversed(STATUSES))}
"""How far an order is: of two reports of one instant the farther one is the later."""


def order_name(account: Account, native: str) -> str:
    """Names an order so that it always lies in a namespace of the account: nobody names another's order by its id.

    An id that already begins with one of the account's namespaces is taken whole.
    """
    namespace, colon, _ = native.partition(":")
    return native if colon and namespace in account.namespaces else f"{account.namespace}:{native}"


def with_meaning(event: Event, means: str) -> Event:
    """Gives a scan of an unknown code as one of this milestone, or a marketplace's unknown word as this status.

    It is the same event, of the rank that belongs to it. So it joins what was told before: the farther one counts.
    """
    field, places = ("milestone", PROGRESS) if event.type == "package_scanned" else ("status", ADVANCE)
    rank = max(event.rank, cast("dict[str, int]", places)[means])
    return cast("Event", msgspec.structs.replace(cast("Any", event), **{field: means}, rank=rank))


class Parcel(NamedTuple):
    """A tracking number and who carries it; the order only where the sender names one of ours."""

    carrier: str
    number: str
    order: str = ""


def once(events: Iterable[Event]) -> list[Event]:
    """Gives each event once: some senders tell the newest scan beside a history that ends with it."""
    return list({event.event_id: event for event in events}.values())


class Telling:
    """Builds the events of one delivery.

    An event's id is a digest of what happened, in the sender's own words, and of whose account told it. So the same
    thing told in two deliveries has one id, and no seller can take the id of another's event.
    """

    def __init__(self, delivery: Delivery, account: Account) -> None:
        self.delivery, self.account = delivery, account
        self.received_at = delivery.received_at
        self._evidence = Evidence("webhooks.received", delivery.partition, delivery.offset, delivery.written_at)

    def order(self, native: str) -> str:
        """Names the order of a sender whose ids are its own, or the merchant's."""
        return order_name(self.account, native)

    def order_if_ours(self, native: str) -> str:
        """Names the order of a carrier's reference: only where the account says whose references those are."""
        return order_name(self.account, native) if native and self.account.orders else ""

    def seller(self, shop: str = "") -> str | None:
        """Names the seller: the account's, else the shop that the sender names."""
        return self.account.seller or (f"{self.account.source}:{shop}" if shop else None)

    def envelope(self, kind: str, key: tuple[str, ...], order: str, at: int) -> dict[str, object]:
        """Gives what every event carries. `key` tells this one from every other of its kind from this sender."""
        return {
            "event_id": digest(self.account.source, self.account.seller, kind, *key),
            "type": kind,
            "order_id": order,
            "seller_id": self.seller(),
            "occurred_at": at,
            "received_at": self.received_at,
            "source": self.account.source,
            "evidence": self._evidence,
        }

    def event(self, kind: str, key: tuple[str, ...], order: str, at: int, /, **told: object) -> Event:
        """Builds one event. Raises Untranslatable when a value does not fit its shape."""
        shape = cast("Callable[..., Event]", EVENTS[kind].shape)
        try:
            return shape(**{**self.envelope(kind, key, order, at), **told})
        except ValidationError as error:
            raise Untranslatable("invalid", _first(error)) from error

    def described(self, order: str, placed: int, updated: int, whole: Mapping[str, object], /) -> list[Event]:
        """Builds `order_placed`, and `order_amended` where it was changed since.

        The whole is in the key of the latter: a sender may change it twice and tell one time, or none of its own.
        """
        events = [self.event("order_placed", (order,), order, placed, **whole)]
        if updated > placed:
            key = (order, str(updated), digest(repr(whole)))
            events.append(self.event("order_amended", key, order, updated, **whole))
        return events

    def status(self, order: str, at: int, status: str, word: str, /, **told: object) -> Event:
        """Builds `status_reported`; a word that the sender's table does not know has status `unknown`."""
        rank = ADVANCE[status]
        return self.event(
            "status_reported", (order, word, str(at)), order, at, status=status, word=word, rank=rank, **told
        )

    def scan(self, key: tuple[str, ...], at: int, milestone: str, /, **told: object) -> Event:
        """Builds `package_scanned`; the order is empty unless the sender named it."""
        order = cast("str", told.pop("order", ""))
        rank = told.pop("rank", PROGRESS[cast("Milestone", milestone)])
        return self.event("package_scanned", key, order, at, milestone=milestone, rank=rank, **told)

    def scanned(self, parcel: Parcel, at: int, milestone: str, /, *, stamp: str, code: str, **told: object) -> Event:
        """Builds `package_scanned` of a parcel. `stamp` is its time as the sender writes it, whatever zone that means;
        without words of its own the code is what people read.
        """
        words = told.pop("words", "") or code
        key = (parcel.carrier, parcel.number, stamp, code, cast("str", words))
        names = {"carrier": parcel.carrier, "tracking_number": parcel.number, "order": parcel.order}
        return self.scan(key, at, milestone, code=code, words=words, **names, **told)


def _first(error: ValidationError) -> str:
    """Gives the first thing that does not fit, as a sentence."""
    told = error.errors()[0]
    return f"{'.'.join(map(str, told['loc']))}: {told['msg']}"
