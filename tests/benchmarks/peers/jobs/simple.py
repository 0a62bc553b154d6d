"""The simple job, as every peer in Python does it: count each event in its order's state, and tell which one it was.

The peers' own environments hold msgspec and not Arus, so nothing of ours may be imported here; the run's names and
places come by the environment.
"""

import os
from typing import NamedTuple

import msgspec


class Run(NamedTuple):
    """What one run was told: the broker, the topics, a name that no other run has, and a folder of its own."""

    kafka: str
    input: str
    output: str
    changelog: str
    name: str
    home: str
    commit_seconds: float


def given() -> Run:
    """Reads what this run was told."""
    names = ("KAFKA", "INPUT", "OUTPUT", "CHANGELOG", "RUN", "HOME")
    texts = [os.environ[f"PEER_{name}"] for name in names]
    return Run(*texts, commit_seconds=int(os.environ["PEER_COMMIT_MS"]) / 1_000)


class Event(msgspec.Struct):
    """What the job reads of an event; the rest of its fields is skipped, in Java too."""

    order_id: str
    type: str


class State(msgspec.Struct):
    """What is known of an order: how many events, and its last status."""

    n: int = 0
    status: str = ""


class Told(msgspec.Struct):
    """The output for one event: the how many-th of its order it was, and what it changed."""

    order_id: str
    n: int
    was: str
    status: str


encode = msgspec.json.Encoder().encode
read_event = msgspec.json.Decoder(Event).decode
read_state = msgspec.json.Decoder(State).decode


def fold(state: State, event: Event) -> Told:
    """Takes an event into its order's state."""
    state.n += 1
    was, state.status = state.status, event.type
    return Told(event.order_id, state.n, was, event.type)


def fold_raw(state: bytes | None, event: bytes) -> tuple[bytes, bytes]:
    """Does the same for stores that keep bytes; gives the new state and the output."""
    known = read_state(state) if state else State()
    told = fold(known, read_event(event))
    return encode(known), encode(told)
