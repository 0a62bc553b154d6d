"""Kafka as a worker sees it: how Faust is to use it, and which topics are there."""

from collections.abc import Iterable
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import UnknownTopicOrPartitionError
from faust.auth import SASLCredentials, SSLCredentials
from yarl import URL

from pipeline.broker.clients import client_options
from pipeline.settings import Kafka, Settings
from pipeline.streams.place import Place


def faust_settings(job: str, settings: Settings, place: Place, *, tables: bool) -> dict[str, Any]:
    """Gives the settings of a job's Faust app."""
    kafka, streams = settings.kafka, settings.streams
    return {
        "id": f"arus-{job}",
        "broker": [URL(f"kafka://{server.strip()}") for server in kafka.bootstrap_servers.split(",")],
        "broker_credentials": _credentials(kafka),
        "broker_session_timeout": streams.session_timeout,
        "broker_heartbeat_interval": streams.session_timeout / 4,
        "broker_rebalance_timeout": max(10.0, 2 * streams.session_timeout),
        "broker_request_timeout": max(40.0, streams.session_timeout),
        "broker_commit_interval": 60.0,  # there is nothing that Faust should commit
        "broker_check_crcs": False,  # the broker checks what it takes; once more costs 0.15 to 0.5 µs a record
        "canonical_url": "http://arus",  # part of the assignment that a static member gets back: it must not change
        "consumer_auto_offset_reset": "earliest",
        "consumer_group_instance_id": place.instance,
        "consumer_max_fetch_size": streams.fetch_bytes,
        "datadir": place.path,
        # Faust leaves its own assignor, which static membership needs, where there are no tables (#658).
        "table_standby_replicas": streams.standby_replicas if tables else 1,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "topic_partitions": kafka.partitions,
        "recovery_consistency_check": False,  # ours mends what Faust's only tells
        "stream_buffer_maxsize": 10_000,  # of runs: each is put in its lane at once
        "web_enabled": False,
        "worker_redirect_stdouts": False,
    }


def _credentials(kafka: Kafka) -> SASLCredentials | SSLCredentials | None:
    """Gives Faust's form of the login and encryption in `client_options`."""
    options = client_options(kafka)
    context = options.get("ssl_context")
    if "sasl_mechanism" not in options:
        return SSLCredentials(context=context) if context else None
    return SASLCredentials(
        username=options["sasl_plain_username"],
        password=options["sasl_plain_password"],
        mechanism=options["sasl_mechanism"],
        ssl_context=context,
    )


class Topics(dict[str, int]):
    """Topic → partitions. One that is not there is an error of Kafka's, not of whoever writes to it."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._options = options
        self.missing: set[str] = set()

    def __missing__(self, topic: str) -> int:
        self.missing.add(topic)
        raise UnknownTopicOrPartitionError(f"topic {topic} is not there; `arus topics create` makes it")

    def problem(self, names: Iterable[str], wanted: int) -> str:
        """Says what is wrong with the first of these topics that is not there, or has not so many partitions."""
        for topic in sorted(names):
            has = self.get(topic, 0)
            if not has:
                return f"topic {topic} is not there; `arus topics create` makes it"
            if has != wanted:
                more = f", or say `arus topics grow --partitions {wanted}`, again if it was cut short"
                told = f"topic {topic} has {has} partitions, not {wanted}: set ARUS_KAFKA__PARTITIONS={has}"
                return told + (more if has < wanted else "")
        return ""

    async def learn(self) -> None:
        """Asks Kafka. Raises what aiokafka raises when it does not answer."""
        client = AIOKafkaClient(**self._options)
        try:
            await client.bootstrap()
            cluster = await client.fetch_all_metadata()
            self.update({topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()})
            self.missing.clear()
        finally:
            await client.close()
