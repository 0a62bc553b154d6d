"""The contracts of our topics for others: JSON Schemas and an AsyncAPI document, generated from the models.

`python -m pipeline.contracts` fails when docs/ is behind the models or when a change would break who reads our
topics; `--write` brings docs/ up to date, unless it would break them.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from pydantic import TypeAdapter

from pipeline.topics import TOPICS
from schemas import codes, commands, corrections, endpoints, facts, letters, notices, sellers, stock
from schemas.registry import EVENTS

Schema = dict[str, Any]

DOCS = Path(__file__).parent.parent / "docs"
STRUCTS = {
    "commands": commands.Command,
    "command.answers": commands.Answer,
    "sellers": sellers.Settings,
    "order.snapshots": facts.Order,
    "order.corrections": corrections.Correction,
    "order.transitions": facts.Transition,
    "anomalies": facts.Anomaly,
    "notices": notices.Notice,
    "endpoints": endpoints.Endpoint,
    "endpoint.wishes": endpoints.Wish,
    "endpoint.standings": endpoints.Standing,
    "endpoint.sendings": endpoints.Sending,
    "stock.movements": stock.Movement,
    "stock.levels": stock.Level,
    "codes": codes.CodeMapped,
    "dead-letters": letters.DeadLetter,
    "dead-letters.redriven": letters.Redriven,
}
"""Topics whose values are one structure each (of dead-letters: the headers); the others carry EVENTS."""


def schemas() -> dict[str, Schema]:
    """Gives the JSON Schema of everything that travels, by the name of its class."""
    events = {kind.shape.__name__: TypeAdapter(kind.shape).json_schema() for kind in EVENTS.values()}
    structs = {shape.__name__: msgspec.json.schema(shape) for shape in STRUCTS.values()}
    structs["Order"]["x-version"] = facts.VERSION
    return dict(sorted({**events, **structs}.items()))


def asyncapi() -> Schema:
    """Gives the AsyncAPI 3 document of our topics."""
    channels = {
        topic.name: {
            "address": topic.name,
            "description": f"{topic.holds}; key = {topic.key}",
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sorted(_messages_on(topic.name))},
        }
        for topic in TOPICS.values()
    }
    messages = {
        name: {"name": name, "contentType": "application/json", "payload": {"$ref": f"schemas/{shape}.json"}}
        for channel in TOPICS
        for name, shape in _messages_on(channel).items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Arus", "version": "1", "description": "Topics of Arus; read them read_committed."},
        "channels": channels,
        "components": {"messages": dict(sorted(messages.items()))},
    }


def _messages_on(topic: str) -> dict[str, str]:
    """Gives message name → class name of a topic. Scans and bindings also travel on `scans`."""
    if topic in STRUCTS:
        name = STRUCTS[topic].__name__
        return {name: name}
    on_scans = {"package_scanned", "shipping_arranged"} if topic == "scans" else set()
    return {name: kind.shape.__name__ for name, kind in EVENTS.items() if kind.topic == topic or name in on_scans}


def breaks(old: Schema, new: Schema, where: str = "") -> Iterator[str]:
    """Tells, a sentence each, why readers of `old` values could not live with `new` ones, or the other way round."""
    old, new = _resolve(old, old), _resolve(new, new)
    if old.get("type") != new.get("type"):
        yield f"{where or 'value'}: type was {old.get('type')}, is {new.get('type')}"
    taken = set(map(str, old.get("enum") or ()))
    if lost := taken - set(map(str, new.get("enum") or taken)):
        yield f"{where}: no longer takes {', '.join(sorted(lost))}"
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before.keys() - after.keys():
        yield f"{where}.{name} is gone"
    for name in set(new.get("required", [])) - set(old.get("required", [])):
        yield f"{where}.{name} is newly required: old values lack it"
    for name in before.keys() & after.keys():
        yield from breaks(
            {**before[name], "$defs": old["$defs"]}, {**after[name], "$defs": new["$defs"]}, f"{where}.{name}"
        )
    for inner in ("items", "additionalProperties"):
        if isinstance(old.get(inner), dict) and isinstance(new.get(inner), dict):
            yield from breaks(
                {**old[inner], "$defs": old["$defs"]}, {**new[inner], "$defs": new["$defs"]}, f"{where}[]"
            )


def outgrows(old: Schema, new: Schema) -> Iterator[str]:
    """Tells, a sentence each, which fields of a state came without a new version: an older worker would lose them."""
    if old.get("x-version", 1) == new.get("x-version", 1):
        for name, shape in new.get("$defs", {}).items():
            fields = shape.get("properties", {}).keys()
            for field in fields - old.get("$defs", {}).get(name, {}).get("properties", {}).keys():
                yield f"{name}.{field} is new: raise facts.VERSION, as an older worker would lose it"


def _resolve(schema: Schema, root: Schema) -> Schema:
    """Follows a `$ref` into `$defs`, which every level carries along."""
    defs = root.get("$defs", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**(defs[name] if name else schema), "$defs": defs}


def _text(document: Schema) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Checks or writes docs/schemas and docs/asyncapi.json."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.contracts", description=__doc__)
    parser.add_argument("--write", action="store_true", help="bring docs/ up to date")
    write = parser.parse_args().write
    wanted = {DOCS / "schemas" / f"{name}.json": schema for name, schema in schemas().items()}
    wanted[DOCS / "asyncapi.json"] = asyncapi()
    problems = []
    for path, document in wanted.items():
        kept = path.read_text() if path.exists() else ""
        if kept and path.parent.name == "schemas":
            why_not = [*breaks(json.loads(kept), document)]
            if path.name == "Order.json":
                why_not += outgrows(json.loads(kept), document)
            problems += [f"{path.name}: {why}" for why in why_not]
        if kept != _text(document) and not write:
            problems.append(f"{path.name} is behind the models: run `python -m pipeline.contracts --write`")
    if problems:
        sys.stderr.write("\n".join(problems) + "\n")
        return 1
    for path, document in wanted.items() if write else ():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
