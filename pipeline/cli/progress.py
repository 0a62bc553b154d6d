"""How long work is shown: a line that moves on a terminal, a line per step elsewhere."""

import re
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.cli.output import console

if TYPE_CHECKING:
    import rich.progress
    from rich.console import Console

MARKS = {"warning": "[yellow]![/]", "error": "[red]✗[/]", "critical": "[red]✗[/]"}

QUIET_SECONDS = 5.0
"""Where no line can move, numbers alone are told this seldom."""


class Progress:
    """Shows what is being done and how far it is; the words of processes appear above it."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = console(stderr=True)
        self._quiet, self._last, self._told_at = quiet, "", 0.0
        self._bar = None if quiet or not sys.stderr.isatty() else _bar(self._console)
        self._task = self._bar.add_task("", total=None) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.done()

    def say(self, level: str, text: str) -> None:
        """Shows a line if it is at least a warning."""
        if level in MARKS:
            from rich.markup import escape

            self._console.print(f"{MARKS[level]} {escape(text)}", soft_wrap=True)

    def progress(self, done: int, total: int, text: str) -> None:
        """Shows how far the present work is."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total or None, description=text)
        elif not self._quiet and self._is_news(text):
            self._console.print(text, markup=False)

    def _is_news(self, text: str) -> bool:
        """Tells whether a line is worth reading in a log: other words, or other numbers after a while."""
        words, now = re.sub(r"\d", "", text), time.monotonic()
        if words == self._last and now - self._told_at < QUIET_SECONDS:
            return False
        self._last, self._told_at = words, now
        return True

    def done(self) -> None:
        """Takes the moving line away."""
        if self._bar:
            self._bar.stop()
            self._bar = None


def _bar(target: "Console") -> "rich.progress.Progress":
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    return Progress(*columns, console=target, transient=True)
