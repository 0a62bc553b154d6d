"""Gathering: every webhook told anew into a pile on disk, and out of it each order with all that is known of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from agents.rules.bindings import Teller, teller
from analytics.rebuilding.pile import Meeting, Pile, Told
from pipeline import codec
from pipeline.broker.reader import Stored
from pipeline.cli.proof import deliveries
from pipeline.cli.proof.beside import commanded
from pipeline.cli.proof.reference import Sight, meets, number_of, taken_at, translated
from pipeline.settings import Settings
from pipeline.sources import Untranslatable
from schemas.codes import CodeMapped
from schemas.deliveries import Delivery
from schemas.events import Event

Read = Callable[[str], Iterator[Stored]]
"""Gives the records of a topic."""

LAST = 1 << 62
"""The instant of what no webhook told: it comes after all that one did."""

OFTEN = 10_000
"""After how many webhooks it is told how far it is."""


class Known(NamedTuple):
    """All that is known of one order: its state as it lies in Kafka, when that was written, and its events by id.

    state: None where it has none.
    """

    order_id: str
    state: bytes | None
    written_at: int
    told: dict[str, Event]


def gather(
    pile: Pile, settings: Settings, read: Read, meanings: Sequence[CodeMapped], say: Callable[[str], None]
) -> int:
    """Piles up what webhooks tell, and what commands led to; gives the number of webhooks. `say`: how far it is."""
    numbers = count()
    pile.tell(_webhooks(settings, deliveries(read("webhooks.received")), meanings, numbers, say))
    webhooks = next(numbers)
    events = commanded(read)
    pile.tell(_told(number, event.event_id.encode(), LAST, 0, event) for number, event in enumerate(events, webhooks))
    pile.own(meeting for meeting in pile.meetings() if _falls(meeting))
    return webhooks


def known(pile: Pile) -> Iterator[Known]:
    """Gives order after order; an event that several webhooks tell counts as the first tells it."""
    for heap in pile.heaps():
        told: dict[str, Event] = {}
        for kind, value in heap.events:
            event = codec.decode(kind.encode(), value)
            told.setdefault(event.event_id, event)
        yield Known(heap.order_id, heap.state, heap.written_at, told)


def _webhooks(
    settings: Settings,
    kept: Iterable[Delivery],
    meanings: Sequence[CodeMapped],
    numbers: Iterator[int],
    say: Callable[[str], None],
) -> Iterator[Told]:
    for at, delivery in taken_at(kept):
        number = next(numbers)
        if number % OFTEN == 0:
            say(f"reading webhooks: {number:,}")
        try:
            events = translated(settings, delivery, meanings)
        except Untranslatable:  # not remembered as taken: a copy may say it better
            continue
        if not events:
            yield Told(number, delivery.key, at)
        for place, event in enumerate(events):
            yield _told(number, delivery.key, at, place, event)


def _told(webhook: int, key: bytes, at: int, place: int, event: Event) -> Told:
    value, number = codec.encode_event(event), number_of(event)
    return Told(webhook, key, at, place, event.order_id, event.type, value, number, event.occurred_at, *teller(event))


def _falls(meeting: Meeting) -> bool:
    return meets(_sight(*meeting.bound), _sight(*meeting.scanned))


def _sight(at: int, seller_id: str, is_own: bool) -> Sight:  # noqa: FBT001  # as it lies there
    return Sight(at, Teller(seller_id, is_own))
