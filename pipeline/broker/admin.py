"""The operators' side of Kafka: one connection to make and check topics, to read lag and single records."""

from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Self

from pipeline.broker import hanging
from pipeline.broker.asking import asking, open_admin
from pipeline.broker.lag import Lag, Lags
from pipeline.broker.reader import Reader, Stored
from pipeline.broker.topics import TopicRow, Topics
from pipeline.settings import Kafka

PATIENCE_MS = 10_000


class Admin:
    """One open connection. Each thread that asks opens its own."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka
        self._client = open_admin(kafka, PATIENCE_MS)
        self._topics = Topics(self._client, kafka)
        self._reader = Reader(kafka)
        self._lags = Lags(self._client, self._reader)

    def close(self) -> None:
        """Ends the connection."""
        self._reader.close()
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def create_topics(self) -> list[str]:
        """Makes those of TOPICS that are missing and gives their names; those that are there stay as they are."""
        return self._topics.create_missing()

    def create_topic(self, name: str, partitions: int, configs: Mapping[str, str]) -> None:
        """Makes one topic, unless it is there, and waits until it can be used."""
        self._topics.create({name: configs}, partitions)

    def check_topics(self) -> list[str]:
        """Tells in a sentence each what is wrong with the topics and how to mend it; no sentence, nothing wrong."""
        return self._topics.problems()

    def warning(self) -> str:
        """Says what should be known of this version of Kafka; mostly nothing."""
        with asking("the version of Kafka cannot be read"):
            return hanging.warning(self._client.describe_features())

    def list_topics(self) -> list[TopicRow]:
        """Lists our topics, made or not, and then all others."""
        return self._topics.rows()

    def lag(self, groups: Collection[str] | None = None) -> list[Lag]:
        """Gives a row per group and partition. Without `groups`: of all that read topics of ours, these topics."""
        return self._lags.read(groups)

    def read_record(self, topic: str, partition: int, offset: int) -> Stored:
        """Gives one record, untouched. Raises BrokerError that says why there is none."""
        return self._reader.at(topic, partition, offset)


def connect(kafka: Kafka) -> Admin:
    """Connects to the Kafka of these settings. Raises BrokerError when it does not answer."""
    return Admin(kafka)
