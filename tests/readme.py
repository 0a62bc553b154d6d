"""Tables that repeat code, in the README and in docs, made from the code. `python -m tests.readme` writes them anew."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.settings import Settings
from pipeline.sources import SOURCES
from pipeline.sources.generic.description import Description, Fields, Proof
from pipeline.topics import TOPICS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = (README, ROOT / "docs" / "settings.md", ROOT / "docs" / "generic-sender.md")
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


def generic() -> str:
    """Gives what an account of the generic sender may say."""
    parts: dict[str, type[BaseModel]] = {"": Description, "proof.": Proof, "fields.": Fields}
    rows = [
        f"| `{prefix}{name}` | {_choices(field)} | {field.description} |"
        for prefix, part in parts.items()
        for name, field in part.model_fields.items()
        if field.description
    ]
    return "\n".join(["| key | value | what |", "|---|---|---|", *rows])


def _choices(field: FieldInfo) -> str:
    told = [f"`{choice}`" for choice in get_args(field.annotation) if isinstance(choice, str)]
    return ", ".join(told) or ("needed" if field.is_required() else _shown(field))


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any, str]]:
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from _fields(type(field.default), f"{prefix}{name.upper()}__")
        elif name not in {"accounts", "policies", "cache"}:  # told beside it; differs from machine to machine
            yield f"{prefix}{name.upper()}", _shown(field), field.description or ""


def _shown(field: FieldInfo) -> str:
    told = str(field.default) if field.default not in (None, ()) else ""
    return f"`{told}`" if told.strip("*") else ""


MADE = {"topics": topics, "sources": sources, "settings": settings, "generic": generic}


def made(text: str) -> str:
    """Gives a page with its made sections made anew; other sections stay."""
    return SECTION.sub(lambda m: f"{m[1]}{MADE[m[2]]()}\n{m[4]}" if m[2] in MADE else m[0], text)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(made(page.read_text()))
