"""Growing a real Kafka's topics: what is refused and why, and that readers find each key's newest word."""

import asyncio
from contextlib import contextmanager

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from agents.worker import JOBS, jobs
from pipeline import codec
from pipeline.broker import BrokerError, admin
from pipeline.broker.clients import client_options
from pipeline.broker.reader import records, spans
from pipeline.endpoints.known import Known
from pipeline.endpoints.worker import Worker as Sender
from pipeline.growing import work
from pipeline.growing.checks import LAST
from pipeline.settings import Kafka, Settings, load
from pipeline.streams import app
from pipeline.streams.work.partitions import partition_of
from schemas.endpoints import Endpoint
from tests.agents.events import order_of, tell

WAS, PARTITIONS = 2, 5
READS = {"arus-intake": ("webhooks.received",)}
SELLERS = [f"toko-{number}" for number in range(20)]


@pytest.fixture
def kafka(own_kafka, monkeypatch) -> Kafka:
    """A Kafka whose topics have two partitions; nothing is waited for that may end by itself."""
    monkeypatch.setattr(work, "LEAVING_SECONDS", 0.0)
    found = Kafka(bootstrap_servers=own_kafka.bootstrap, partitions=WAS)
    with admin.connect(found) as door:
        door.create_topics()
    return found


def silent(*_: object) -> None:
    """Hears of progress."""


def grow(kafka: Kafka, partitions: int = PARTITIONS, *, dry_run: bool = False) -> work.Grown:
    return work.grow(kafka, partitions, READS, silent, dry_run=dry_run)


def counts(kafka: Kafka) -> set[int]:
    with admin.connect(kafka) as door:
        return {row.partitions for row in door.list_topics()}


def write(kafka: Kafka, topic: str, *told: tuple[bytes, bytes]) -> None:
    with KafkaProducer(**client_options(kafka), acks="all") as producer:
        for key, value in told:
            producer.send(topic, value, key)
        producer.flush()


@contextmanager
def reading(kafka: Kafka, group: str):
    """Has somebody read in a group for the block, who reads nothing."""
    with KafkaConsumer(**client_options(kafka), group_id=group, enable_auto_commit=False) as consumer:
        consumer.subscribe(["webhooks.received"])
        while not consumer.assignment():
            consumer.poll(200)
        yield consumer


def test_workers_that_run_are_named(kafka):
    """Groups of others are none of our business, and nothing was changed."""
    with reading(kafka, "arus-tracking"), reading(kafka, "somebody"):
        with pytest.raises(BrokerError, match=r"arus-tracking is at work at 127.*stop all of Arus") as refused:
            grow(kafka)
        assert "somebody" not in str(refused.value)
    assert counts(kafka) == {WAS}


def test_what_nobody_has_read_is_told(kafka):
    """With the number of records, whether the job has read there before or never."""
    write(kafka, "webhooks.received", *((b"k%d" % number, b"{}") for number in range(10)))
    with pytest.raises(
        BrokerError, match=r"10 records of webhooks\.received wait for arus-intake.*`arus agents intake`"
    ):
        grow(kafka, dry_run=True)
    with KafkaConsumer(**client_options(kafka), group_id="arus-intake", enable_auto_commit=False) as consumer:
        ends = {
            TopicPartition("webhooks.received", n): span.stop for n, span in spans(kafka, "webhooks.received").items()
        }
        consumer.assign(list(ends))
        consumer.commit({place: OffsetAndMetadata(end, "", -1) for place, end in ends.items()})
    assert grow(kafka, dry_run=True).was == WAS
    write(kafka, "webhooks.received", (b"k", b"{}"))
    with pytest.raises(BrokerError, match=r"1 records of webhooks\.received wait"):
        grow(kafka)
    assert counts(kafka) == {WAS}


def test_what_comes_between_two_attempts_does_not_stop_the_second(kafka):
    """Nobody could read it: no worker starts before the end."""
    work._add(kafka, PARTITIONS, [topic for topic in work.TOPICS if topic != LAST])
    write(kafka, "webhooks.received", (b"k", b"{}"))
    assert grow(kafka).partitions == PARTITIONS
    assert counts(kafka) == {PARTITIONS}


def test_an_open_transaction_is_waited_for(kafka):
    """What it hides may be the newest row of a key."""
    with KafkaProducer(**client_options(kafka), transactional_id="somebody") as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send("order.snapshots", b"{}", b"toko:1").get(10)
        with pytest.raises(BrokerError, match=r"a transaction is open on order\.snapshots/.* and hides 1 records"):
            grow(kafka)
        producer.abort_transaction()
    assert grow(kafka).partitions == PARTITIONS


def test_fewer_partitions_and_uneven_topics_are_refused(kafka):
    """Kafka takes none away; and what somebody else has begun must be ended first."""
    with pytest.raises(BrokerError, match="have 2 partitions; Kafka can add some, and take none away"):
        grow(kafka, 1)
    assert grow(kafka, WAS) == work.Grown(WAS, WAS, (), 0, 0.0)
    work._add(kafka, 4, ["orders"])
    with pytest.raises(
        BrokerError, match=r"topic orders has 4 partitions.*`arus topics grow --partitions 4` ends that"
    ):
        grow(kafka)
    assert grow(kafka, 4).partitions == 4
    assert counts(kafka) == {4}


def test_missing_topics_are_refused(own_kafka):
    """Nothing grows before everything is there."""
    with pytest.raises(BrokerError, match=r"webhooks\.received.*not there\. `arus topics create`"):
        grow(Kafka(bootstrap_servers=own_kafka.bootstrap))


async def test_readers_find_the_newest_of_each_key(kafka):
    """Also what was written between two attempts, by somebody who started too early, and when it grows once more."""
    told = [(f"seller:{name}".encode(), Endpoint(name, url="https://old", changed_at=1)) for name in SELLERS]
    write(kafka, "endpoints", *((key, codec.encode(endpoint)) for key, endpoint in told))
    early = next((key, one) for key, one in told if partition_of(key, PARTITIONS) != partition_of(key, WAS))
    work._add(kafka, PARTITIONS, [topic for topic in work.TOPICS if topic != LAST])
    newer = Endpoint(early[1].seller_id, url="https://new", changed_at=2)
    write(kafka, "endpoints", (early[0], codec.encode(newer)))
    for partitions in (PARTITIONS, 8):
        grow(kafka, partitions)
        grown = kafka.model_copy(update={"partitions": partitions})
        assert counts(kafka) == {partitions}
        newest = {record.key: record.value for record in records(grown, "endpoints")}
        assert newest == {key: codec.encode(newer if key == early[0] else one) for key, one in told}
        known = Known(grown)
        await known.open()
        urls = {name: known.endpoint(name).url for name in SELLERS}
        await known.close()
        assert urls == {name: "https://new" if name == newer.seller_id else "https://old" for name in SELLERS}


async def test_a_job_that_reads_from_the_beginning_knows_each_order_once(kafka, tmp_path):
    """Old words of an order in its former partition, and that it is gone there, are not handed to agents."""
    ids = [f"toko:{number}" for number in range(12)]
    write(
        kafka,
        "order.snapshots",
        *((one.encode(), codec.encode(order_of(tell("order_placed", order_id=one), order_id=one))) for one in ids),
    )
    grow(kafka)
    settings: Settings = load(home=tmp_path, kafka=kafka.model_copy(update={"partitions": PARTITIONS}))
    write(
        kafka,
        "order.snapshots",
        (b"toko:last", codec.encode(order_of(tell("order_placed", order_id="toko:last"), order_id="toko:last"))),
    )
    async with app.worker("fresh", JOBS["promises"](settings), settings):
        for _ in range(200):
            clocks = await asyncio.to_thread(lambda: list(records(settings.kafka, "promises.clocks", all_of_them=True)))
            if len({record.key for record in clocks}) > len(ids):
                break
            await asyncio.sleep(0.2)
    wanted = {one.encode() for one in (*ids, "toko:last")}
    assert {(record.key, record.partition) for record in clocks} == {
        (key, partition_of(key, PARTITIONS)) for key in wanted
    }


def test_a_worker_that_starts_in_the_middle_is_told_what_to_do(kafka, tmp_path):
    """Whichever number its settings say: the last topic grows last."""
    work._add(kafka, PARTITIONS, [topic for topic in work.TOPICS if topic != LAST])
    for partitions, sentence in (
        (WAS, f"set ARUS_KAFKA__PARTITIONS={PARTITIONS}"),
        (
            PARTITIONS,
            f"{LAST} has {WAS} partitions, not {PARTITIONS}.*`arus topics grow --partitions {PARTITIONS}`, again",
        ),
    ):
        settings = load(home=tmp_path, kafka=kafka.model_copy(update={"partitions": partitions}))

        async def run(settings=settings) -> None:
            async with app.worker("tracking", jobs(settings)["tracking"], settings, restart=False) as worker:
                await worker.until(asyncio.Event())

        with pytest.raises(app.WorkerError, match=sentence):
            asyncio.run(run())


async def test_no_message_is_sent_in_the_middle(kafka, tmp_path):
    """An endpoint whose row has not moved yet would look as if there were none."""
    work._add(kafka, PARTITIONS, [topic for topic in work.TOPICS if topic != LAST])
    settings = load(home=tmp_path, kafka=kafka.model_copy(update={"partitions": PARTITIONS}))
    worker = Sender(settings, lambda: 0)
    await worker.work(asyncio.Event(), silent)
    assert worker.is_broken
    grow(kafka)
    stopping, worker = asyncio.Event(), Sender(settings, lambda: 0)
    await worker.work(stopping, stopping.set)
    assert not worker.is_broken
