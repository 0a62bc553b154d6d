"""Where a value lies in a body: `status.code`, `history[0].at`, `$.data.awb`; `rows[*]` is each thing of a list.

`$` is the body; without it a path begins at the row, where the body has rows, else at the body too.
"""

import re
from typing import Any, NamedTuple

_STEP = re.compile(r"(?:(?:^|\.)([^.\[\]$\s]+))|\[(\*|-?\d{1,6})\]")
EACH = "*"


class Path(NamedTuple):
    """The steps from the body, or from a row: names, places in a list, or `*` for each."""

    text: str
    steps: tuple[str | int, ...]
    from_body: bool


def parse(text: str) -> Path:
    """Reads a path. Raises ValueError when it is none."""
    rest = text.removeprefix("$")
    steps: list[str | int] = []
    at = 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None:
            break
        name, place = found.groups()
        steps.append(name or (EACH if place == EACH else int(place)))
        at = found.end()
    if at < len(rest) or not text:
        raise ValueError(f"{text!r} is no path, such as $.data.awb, status.code or history[0].at")
    return Path(text, tuple(steps), text.startswith("$"))


def find(value: Any, path: Path) -> Any:  # noqa: ANN401  # JSON may hold anything
    """Gives what lies there, or None."""
    for step in path.steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def each(value: Any, path: Path) -> list[Any] | None:  # noqa: ANN401  # JSON may hold anything
    """Gives each thing that lies there, `*` being any place of a list; None when that is no list."""
    found = [value]
    for step in path.steps:
        if step == EACH:
            if not all(isinstance(one, list) for one in found):
                return None
            found = [thing for one in found for thing in one]
        else:
            found = [find(one, Path("", (step,), from_body=False)) for one in found]
    return found
