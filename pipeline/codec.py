"""Events to bytes and back: one definition, two speeds.

Intake builds and validates pydantic dataclasses. Inside the stream the same fields are read into msgspec structs that
are derived from them here: half the time of decoding the dataclass, and fields that say nothing new are not written.
"""

import dataclasses
import typing
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

import msgspec

from pipeline.stopping import MustStop
from schemas.events import Event
from schemas.registry import EVENTS

TYPE = "type"
"""The record header that names an event's type; it picks the decoder, as structs of one union would need tags."""

encode: Callable[[object], bytes] = msgspec.json.Encoder(order="deterministic").encode
"""Writes any of our values as JSON; the same value always gives the same bytes."""


class TooNew(MustStop):
    """A newer Arus wrote this: what it added would be lost here."""

    def __init__(self, what: str, version: int, known: int) -> None:
        super().__init__(
            f"{what} is of version {version}, and this Arus knows up to {known}: a newer one wrote it, start that one"
        )


class Versioned(Protocol):
    """A row that tells by which version it was written; one that tells none is of the first."""

    version: int


Row = TypeVar("Row", bound=Versioned)


def reader(shape: type[Row], known: int, upgrade: Callable[[Row], None] | None = None) -> Callable[[bytes], Row]:
    """Gives a decoder of a table's rows; `upgrade` mends what an older version wrote. It raises TooNew."""
    decode_row = msgspec.json.Decoder(shape).decode

    def read(value: bytes) -> Row:
        row = decode_row(value)
        if row.version != known:
            if row.version > known:
                raise TooNew(f"a row ({shape.__name__})", row.version, known)
            if upgrade:
                upgrade(row)
        return row

    return read


_TWINS: dict[type, type[msgspec.Struct]] = {}


def twin(shape: type) -> type[msgspec.Struct]:
    """Gives the struct with the fields of a dataclass of ours; defaults are left out when it is written."""
    if shape not in _TWINS:
        hints = typing.get_type_hints(shape)
        given = [(f.name, _with_twins(hints[f.name]), f.default) for f in dataclasses.fields(shape)]
        fields = [field[:2] if field[2] is dataclasses.MISSING else field for field in given]
        _TWINS[shape] = msgspec.defstruct(
            shape.__name__, fields, kw_only=True, frozen=True, omit_defaults=True, gc=False, module=__name__
        )
    return _TWINS[shape]


def _with_twins(hint: Any) -> Any:  # noqa: ANN401  # a type hint is any object
    """Puts twins in the place of our dataclasses: alone, or as the items of a tuple."""
    if typing.get_origin(hint) is tuple:
        return tuple[tuple(_with_twins(item) for item in typing.get_args(hint))]  # type: ignore[misc]
    return twin(hint) if isinstance(hint, type) and dataclasses.is_dataclass(hint) else hint


DECODERS: dict[bytes, Callable[[bytes], Event]] = {
    kind.encode(): cast("Callable[[bytes], Event]", msgspec.json.Decoder(twin(entry.shape)).decode)
    for kind, entry in EVENTS.items()
}
"""Type → decoder. What it gives has the fields of the type's shape, and is frozen like it."""


def encode_event(event: Event) -> bytes:
    """Writes an event without the fields that say nothing new: a third fewer bytes on every later hop."""
    struct = (
        event if isinstance(event, msgspec.Struct) else msgspec.convert(event, twin(type(event)), from_attributes=True)
    )
    return encode(struct)


def headers(event: Event) -> list[tuple[str, bytes]]:
    """Gives the record headers of an event."""
    return [(TYPE, event.type.encode())]


def decode(kind: bytes, value: bytes) -> Event:
    """Reads an event. Raises KeyError on a type that EVENTS does not know, msgspec.MsgspecError on a bad value."""
    return DECODERS[kind](value)
