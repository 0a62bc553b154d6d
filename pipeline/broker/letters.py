"""Dead letters: counted by what went wrong, shown with their untouched bytes, sent once more where they came from."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.producer.future import FutureRecordMetadata
from msgspec import Struct

from pipeline import codec
from pipeline.broker.asking import asking
from pipeline.broker.clients import client_options
from pipeline.broker.reader import Reader, Stored, records
from pipeline.settings import Kafka
from schemas.letters import DeadLetter, Redriven

LETTERS, REDRIVEN = "dead-letters", "dead-letters.redriven"
FROM = "redriven.from"
"""The header by which a record that was sent once more tells which letter it was."""

AT_ONCE = 500
"""Letters in one transaction."""

PATIENCE_MS = 10_000
OPTIONS = {
    "client_id": "arus-redrive",
    "transactional_id": "arus-redrive",
    "max_request_size": 2 << 20,  # as large a record as our topics take
}

FOREIGN = DeadLetter("unknown", "unreadable", "a record without the headers of a dead letter", "", -1, -1, 0)


class Letter(Struct):
    """A dead letter: where it lies, what its step said, and the record as it was."""

    partition: int
    offset: int
    step: str
    cause: str
    detail: str
    topic: str
    topic_partition: int
    topic_offset: int
    buried_at: int
    redriven_at: int | None
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Pile(Struct):
    """The letters of one step and cause; position and detail are those of the newest."""

    step: str
    cause: str
    letters: int = 0
    redriven: int = 0
    first_at: int = 0
    last_at: int = 0
    detail: str = ""
    partition: int = -1
    offset: int = -1


class Choice(NamedTuple):
    """Which letters are meant; what is empty or None does not matter."""

    step: str = ""
    cause: str = ""
    place: tuple[int, int] | None = None

    def means(self, letter: Letter) -> bool:
        """Tells whether the letter is one of them."""
        return (
            self.step in ("", letter.step)
            and self.cause in ("", letter.cause)
            and self.place in (None, (letter.partition, letter.offset))
        )


EVERY = Choice()


def letters(kafka: Kafka, choice: Choice = EVERY) -> Iterator[Letter]:
    """Gives the dead letters that are kept, each partition in order."""
    done = _redriven(kafka)
    for record in records(kafka, LETTERS):
        letter = _letter(record, done.get((record.partition, record.offset)))
        if choice.means(letter):
            yield letter


def piles(kafka: Kafka) -> list[Pile]:
    """Counts the dead letters by step and cause, the pile with the newest first."""
    return _count(letters(kafka))


def show(kafka: Kafka, partition: int, offset: int) -> Letter:
    """Gives one dead letter. Raises BrokerError that says why there is none."""
    reader = Reader(kafka)
    try:
        record = reader.at(LETTERS, partition, offset)
    finally:
        reader.close()
    return _letter(record, _redriven(kafka).get((partition, offset)))


def redrive(kafka: Kafka, choice: Choice = EVERY, *, now: int, dry_run: bool = False) -> list[Pile]:
    """Sends the chosen letters once more to the topics they came from, and remembers it: a second time none are left.

    Key, value and headers are the original ones; sending and remembering are one transaction. Counts what was sent,
    or with `dry_run` what would be.
    """
    if dry_run:
        return _count(_waiting(kafka, choice))
    options = {**client_options(kafka), **OPTIONS, "max_block_ms": PATIENCE_MS}
    with asking("dead letters cannot be sent again"), KafkaProducer(**options) as producer:
        producer.init_transactions()  # ends what another redrive has under way: only then it is known what is left
        return _count(_send(producer, _waiting(kafka, choice), now))


def _waiting(kafka: Kafka, choice: Choice) -> Iterator[Letter]:
    return (letter for letter in letters(kafka, choice) if letter.redriven_at is None and letter.topic)


def _send(producer: KafkaProducer, waiting: Iterator[Letter], now: int) -> Iterator[Letter]:
    """Sends letters, some at once in a transaction, and gives each that was sent."""
    while batch := list(islice(waiting, AT_ONCE)):
        producer.begin_transaction()
        try:
            for future in [future for letter in batch for future in _produce(producer, letter, now)]:
                future.get()
            producer.commit_transaction()
        except KafkaError:
            with suppress(KafkaError):
                producer.abort_transaction()
            raise
        yield from batch


def _produce(producer: KafkaProducer, letter: Letter, now: int) -> Iterator[FutureRecordMetadata]:
    origin = (FROM, f"{LETTERS}/{letter.partition}/{letter.offset}".encode())
    where = None if letter.key is not None else letter.topic_partition  # a key finds its partition by itself
    yield producer.send(letter.topic, letter.value, letter.key, [*letter.headers, origin], where)
    note = Redriven(letter.partition, letter.offset, now)
    yield producer.send(REDRIVEN, codec.encode(note), note.key)


def _redriven(kafka: Kafka) -> dict[tuple[int, int], int]:
    """Tells which letters were sent again, and when last."""
    notes = (_note(record.value or b"") for record in records(kafka, REDRIVEN))
    return {(note.partition, note.offset): note.redriven_at for note in notes}


_note = msgspec.json.Decoder(Redriven).decode


def _letter(record: Stored, redriven_at: int | None) -> Letter:
    try:
        told = DeadLetter.read(dict(record.headers))
    except (KeyError, msgspec.ValidationError):
        told = FOREIGN
    return Letter(
        partition=record.partition,
        offset=record.offset,
        step=told.step,
        cause=told.cause,
        detail=told.detail,
        topic=told.topic,
        topic_partition=told.partition,
        topic_offset=told.offset,
        buried_at=told.buried_at,
        redriven_at=redriven_at,
        key=record.key,
        value=record.value,
        headers=[(name, value) for name, value in record.headers if not name.startswith("dead.") and name != FROM],
    )


def _count(found: Iterable[Letter]) -> list[Pile]:
    piles: dict[tuple[str, str], Pile] = {}
    for letter in found:
        kind, at = (letter.step, letter.cause), letter.buried_at
        pile = piles.setdefault(kind, Pile(*kind, first_at=at))
        pile.letters += 1
        pile.redriven += letter.redriven_at is not None
        pile.first_at = min(pile.first_at, at)
        if at >= pile.last_at:
            pile.last_at, pile.detail = at, letter.detail
            pile.partition, pile.offset = letter.partition, letter.offset
    return sorted(piles.values(), key=lambda pile: pile.last_at, reverse=True)
