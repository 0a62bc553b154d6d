"""Showing: how much the archive has of each topic, and up to when."""

from pathlib import Path

from msgspec import Struct

from analytics.archive import parquet, store


class Kept(Struct):
    """One topic in the archive. `until` is the newest record's time."""

    topic: str
    days: int
    first_day: str
    last_day: str
    files: int
    records: int
    bytes: int
    until: int


def kept(archive: Path, topic: str) -> Kept:
    """Counts what is there of a topic."""
    held = store.pieces(archive, topic)
    files = [archive / topic / piece.name for piece in held]
    counts = [parquet.told(file) for file in files]
    days = sorted({piece.day for piece in held}) or [""]
    return Kept(
        topic,
        len({piece.day for piece in held}),
        days[0],
        days[-1],
        len(files),
        sum(records for records, _ in counts),
        sum(file.stat().st_size for file in files),
        max((until for _, until in counts), default=0),
    )
