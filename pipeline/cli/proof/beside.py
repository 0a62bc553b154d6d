"""What counts besides webhooks: what commands led to, what became of each, and what operators say that codes mean."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, cast

import msgspec

from agents.deciding import commands_in
from pipeline import codec
from pipeline.broker import codes
from pipeline.broker.reader import Stored, records
from pipeline.cli.proof.verdict import Verdict, none_of
from pipeline.settings import Kafka
from pipeline.streams.agent import Batch, Record
from schemas.codes import CodeMapped
from schemas.commands import COMMANDS, Answer
from schemas.events import Event
from schemas.registry import EVENTS

COMMANDED = {event for kind in COMMANDS.values() for event in kind.events}
OF_A_COMMAND = b'"topic":"commands"'
"""What stands in the evidence of each event that a command led to."""


class Beside(NamedTuple):
    """Facts that no webhook told."""

    events: Sequence[Event] = ()
    answers: Sequence[Answer] = ()
    meanings: Sequence[CodeMapped] = ()


def beside(kafka: Kafka) -> Beside:
    """Reads them from Kafka."""
    answers = [msgspec.json.decode(record.value or b"", type=Answer) for record in records(kafka, "command.answers")]
    return Beside(list(commanded(partial(records, kafka))), answers, codes.mappings(kafka))


def commanded(read: Callable[[str], Iterable[Stored]]) -> Iterator[Event]:
    """Gives the events that commands led to; `read` gives the records of a topic."""
    for topic in sorted({EVENTS[kind].topic for kind in COMMANDED}):
        for record in read(topic):
            kind = dict(record.headers).get(codec.TYPE, b"")
            if OF_A_COMMAND in (record.value or b"") and kind.decode() in COMMANDED:
                event = codec.decode(kind, record.value or b"")
                if event.evidence.topic == "commands":
                    yield event


def compare_answers(commands: Iterator[Stored], told: Beside) -> Verdict:
    """Says whether each command was answered once, and whether each answer led to its events and to no others."""
    stored = cast("list[Record]", list(commands))  # which it is, but for the kind of sequence of its headers
    asked = {asked.command.command_id for asked in commands_in(Batch("commands", 0, stored))}
    times = Counter(answer.command_id for answer in told.answers)
    promised = {event_id for answer in told.answers for event_id in answer.events}
    led_to = Counter(event.event_id for event in told.events)
    faults = {
        "unanswered": asked - times.keys(),
        "answered again": [one for one, count in times.items() if count > 1],
        "without effect": promised - led_to.keys(),
        "with another's effect": led_to.keys() - promised,
        "done again": [one for one, count in led_to.items() if count > 1],
    }
    return none_of("each command is answered once, and done", len(asked), faults)
