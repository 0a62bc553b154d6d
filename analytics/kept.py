"""Answers that cost much and change little: asked for once in a while, however many look."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Asker = TypeVar("Asker")
T = TypeVar("T")


class Kept(Generic[Asker, T]):
    """An answer that is good for so many milliseconds."""

    def __init__(self, find: Callable[[Asker, int], T], good_for: int) -> None:
        self._find, self._good_for = find, good_for
        self._found: tuple[int, T] | None = None
        self._lock = threading.Lock()

    def at(self, now: int, asker: Asker) -> T:
        """Gives the answer, asked anew if it is too old."""
        with self._lock:
            if self._found is None or not 0 <= now - self._found[0] < self._good_for:
                self._found = now, self._find(asker, now)
            return self._found[1]
