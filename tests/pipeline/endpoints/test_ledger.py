"""How far Kafka may be told that we are: any record where a process is killed is a place to go on from."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.endpoints import ledger as ledger_module
from pipeline.endpoints.ledger import Ledger
from schemas.endpoints import Sending
from schemas.notices import Notice

NOTICE = Notice("n", "seller:kios", "shipped", "o", 0, "e")
RECORDS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(("waiting", "delivered", "failed", "missed"))))


def read(records, start=0):
    ledger = Ledger()
    for offset in range(start, len(records)):
        name, state = records[offset]
        ledger.note(offset, Sending(name, "kios", NOTICE, state, asked_by=("notices", offset)))
    return ledger


@given(records=RECORDS)
def test_whoever_goes_on_from_the_position_finds_all_that_waits(records):
    """Read from there, the same messages wait as when all is read."""
    whole = read(records)
    waiting = {sending.sending_id for sending in whole.begin()}
    position = whole.position()
    if not records:
        assert position is None
        return
    rest = read(records, position)
    assert {sending.sending_id for sending in rest.begin()} == waiting
    assert waiting or position == len(records)


def test_nothing_is_told_while_it_is_behind():
    """What was not read yet may wait."""
    ledger = read([("a", "delivered")])
    assert ledger.position() is None
    ledger.begin()
    assert ledger.position() == 1


def test_a_record_of_which_a_message_was_made_is_known_once():
    """By topic and offset; what came after it began is nobody's to ask."""
    ledger = read([("a", "waiting")])
    ledger.begin()
    ledger.note(1, Sending("b", "kios", NOTICE, asked_by=("notices", 7)))
    assert ledger.has_made("notices", 0)
    assert not ledger.has_made("notices", 0)
    assert not ledger.has_made("endpoint.wishes", 0)
    assert not ledger.has_made("notices", 7)


def test_a_process_that_was_frozen_unsettles_nothing():
    """It says 'waiting' of what another one settled meanwhile; asked for anew, by a wish, it does wait."""
    ledger, late = Ledger(), Sending("a", "kios", NOTICE, "waiting", asked_by=("notices", 0))
    for offset, state in enumerate(("waiting", "delivered", "waiting")):
        ledger.note(offset, msgspec.structs.replace(late, state=state))
    assert ledger.begin() == []
    assert ledger.position() == 3
    ledger.note(3, msgspec.structs.replace(late, asked_by=("endpoint.wishes", 0)))
    assert ledger.position() == 3
    ledger.note(4, msgspec.structs.replace(late, state="delivered", asked_by=("endpoint.wishes", 0)))
    assert ledger.position() == 5


def test_of_settled_messages_the_late_ones_are_remembered(monkeypatch):
    """And no more of them than that: a process that runs for months keeps no list of all."""
    monkeypatch.setattr(ledger_module, "REMEMBERED", 2)
    ledger = read([(name, "delivered") for name in "abcd"])
    assert list(ledger._settled) == ["c", "d"]
