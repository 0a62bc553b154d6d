"""The analytics process is killed while it loads from a real Kafka: in the end every report says what it should."""

import time
from random import Random
from threading import Thread

from kafka import KafkaProducer

from analytics.loading import Loading
from analytics.warehouse import Warehouse
from pipeline.broker.clients import client_options
from tests.analytics.seed import told
from tests.analytics.test_rebuild import answers, fill, settings  # noqa: F401  # a fixture
from tests.analytics.test_server import eventually, running

KILLS = 3


def produce(kafka, topics, seconds: float) -> None:
    """Writes the records little by little, partition by partition in their order."""
    waiting = {place: list(records) for place, records in topics.records.items()}
    with KafkaProducer(**client_options(kafka)) as producer:
        while any(waiting.values()):
            for (topic, part), records in waiting.items():
                for record in records[:2]:
                    producer.send(topic, record.value, record.key, list(record.headers), part)
                del records[:2]
            producer.flush()
            time.sleep(seconds / 40)


def committed(api) -> int:
    """Gives how many records the loading group says it has."""
    return sum(row["committed"] for row in api.get("/v1/ops/lag").json()["partitions"])


def test_killed_while_events_arrive(tmp_path, settings):  # noqa: F811  # the fixture
    """Nothing is lost, nothing is doubled, whenever it happens."""
    topics, dice, home = told(120)[0], Random(), tmp_path / "home"
    home.mkdir()
    producing = Thread(target=produce, args=(settings.kafka, topics, 6.0))
    producing.start()
    where = {"ARUS_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers}
    for _ in range(KILLS):
        with running(home, **where) as analytics:
            analytics.address()
            time.sleep(dice.uniform(0, 1.5))
    producing.join()

    expected = {place: len(records) for place, records in topics.records.items()}
    with running(home, **where) as analytics, analytics.client() as api:
        eventually(lambda: committed(api), sum(expected.values()))
        analytics.stop()
    warehouse = Warehouse(home / "arus.duckdb")
    assert Loading(warehouse).start_offsets() == expected
    warehouse.close()
    got = answers(home / "arus.duckdb")
    fill(settings.model_copy(update={"home": tmp_path / "right"}), topics)
    assert got == answers(tmp_path / "right" / "arus.duckdb")
