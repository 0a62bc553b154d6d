"""Deciding: a command is judged against the order as it stands, once; what it leads to goes where such events go.

Two topics have no order between them, so a command that is read again could be judged otherwise. What became of it is
therefore a fact of the order (`answers`), told on `command.answers` and read from there like any other fact. Whoever
lets tracking read all facts anew leaves its place in `commands` where it is.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from agents.rules.commands import events_of, judge
from agents.rules.commands.saying import Refused
from pipeline.streams.agent import Batch, Record
from schemas.commands import COMMANDS, Answer, Command
from schemas.events import Event, Evidence
from schemas.facts import Order

_command = msgspec.json.Decoder(Command).decode
_answer = msgspec.json.Decoder(Answer).decode


class Asked:
    """A command that can be judged: who asks what, and where it lies."""

    __slots__ = ("command", "payload", "record")

    def __init__(self, command: Command, payload: Any, record: Record) -> None:  # noqa: ANN401  # of the command's shape
        self.command, self.payload, self.record = command, payload, record


def commands_in(batch: Batch) -> Iterator[Asked]:
    """Gives each command of a batch; what is none is buried."""
    for record, command in batch.read(_command):
        if command.name not in COMMANDS:
            batch.bury(record, "unknown_command", f"no command {command.name!r}")
            continue
        try:
            payload: Any = msgspec.convert(command.payload, COMMANDS[command.name].shape)
        except (msgspec.ValidationError, ValueError) as error:
            batch.bury(record, "undecodable", str(error))
            continue
        if _belongs(batch, record, command):
            yield Asked(command, payload, record)


def answers_in(batch: Batch) -> Iterator[Answer]:
    """Gives each answer of a batch; what is none is buried."""
    for record, answer in batch.read(_answer):
        if _belongs(batch, record, answer):
            yield answer


def _belongs(batch: Batch, record: Record, told: Command | Answer) -> bool:
    if told.order_id.encode() == record.key:
        return True
    batch.bury(record, "wrong_key", f"a command to order {told.order_id!r} under key {record.key!r}")
    return False


def decide(order: Order, asked: Asked, batch: Batch) -> tuple[Answer, list[Event]]:
    """Judges a command: gives the answer, its `status` still open, and the events that it leads to."""
    command, record = asked.command, asked.record
    answer = Answer(
        command_id=command.command_id,
        order_id=command.order_id,
        name=command.name,
        by=command.by,
        who=command.who,
        matter=command.matter,
        asked_at=command.asked_at,
        decided_at=batch.now,
    )
    try:
        told = judge(order, command, asked.payload, batch.now)
    except Refused as refused:
        answer.refused, answer.values = refused.rule, refused.values
        return answer, []
    evidence = Evidence("commands", batch.partition, record.offset, record.timestamp)
    events = events_of(order, command, told, evidence)
    answer.events = [event.event_id for event in events]
    return answer, events
