"""How JSON is written so that it is none, or none that anybody promised."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Protocol


class Maker(Protocol):
    """Whoever makes bodies: dice, and values to choose from."""

    dice: Random

    def anything(self) -> Any:  # JSON may hold anything
        """Gives some value."""

    def other(self) -> Any:  # JSON may hold anything
        """Gives what some sender sends."""


Shape = Callable[[Maker, Any], bytes]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # JSON
    """Gives the way to each value of some JSON."""
    for step, held in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, step)
        yield from paths(held, (*path, step))


def inner(value: Any, path: tuple[Any, ...]) -> Any:  # JSON may hold anything
    """Gives what lies at the end of a way."""
    for step in path:
        value = value[step]
    return value


def written(value: Any) -> bytes:  # JSON may hold anything
    """Writes JSON as most do; a lone surrogate stays escaped."""
    return json.dumps(value).encode()


def _whole(bodies: Maker, value: Any) -> bytes:  # JSON may hold anything
    dice = bodies.dice
    return json.dumps(value, ensure_ascii=dice.random() < 0.5, indent=dice.choice((None, 1))).encode(
        errors="surrogatepass"
    )


def _cut(bodies: Maker, value: Any) -> bytes:
    raw = written(value)
    return raw[: bodies.dice.randrange(len(raw) + 1)]


def _flipped(bodies: Maker, value: Any) -> bytes:
    raw = bytearray(written(value))
    for _ in range(bodies.dice.randrange(1, 4)):
        raw[bodies.dice.randrange(len(raw))] = bodies.dice.randrange(256)
    return bytes(raw)


def _encoded(bodies: Maker, value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False)
    return text.encode(bodies.dice.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-7")), errors="ignore")


def _nested(bodies: Maker, value: Any) -> bytes:
    depth = bodies.dice.choice((100, 2_000, 100_000))
    left, right = bodies.dice.choice(((b"[", b"]"), (b'{"data":', b"}")))
    return left * depth + written(value) + right * depth


def _deep(bodies: Maker, value: Any) -> bytes:
    """One value of the body is a tower, which readers of JSON take."""
    ways = [path for path in paths(value) if isinstance(inner(value, path[:-1]), dict)]
    if not ways:
        return written(value)
    copy, path = json.loads(json.dumps(value)), bodies.dice.choice(ways)
    inner(copy, path[:-1])[path[-1]] = "<tower>"
    depth = bodies.dice.choice((50, 500, 900))
    return written(copy).replace(b'"<tower>"', b"[" * depth + b"]" * depth)


def _doubled(bodies: Maker, value: Any) -> bytes:
    """Each name is there twice, with two values."""
    if not isinstance(value, dict):
        return written(value)
    again = ", ".join(f"{json.dumps(name)}: {json.dumps(bodies.anything())}" for name in value)
    return f"{json.dumps(value)[:-1]}, {again}}}".encode() if value else b"{}"


def _another_s(bodies: Maker, value: Any) -> bytes:
    del value
    return written(bodies.other())


def _padded(bodies: Maker, value: Any) -> bytes:
    before, after = (bodies.dice.choice((b"", b" \n", b"\x00", b"\xef\xbb\xbf", b"garbage", b"{}")) for _ in range(2))
    return before + written(value) + after


def _noise(bodies: Maker, value: Any) -> bytes:
    del value
    return bodies.dice.randbytes(bodies.dice.randrange(60))


def _large(bodies: Maker, value: Any) -> bytes:
    return written(value) + b" " * bodies.dice.choice((70_000, 1_100_000))


SHAPES: tuple[Shape, ...] = (
    _whole,
    _cut,
    _flipped,
    _encoded,
    _nested,
    _deep,
    _doubled,
    _another_s,
    _padded,
    _noise,
    _large,
)
WEIGHTS = (60, 6, 6, 4, 2, 4, 4, 6, 4, 3, 0.2)
