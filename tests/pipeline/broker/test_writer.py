"""Single records: written while Kafka answers, told when not, and written again once it does."""

import psutil
import pytest
import stamina

from pipeline.broker import BrokerError, admin
from pipeline.broker.writer import Writer
from pipeline.settings import Kafka


@pytest.mark.timeout(120)
def test_a_writer_works_again_after_kafka_stood_still(own_kafka):
    """Also when one of its records was under way: what cannot be written is told, and the next one goes."""
    kafka = Kafka(bootstrap_servers=own_kafka.bootstrap, partitions=1)
    with admin.connect(kafka) as door:
        door.create_topic("said", 1, {})
    writer, process = Writer(kafka), psutil.Process(own_kafka.pid)
    writer.write("said", b"k", b"before")
    process.suspend()
    try:
        with pytest.raises(BrokerError, match="topic said cannot be written: Kafka does not answer in time"):
            writer.write("said", b"k", b"meanwhile")
    finally:
        process.resume()
    for attempt in stamina.retry_context(on=BrokerError, attempts=5):
        with attempt:
            writer.write("said", b"k", b"after")
    writer.close()
