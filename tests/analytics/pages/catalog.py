"""Collects every text that pages say, from templates and code, for the tests of the catalogs."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract
from jinja2.ext import babel_extract

import analytics.pages

ROOT = Path(analytics.pages.__file__).parent
PYTHON_KEYWORDS = {"mark": None, "mark_plural": (1, 2), "text": None, "plural": (1, 2)}
TEMPLATE_KEYWORDS = ("_", "gettext", "ngettext")

Message = str | tuple[str, str]


def messages() -> set[Message]:
    """Gives every text, those with a plural as both forms."""
    return {_whole(found) for found in (*_in_templates(), *_in_code())}


def _whole(found: str | tuple[str, ...]) -> Message:
    return found if isinstance(found, str) else found[0] if len(found) == 1 else (found[0], found[1])


def _in_templates() -> Iterator[str | tuple[str, ...]]:
    options = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "silent": "false"}
    for path in sorted(ROOT.rglob("*.html")):
        with path.open("rb") as file:
            for _, _, message, _ in babel_extract(file, TEMPLATE_KEYWORDS, [], options):
                found = tuple(part for part in message if part) if isinstance(message, tuple) else message
                if found:  # what is looked up by a value has no text here
                    yield found


def _in_code() -> Iterator[str | tuple[str, ...]]:
    for path in sorted(ROOT.rglob("*.py")):
        with path.open("rb") as file:
            for _, message, _, _ in extract("python", file, PYTHON_KEYWORDS):
                yield message
