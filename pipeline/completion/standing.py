"""How each account that is asked stands, for people on this machine: a small file that `arus complete` keeps fresh."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from schemas.times import MINUTE

FRESH = MINUTE
"""A file older than that was left by a process that has ended."""


class Standing(msgspec.Struct):
    """One account, at an instant; all times in ms, 0 = never."""

    account: str
    open: int
    """Questions that are not answered yet."""
    breaker: str
    why: str
    """Why it is not asked now; empty when it is."""
    last_answer_at: int
    reconciled_until: int
    at: int


def write(home: Path, standings: Sequence[Standing]) -> None:
    """Replaces the file whole."""
    file = _file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(standings))
    draft.replace(file)


def read(home: Path, now: int) -> list[Standing]:
    """Gives how the accounts stand; nothing when `arus complete` does not run in this home."""
    try:
        told = msgspec.json.decode(_file(home).read_bytes(), type=list[Standing])
    except (FileNotFoundError, msgspec.DecodeError):
        return []
    return [standing for standing in told if now - standing.at < FRESH]


def _file(home: Path) -> Path:
    return home / "run" / "completion.json"
