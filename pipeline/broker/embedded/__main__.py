"""Chores: `python -m pipeline.broker.embedded lock` pins the jars anew, `prepare` fills the cache."""

import sys
import tempfile
from pathlib import Path

from pipeline import settings
from pipeline.broker import BrokerError
from pipeline.broker.embedded import cache, jars


def lock() -> None:
    """Writes kafka.lock anew from ROOTS."""
    with tempfile.TemporaryDirectory() as scratch:
        lines = map(str, jars.resolve(Path(scratch)))
        jars.LOCK.write_text("".join(f"{line}\n" for line in lines))


def prepare() -> None:
    """Fills the cache of these settings, for an image or a machine that will have no network."""
    given = settings.load()
    cache.prepare(given.cache, given.kafka.jars_from, lambda done, total, name: print(f"{done}/{total} {name}"))  # noqa: T201


CHORES = {"lock": lock, "prepare": prepare}

if __name__ == "__main__":
    try:
        chore = CHORES[sys.argv[1]]
    except (IndexError, KeyError):
        sys.exit(__doc__)
    try:
        chore()
    except BrokerError as error:
        sys.exit(str(error))
