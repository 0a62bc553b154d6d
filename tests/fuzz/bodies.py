"""Bodies that senders never promised: what they do send, with anything in any place, cut off, bent, or another's."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pipeline.sources import SOURCES
from pipeline.sources.trying import fill
from schemas.registry import EVENTS

SAMPLES = Path(__file__).parents[1] / "pipeline" / "sources" / "samples"
WORDS = sorted({word for source in SOURCES.values() for table in source.tables.values() for word in table} | {*EVENTS})
ODD = (
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**30,
    1.5,
    -0.0,
    1e308,
    1e-320,
    float("nan"),
    float("inf"),
    "",
    " ",
    "0",
    "-1",
    "null",
    "1e999999",
    "9" * 5_000,
    "a" * 201,
    "\x00",
    "\u202e\ufeff\u2028",
    "\ud800",
    "😀" * 300,
    "1,234.56",
    "Rp 10.000",
    "0001-01-01",
    "9999-12-31T23:59:59-12:00",
    "2026-02-30T00:00:00Z",
    "tiktok_shop:1",
    "../../etc",
    "' or 1=1 --",
    "<script>",
    [],
    {},
    [[]],
    [None],
    {"": {}},
)
"""Values that have broken somebody before."""
TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "application/cloudevents+json",
    "application/cloudevents-batch+json; charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
    "\xff\xfe",
)

NOW = 1_800_000_000_000
"""The instant of all that is told, and of the gateway's clock."""

Shape = Callable[["Bodies", Any], bytes]


def samples() -> dict[str, list[Any]]:
    """Gives what each sender is known to send, as JSON values."""
    found: dict[str, list[Any]] = {
        name: [json.loads(fill(source.sample, "1", NOW))] for name, source in SOURCES.items()
    }
    for file in sorted(SAMPLES.glob("*/*.json")):
        if file.parent.name in found:
            found[file.parent.name].append(json.loads(file.read_bytes()))
    found["svix"] += found["standard_webhooks"]
    return found


class Bodies:
    """Makes bodies for one sender; the same seed makes the same ones."""

    def __init__(self, source: str, seed: str, known: dict[str, list[Any]]) -> None:
        self.dice = Random(f"{seed}/{source}")
        self._known, self._others = known[source], [value for name in sorted(known) for value in known[name]]
        steps = {step for value in self._known for path in paths(value) for step in path}
        self._names = sorted(step for step in steps if isinstance(step, str))

    def make(self, number: int) -> Iterator[bytes]:
        """Gives so many bodies; the first are what the sender itself sends."""
        for value in self._known[:number]:
            yield written(value)
        for _ in range(number - len(self._known)):
            shape = self.dice.choices(SHAPES, WEIGHTS)[0]
            value = self.dice.choice(self._known)
            for _ in range(self.dice.choice((1, 1, 1, 2, 3, 6))):
                value = self.changed(value)
            yield shape(self, value)

    def changed(self, value: Any) -> Any:  # JSON may hold anything
        """Gives the value with one thing in it replaced, taken away, added, moved or repeated."""
        copy = json.loads(json.dumps(value))
        ways = list(paths(copy))
        if not ways:
            return self.anything()
        path = self.dice.choice(ways)
        inside = inner(copy, path[:-1])
        match self.dice.randrange(6):
            case 0 | 1:
                inside[path[-1]] = self.anything()
            case 2:
                del inside[path[-1]]
            case 3:
                inside[path[-1]] = json.loads(json.dumps(inner(copy, self.dice.choice(ways))))
            case 4 if isinstance(inside, dict):
                inside[self.dice.choice(self._names) if self.dice.random() < 0.7 else "\u0000new"] = self.anything()
            case _ if isinstance(inside, list):
                inside.extend(inside[:20] * self.dice.choice((1, 5)))
            case _:
                inside[path[-1]] = str(inside[path[-1]])
        return copy

    def anything(self) -> Any:  # JSON may hold anything
        """Gives some value: an odd one, a word of some sender's tables, an instant, or a piece of another body."""
        match self.dice.randrange(8):
            case 0 | 1 | 2:
                return self.dice.choice(ODD)
            case 3:
                return self.dice.choice(WORDS)
            case 4:
                return self.dice.choice((1, 1_000)) * self.dice.randrange(-(10**9), 10**10)
            case 5:
                return {name: self.dice.choice(ODD) for name in self.dice.sample(self._names, min(3, len(self._names)))}
            case 6:
                other = self.dice.choice(self._others)
                ways = list(paths(other))
                return inner(other, self.dice.choice(ways)) if ways else other
            case _:
                return [self.dice.choice(ODD) for _ in range(self.dice.randrange(4))]

    def headers(self, kept: Sequence[str]) -> dict[str, str]:
        """Gives headers that nobody proves: a type of content, and those that this sender's deliveries keep."""
        told = {"content-type": self.dice.choice(TYPES[:1] * 4 + TYPES)}
        for name in kept:
            if self.dice.random() < 0.5:
                told[name] = self.dice.choice((*WORDS, "", "\xff", "a" * 600, "1", "orders/create", "1.0", "2026-01"))
        return told

    def other(self) -> Any:  # JSON may hold anything
        """Gives what some sender sends."""
        return self.dice.choice(self._others)


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


def _whole(bodies: Bodies, value: Any) -> bytes:  # JSON may hold anything
    dice = bodies.dice
    return json.dumps(value, ensure_ascii=dice.random() < 0.5, indent=dice.choice((None, 1))).encode(
        errors="surrogatepass"
    )


def _cut(bodies: Bodies, value: Any) -> bytes:
    raw = written(value)
    return raw[: bodies.dice.randrange(len(raw) + 1)]


def _flipped(bodies: Bodies, value: Any) -> bytes:
    raw = bytearray(written(value))
    for _ in range(bodies.dice.randrange(1, 4)):
        raw[bodies.dice.randrange(len(raw))] = bodies.dice.randrange(256)
    return bytes(raw)


def _encoded(bodies: Bodies, value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False)
    return text.encode(bodies.dice.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-7")), errors="ignore")


def _nested(bodies: Bodies, value: Any) -> bytes:
    depth = bodies.dice.choice((100, 2_000, 100_000))
    left, right = bodies.dice.choice(((b"[", b"]"), (b'{"data":', b"}")))
    return left * depth + written(value) + right * depth


def _deep(bodies: Bodies, value: Any) -> bytes:
    """One value of the body is a tower, which readers of JSON take."""
    ways = [path for path in paths(value) if isinstance(inner(value, path[:-1]), dict)]
    if not ways:
        return written(value)
    copy, path = json.loads(json.dumps(value)), bodies.dice.choice(ways)
    inner(copy, path[:-1])[path[-1]] = "<tower>"
    depth = bodies.dice.choice((50, 500, 900))
    return written(copy).replace(b'"<tower>"', b"[" * depth + b"]" * depth)


def _doubled(bodies: Bodies, value: Any) -> bytes:
    """Each name is there twice, with two values."""
    if not isinstance(value, dict):
        return written(value)
    again = ", ".join(f"{json.dumps(name)}: {json.dumps(bodies.anything())}" for name in value)
    return f"{json.dumps(value)[:-1]}, {again}}}".encode() if value else b"{}"


def _another_s(bodies: Bodies, value: Any) -> bytes:
    del value
    return written(bodies.other())


def _padded(bodies: Bodies, value: Any) -> bytes:
    before, after = (bodies.dice.choice((b"", b" \n", b"\x00", b"\xef\xbb\xbf", b"garbage", b"{}")) for _ in range(2))
    return before + written(value) + after


def _noise(bodies: Bodies, value: Any) -> bytes:
    del value
    return bodies.dice.randbytes(bodies.dice.randrange(60))


def _large(bodies: Bodies, value: Any) -> bytes:
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
