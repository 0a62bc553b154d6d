"""The simple job on Arus' own stream layer: exactly once, a changelog record and an output for each event."""

import os
import subprocess
import sys
from collections.abc import Iterator

import simple

from pipeline.settings import load
from pipeline.streams.agent import Batch, Message, Rows, Table, agent
from pipeline.streams.app import run

RUN = simple.given()
STATES = Table("states", changelog=RUN.changelog, decode=simple.read_state, encode=simple.encode)


@agent(RUN.input, table=STATES)
def count(batch: Batch, states: Rows[simple.State]) -> Iterator[Message]:
    """Counts each order's events and tells each one's number."""
    for record, event in batch.read(simple.read_event):
        state = states.get(record.key) or simple.State()
        told = simple.fold(state, event)
        states.put(record.key, state)
        yield Message(RUN.output, record.key, simple.encode(told))


def main() -> int:
    """Works until it is told to end; as many processes as PEER_WORKERS says, each with a home of its own."""
    homes = [f"{RUN.home}/{number}" for number in range(1, int(os.environ.pop("PEER_WORKERS", "1")))]
    others = [subprocess.Popen([sys.executable, __file__], env=os.environ | {"ARUS_HOME": home}) for home in homes]
    try:
        return run(RUN.name, [count], load(), letters=f"{RUN.name}-letters")
    finally:
        for other in others:
            other.terminate()
            other.wait()


if __name__ == "__main__":
    sys.exit(main())
