"""Running an agent without a broker: as tests do, and record by record when something raises."""

import msgspec
import pytest

from pipeline.streams import testing
from pipeline.streams.agent import Batch, Message, Table, agent
from pipeline.streams.state.rows import PartitionRows
from pipeline.streams.state.stores import MemoryStore
from pipeline.streams.testing import Given
from pipeline.streams.work import running

SUMS = Table("sums", changelog="sums.log", decode=msgspec.json.decode, encode=msgspec.json.encode)


@agent("numbers", table=SUMS)
def add(batch, sums):
    """Adds up; 13 raises after the sum was touched, and what is no number is buried."""
    for record in batch:
        if not record.value.isdigit():
            batch.bury(record, "no_number", "it should be digits")
            continue
        total = (sums.get(record.key) or 0) + int(record.value)
        sums.put(record.key, total)
        if record.value == b"13":
            raise ValueError("unlucky")
        yield Message("totals", record.key, b"%d" % total)


def test_an_agent_is_tested_with_records_and_rows_alone():
    """Messages, the rows afterwards and what was buried come back."""
    outcome = testing.run(add, [Given(b"a", b"1"), Given(b"b", b"x"), Given(b"a", b"2")], rows={b"a": 4})
    assert outcome.messages == [Message("totals", b"a", b"5"), Message("totals", b"a", b"7")]
    assert outcome.rows == {b"a": 7}
    assert [(b.record.value, b.cause, b.record.offset) for b in outcome.buried] == [(b"x", "no_number", 1)]


def test_an_agent_without_a_table_is_given_the_batch_alone():
    """No table, no rows."""

    @agent("numbers")
    def double(batch):
        """Doubles."""
        return [Message("doubled", record.key, record.value * 2) for record in batch]

    assert testing.run(double, [Given(b"a", b"1")]).messages == [Message("doubled", b"a", b"11")]


def test_a_row_changed_but_not_put_fails_the_test():
    """It would look right in this batch and be gone in the next one."""
    lists = Table("lists", changelog="lists.log", decode=msgspec.json.decode, encode=msgspec.json.encode)

    @agent("numbers", table=lists)
    def forgetful(batch, rows):
        """Changes a row and does not put it."""
        for record in batch:
            rows.get(record.key).append(1)
        return []

    with pytest.raises(AssertionError, match="changed but not put"):
        testing.run(forgetful, [Given(b"a", b"")], rows={b"a": []})


def rows_of(**given: int) -> PartitionRows[int]:
    store = MemoryStore()
    store.write({key.encode(): b"%d" % value for key, value in given.items()}, 0)
    return PartitionRows(SUMS, store)


def test_record_by_record_only_those_that_raise_are_buried():
    """The others pass, in order, and the one that raised leaves no trace in the rows."""
    batch = Batch("numbers", 0, [Given(b"a", value) for value in (b"1", b"13", b"y", b"2")])
    rows = rows_of(a=10)
    messages = list(running.one_by_one(add, batch, rows))
    assert [message.value for message in messages] == [b"11", b"13"]
    assert rows.changes() == {b"a": b"13"}
    assert [(b.record.value, b.cause) for b in batch.buried] == [(b"13", "ValueError"), (b"y", "no_number")]


def test_a_buried_record_says_what_was_raised_and_where():
    """The detail of a dead letter leads to the line."""
    batch = Batch("numbers", 0, [Given(b"a", b"13")])
    list(running.one_by_one(add, batch, rows_of()))
    assert batch.buried[0].detail.startswith("unlucky (test_running.py:")
    assert batch.buried[0].detail.endswith("in add)")


def test_record_by_record_what_does_not_fit_a_topic_is_buried(monkeypatch):
    """A message or a row that Kafka would refuse is the fault of its record alone."""
    monkeypatch.setattr(running, "MOST_BYTES", 3)
    batch = Batch("numbers", 0, [Given(b"a", b"1"), Given(b"a", b"100000"), Given(b"b", b"2")])
    messages = list(running.one_by_one(add, batch, rows_of()))
    assert [message.value for message in messages] == [b"1", b"2"]
    assert [b.cause for b in batch.buried] == ["TooLarge"]


def test_splitting_a_batch_changes_nothing():
    """What an agent does with a whole batch it does record by record."""
    records = [Given(b"ab"[i % 2 : i % 2 + 1], b"%d" % i) for i in range(9)]
    whole, parts = rows_of(), rows_of()
    at_once = list(running.whole(add, Batch("numbers", 0, records), whole))
    assert list(running.one_by_one(add, Batch("numbers", 0, records), parts)) == at_once
    assert parts.changes() == whole.changes()
