"""Bodies that senders never promised: what they do send, with anything in any place, cut off, bent, or another's."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pipeline.sources import SOURCES
from pipeline.sources.trying import fill
from schemas.registry import EVENTS
from tests.fuzz.shapes import SHAPES, WEIGHTS, inner, paths, written

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
