"""How far Kafka may be told that we are: any record where a process is killed is a place to go on from."""

from hypothesis import given
from hypothesis import strategies as st

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
