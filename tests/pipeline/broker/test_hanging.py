"""Hanging transactions are found, and ended as it was decided; a Kafka that we end leaves none behind."""

import time

import pytest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest

from pipeline.broker import admin
from pipeline.broker.clients import client_options
from pipeline.broker.hanging import LOG, Decision, Hanging, _decided, end, hanging, mend, read_decision, warning
from pipeline.broker.reader import records
from pipeline.settings import Kafka
from pipeline.streams.agent import Message
from pipeline.streams.work.outbox import Outbox
from pipeline.streams.work.transactions import Transactions
from pipeline.streams.work.wire import Wire
from tests.journeys.system import until


class Forgetful(Transactions):
    """Tells the coordinator of one topic alone, so that no mark is ever written to the other."""

    known = "orders"

    async def _ask(self, request):
        if isinstance(request, AddPartitionsToTxnRequest):
            request._topics = [topic for topic in request._topics if topic[0] == self.known]
        return await super()._ask(request)


@pytest.fixture
def lax(lax_kafka):
    """A Kafka with all topics that lets a partition be written to that is in no transaction."""
    kafka = Kafka(bootstrap_servers=lax_kafka.bootstrap, partitions=1)
    with admin.connect(kafka) as door:
        door.create_topics()
    return kafka


async def write(kafka, transacting):
    """Commits a record in each of two topics."""
    wire = Wire(client_options(kafka))
    await wire.open()
    transactions = transacting("lane", "group", wire)
    await transactions.start()
    outbox = Outbox(transactions.create_batch, (0, 1), {"orders": 1, "payments": 1}, time.time_ns() // 1_000_000)
    outbox.take([Message("orders", b"k", b"seen"), Message("payments", b"k", b"hidden")], {})
    await transactions.commit(outbox.packs(), {})
    await wire.close()


async def test_what_hangs_is_found_and_committed(lax):
    """Its record is hidden from readers until the mark is written, then it is there."""
    await write(lax, Forgetful)
    (found,) = until(lambda: hanging(lax, older_than=-60_000))
    assert [record.value for record in records(lax, "payments")] == []
    assert (found.topic, found.partition, found.offset, found.hidden, found.committed) == ("payments", 0, 0, 1, None)
    assert list(mend(lax, older_than=-60_000)) == []  # of which nobody knows what was decided
    end(lax, found, committed=True)
    assert [record.value for record in records(lax, "payments")] == [b"hidden"]
    assert hanging(lax, older_than=-60_000) == []


async def test_what_was_decided_is_read_from_the_coordinators_log(lax):
    """Producer, partitions and the word; what is still open decides nothing."""
    await write(lax, Transactions)
    (told,) = until(lambda: [one for r in records(lax, LOG) if r.value and (one := read_decision(r.value))])
    assert (told.epoch, told.committed, told.partitions) == (0, True, {("orders", 0), ("payments", 0)})


@pytest.mark.parametrize(
    ("decisions", "word"),
    [
        ([], None),
        ([(True, "payments", 9)], None),
        ([(True, "orders", 10)], None),
        ([(False, "payments", 12), (True, "payments", 11)], True),
    ],
)
def test_the_first_word_after_the_record_counts(decisions, word):
    """On its partition; an earlier one was another transaction's."""
    found = Hanging("payments", 0, 7, 0, 0, 5, 1, since=10)
    told = [Decision(7, 0, committed, frozenset({(topic, 0)}), at) for committed, topic, at in decisions]
    assert _decided(found, told).committed is word


@pytest.mark.parametrize(
    ("features", "warned"),
    [
        ({}, False),
        ({"metadata.version": {"supported": (7, 29)}}, False),
        ({"metadata.version": {"supported": (7, 33)}}, True),
    ],
)
def test_a_kafka_that_loses_marks_is_known(features, warned):
    """By the newest metadata that it knows; one that tells nothing of it is no Kafka of those."""
    assert bool(warning(features)) is warned


def test_the_kafka_that_arus_brings_loses_none(kafka):
    """It is of a version before the fault, and the doctor has nothing to say of it."""
    with admin.connect(kafka) as door:
        assert door.warning() == ""


@pytest.mark.parametrize(("epoch", "word"), [(2, None), (3, False), (4, False)])
def test_the_word_of_whoever_fenced_it_counts(epoch, word):
    """It aborts in the name of the next epoch; that of an earlier one was another transaction's."""
    found = Hanging("payments", 0, 7, 3, 0, 5, 1, since=10)
    assert _decided(found, [Decision(7, epoch, False, frozenset({("payments", 0)}), 11)]).committed is word
