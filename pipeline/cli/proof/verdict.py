"""What a proof says: one thing that must hold, and whether it does."""

from collections.abc import Collection
from typing import NamedTuple


class Verdict(NamedTuple):
    """One thing that must hold, and whether it does."""

    what: str
    holds: bool
    detail: str


def none_of(what: str, all_: int, faults: dict[str, Collection[str]]) -> Verdict:
    """Says that of so many things none is at fault, or how many are: `faults` is word → those that are."""
    told = [f"{all_:,}", *(f"{len(some):,} {word}{_some(some)}" for word, some in faults.items())]
    return Verdict(what, not any(faults.values()), ", ".join(told))


def _some(names: Collection[str]) -> str:
    return f" ({', '.join(sorted(names)[:3])})" if names else ""
