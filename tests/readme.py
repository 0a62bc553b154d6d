"""The README's tables that repeat code, made from the code. `python -m tests.readme` writes them anew."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.settings import Settings
from pipeline.sources import SOURCES
from pipeline.topics import TOPICS

README = Path(__file__).parent.parent / "README.md"
SECTION = re.compile(r"(<!-- begin (\w+) -->\n)(.*?)(<!-- end \2 -->)", re.DOTALL)


def topics() -> str:
    """Gives the table of TOPICS."""
    rows = [
        f"| `{t.name}` | {t.key} | {t.holds} | {f'{t.keep_days} days' if t.keep_days else 'compacted'} |"
        for t in TOPICS.values()
    ]
    return "\n".join(["| topic | key | holds | kept |", "|---|---|---|---|", *rows])


def sources() -> str:
    """Gives the list of SOURCES."""
    told = ", ".join(f"{source.title} (`{source.id}`)" for source in SOURCES.values())
    untold = ", ".join(source.title for source in SOURCES.values() if source.unconfirmed)
    return (
        f"{told}.\n\nWhat nobody confirms in public of {untold}, `arus sources list` says, and what is done about it."
    )


def settings() -> str:
    """Gives the table of settings by the name that the environment knows."""
    rows = [f"| `{name}` | {default} | {text} |" for name, default, text in _fields(Settings, "ARUS_")]
    return "\n".join(["| setting | default | what |", "|---|---|---|", *rows])


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any, str]]:
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from _fields(type(field.default), f"{prefix}{name.upper()}__")
        elif name not in {"accounts", "cache"}:  # told above; differs from machine to machine
            yield f"{prefix}{name.upper()}", _shown(field), field.description or ""


def _shown(field: FieldInfo) -> str:
    told = str(field.default) if field.default not in (None, ()) else ""
    return f"`{told}`" if told.strip("*") else ""


MADE = {"topics": topics, "sources": sources, "settings": settings}


def made(text: str) -> str:
    """Gives the README with its made sections made anew; other sections stay."""
    return SECTION.sub(lambda m: f"{m[1]}{MADE[m[2]]()}\n{m[4]}" if m[2] in MADE else m[0], text)


if __name__ == "__main__":
    README.write_text(made(README.read_text()))
