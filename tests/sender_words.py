"""Words of the pages of docs/senders: where a sender is described, how it proves itself, what an account is."""

import sys
from collections.abc import Callable, Iterator, Mapping
from string import digits
from types import ModuleType
from typing import Any

from pipeline.sources import Source
from pipeline.sources.proofs import Either, Hashed, InAddress
from pipeline.sources.signatures import Hmac
from pipeline.sources.source import Scheme
from schemas.times import HOUR, MINUTE, SECOND


def module_of(source: Source) -> ModuleType:
    """Gives the module that holds all that is known of a sender."""
    return next(
        module
        for name, module in sys.modules.items()
        if name.startswith("pipeline.sources.") and getattr(module, "SOURCE", None) is source
    )


def doors(source: Source) -> str:
    """Gives the path of its account in the pages' examples."""
    return f"/webhooks/{source.words[-1]}/toko-melati"


def proofs(scheme: Scheme) -> Iterator[str]:
    """Says how a sender proves itself, a sentence for each way that it has."""
    if isinstance(scheme, Either):
        yield from proofs(scheme.first)
        yield from proofs(scheme.other)
        return
    told = " ".join((type(scheme).__doc__ or "").split("\n")[0].split())
    if isinstance(scheme, InAddress):
        told = told.replace("?token=", f"?{scheme.name}=")
    if isinstance(scheme, Hmac):
        told = f"HMAC-SHA256 of {_what(scheme.message)}, {_what(scheme.write)}."
    if isinstance(scheme, Hashed):
        told = f"{_what(scheme.proof)}."
    headers = ", ".join(f"`{header}`" for header in scheme.headers)
    yield f"{headers}: {told}" if headers else told


def _what(function: Callable[..., object]) -> str:
    """Gives what a function gives, as its docstring says."""
    return (function.__doc__ or "").removeprefix("Gives ").removeprefix("Writes a digest ").rstrip(".")


def toml(source: Source) -> Iterator[str]:
    """Gives an account of this sender as it stands in arus.toml."""
    said: dict[str, Any] = {"source": source.id, "name": "toko-melati"}
    if not source.keys:
        said["secrets"] = [f"env:{source.id.upper().lstrip(digits)}_SECRET"]
    said["seller"] = "toko-melati"
    if source.orders_by == "nobody":
        said["orders"] = "toko"
    said.update(source.example)
    yield "[[accounts]]"
    yield from (f"{name} = {_value(value)}" for name, value in said.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return f'"{value}"'


def span(seconds: int) -> str:
    """Writes a time of waiting as people say it."""
    for unit, name in ((HOUR // SECOND, "h"), (MINUTE // SECOND, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"
