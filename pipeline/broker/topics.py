"""Topics as they stand in Kafka beside what TOPICS says: made, checked, listed; never changed here."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import NoError, TopicAlreadyExistsError, for_code
from msgspec import Struct

from pipeline.broker.asking import asking
from pipeline.settings import Kafka
from pipeline.topics import DAY_MS, TOPICS

MUST_AGREE = ("cleanup.policy", "max.message.bytes")
"""Configs without which something is lost; how long a topic is kept its operators may change."""

Described = Mapping[str, Any]


class TopicRow(Struct):
    """A topic as it stands. `records` counts offsets, Kafka's own marks among them; `size` is the bytes of one copy."""

    name: str
    key: str
    holds: str
    kept: str
    partitions: int
    replication: int
    records: int
    size: int
    problem: str


class Topics:
    """The topics of one Kafka."""

    def __init__(self, client: Any, kafka: Kafka) -> None:  # noqa: ANN401  # kafka-python has no types
        self._client, self._kafka = client, kafka

    def create_missing(self) -> list[str]:
        """Makes those of TOPICS that are missing and gives their names; those that are there stay as they are."""
        with asking("topics cannot be made"):
            found = self._found()
        missing = {name: topic.configs() for name, topic in TOPICS.items() if name not in found}
        self.create(missing, self._kafka.partitions)
        return list(missing)

    def create(self, configs: Mapping[str, Mapping[str, str]], partitions: int) -> None:
        """Makes topics with these configs, unless they are there, and waits until they can be used."""
        copies = self._kafka.replication
        safe = {"min.insync.replicas": str(copies - 1)} if copies > 2 else {}  # noqa: PLR2004  # one copy may be away
        numbers = {"num_partitions": partitions, "replication_factor": copies}
        wanted = {name: {**numbers, "configs": {**safe, **config}} for name, config in configs.items()}
        with asking("topics cannot be made"):
            answers = self._client.create_topics(wanted, raise_errors=False)["topics"] if wanted else ()
            for answer in answers:
                problem = for_code(answer["error_code"])
                if problem not in (NoError, TopicAlreadyExistsError):
                    raise problem(f"{answer['name']}: {answer['error_message']}")
            self._client.wait_for_topics(list(wanted))

    def problems(self) -> list[str]:
        """Tells in a sentence each what is wrong and how to mend it; no sentence, nothing wrong."""
        with asking("topics cannot be checked"):
            found = self._found()
            configs = self._configs(found.keys() & TOPICS.keys())
        return [problem for name in TOPICS if (problem := self._problem(name, found, configs))]

    def rows(self) -> list[TopicRow]:
        """Lists our topics, made or not, and then all others."""
        with asking("topics cannot be listed"):
            found = self._found()
            configs, sizes, counts = self._configs(found), self._sizes(found), self._counts(found)
        return [
            self._row(name, found, configs, sizes[name], counts[name])
            for name in (*TOPICS, *sorted(found.keys() - TOPICS.keys()))
        ]

    def _row(self, name: str, found: Described, configs: Described, size: int, records: int) -> TopicRow:
        topic, partitions = TOPICS.get(name), found.get(name, [])
        return TopicRow(
            name=name,
            key=topic.key if topic else "",
            holds=topic.holds if topic else "",
            kept=_kept(configs[name]) if name in configs else "",
            partitions=len(partitions),
            replication=len(partitions[0]["replica_nodes"]) if partitions else 0,
            records=records,
            size=size,
            problem=self._problem(name, found, configs) if topic else "not a topic of Arus",
        )

    def _problem(self, name: str, found: Described, configs: Described) -> str:
        if name not in found:
            return f"topic {name} is missing: `arus topics create` makes it"
        count, wanted = len(found[name]), self._kafka.partitions
        if count != wanted:
            other = (
                f"say `arus topics grow --partitions {wanted}`, again if it was cut short"
                if count < wanted
                else "delete the topic and make it anew, which loses what is in it"
            )
            return (
                f"topic {name} has {count} partitions, the settings say {wanted}: all topics must have one number. "
                f"Set ARUS_KAFKA__PARTITIONS={count}, or {other}"
            )
        ours, theirs = TOPICS[name].configs(), configs[name]
        wrong = [
            f"{config}={theirs[config]} instead of {ours[config]}"
            for config in MUST_AGREE
            if not _agree(config, ours, theirs)
        ]
        return f"topic {name} has {', '.join(wrong)}: alter it with the tools of your Kafka" if wrong else ""

    def _found(self) -> dict[str, list[dict[str, Any]]]:
        """Gives the partitions of each topic that is not Kafka's own."""
        described = self._client.describe_topics()
        return {topic["name"]: topic["partitions"] for topic in described if not topic["is_internal"]}

    def _configs(self, names: Collection[str]) -> dict[str, dict[str, str]]:
        wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        found = self._client.describe_configs(wanted, config_filter="all").get("topic", {}) if wanted else {}
        return {name: {key: value["value"] for key, value in config.items()} for name, config in found.items()}

    def _sizes(self, names: Collection[str]) -> Counter[str]:
        """Gives the bytes of each topic; of several copies of a partition the largest counts."""
        copies: dict[TopicPartition, int] = {}
        for broker in self._client.describe_log_dirs(list(names)) if names else ():
            for folder in broker["log_dirs"]:
                for topic in folder["topics"]:
                    for partition in topic["partitions"]:
                        place = TopicPartition(topic["name"], partition["partition_index"])
                        copies[place] = max(copies.get(place, 0), partition["partition_size"])
        return _total(copies)

    def _counts(self, found: Described) -> Counter[str]:
        places = [TopicPartition(name, p["partition_index"]) for name, partitions in found.items() for p in partitions]
        if not places:
            return Counter()
        starts = self._client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
        ends = self._client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        return _total({place: ends[place].offset - starts[place].offset for place in places})


def _total(values: Mapping[TopicPartition, int]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for place, value in values.items():
        totals[place.topic] += value
    return totals


def _agree(config: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    if config == "max.message.bytes":
        return int(theirs[config]) >= int(ours[config])
    return set(theirs[config].split(",")) == set(ours[config].split(","))


def _kept(config: Mapping[str, str]) -> str:
    if "compact" in config["cleanup.policy"]:
        return "compacted"
    kept = int(config["retention.ms"])
    return "for ever" if kept < 0 else f"{kept / DAY_MS:g} days"
