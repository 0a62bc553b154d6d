"""A worker's place on this machine: the folder of its tables, which it alone holds, and its name in the group."""

import fcntl
import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where a worker keeps its tables, and who it is to Kafka's group: the same again after a restart."""

    path: Path
    instance: str


@contextmanager
def take(folder: Path, topics: Iterable[str]) -> Iterator[Place]:
    """Takes the first free place in a folder, and lets it go at the end, however the worker ends.

    The name holds a digest of the topics: Kafka hands a static member that comes back its old partitions, even if it
    now reads other topics.
    """
    index = 0
    while True:
        path = folder / str(index)
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            index += 1
            continue
        try:
            digest = hashlib.sha256(" ".join(sorted(topics)).encode()).hexdigest()[:8]
            yield Place(path, f"{_name(path / 'name')}-{digest}")
        finally:
            os.close(lock)
        return


def _name(file: Path) -> str:
    if not file.exists():
        file.write_text(uuid.uuid4().hex)
    return file.read_text()
