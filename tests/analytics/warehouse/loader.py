"""A process to be killed: loads an endless, always same stream from where its file stands; `--upto` ends it there."""

import sys
from pathlib import Path

from analytics import loading
from analytics.loading import Loading
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.streams.agent import Batch
from schemas.facts import Transition
from tests.analytics.seed import Record
from tests.analytics.warehouse.conftest import snapshot

PARTS, ORDERS = 3, 40
STATUSES = ("unpaid", "new", "in_transit", "completed")


def state_at(part: int, offset: int) -> tuple[str, str]:
    """Gives the order and status that the record at an offset tells."""
    return f"shop:{part}-{offset * 7 % ORDERS}", STATUSES[offset * 13 // ORDERS % len(STATUSES)]


def states(offsets: dict[int, int]) -> dict[str, str]:
    """Gives every order's status after the records before these offsets."""
    return dict(state_at(part, offset) for part, end in offsets.items() for offset in range(end))


def batches(part: int, start: int, count: int) -> list[Batch]:
    """Gives the snapshots and transitions of a partition from an offset on."""
    told = [(offset, *state_at(part, offset)) for offset in range(start, start + count)]
    changes = [
        (n, Transition(f"{part}/{n}", order, "", "", status, n, "", "", "", 1, 1, 1)) for n, order, status in told
    ]
    return [
        Batch("order.snapshots", part, [snapshot(order, status, offset=n, at=n + 1) for n, order, status in told]),
        Batch("order.transitions", part, [Record(b"", codec.encode(change), n, 1) for n, change in changes]),
    ]


def run(path: Path, upto: int | None) -> None:
    """Loads until it is killed, or until every partition stands at `upto`."""
    loading.COMPACT_ROWS = 60
    sink = Loading(Warehouse(path))
    stands = [sink.start_offsets().get(("order.snapshots", part), 0) for part in range(PARTS)]
    sys.stdout.write("loading\n")
    sys.stdout.flush()
    count = 1
    while upto is None or min(stands) < upto:
        found, ends = [], {}
        count = count * 5 % 97 + 1
        for part in range(PARTS):
            taken = count if upto is None else min(count, upto - stands[part])
            if taken <= 0:
                continue
            found += batches(part, stands[part], taken)
            stands[part] += taken
            ends |= {(batch.topic, part): stands[part] for batch in found[-2:]}
        sink.write(found, ends)


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[3]) if "--upto" in sys.argv else None)
