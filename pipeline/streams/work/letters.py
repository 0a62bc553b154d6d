"""Dead letters: records that a step cannot take, on their way to whoever can mend them."""

from pipeline.streams.agent import Batch, Buried, Headers
from pipeline.streams.work.outbox import MOST_BYTES
from schemas.letters import DeadLetter

HEADERS_BYTES = 4_096
"""What our own headers may need."""

MOST_DETAIL = 2_000


def write(step: str, batch: Batch, buried: Buried, now: int) -> tuple[bytes | None, bytes | None, Headers]:
    """Gives key, value and headers of a dead letter: the record untouched, and the reason beside it."""
    record, cause, detail = buried
    size = sum(len(part or b"") for part in (record.key, record.value, *(value for _, value in record.headers)))
    fits = size < MOST_BYTES - HEADERS_BYTES
    told = (
        detail[:MOST_DETAIL] if fits else f"(too large to be kept here too: it is where it was) {detail[:MOST_DETAIL]}"
    )
    letter = DeadLetter(step, cause, told, batch.topic, batch.partition, record.offset, now)
    return record.key, record.value if fits else None, [*letter.headers(), *(record.headers if fits else ())]
