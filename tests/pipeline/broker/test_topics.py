"""Topics: made from TOPICS, checked, listed, never changed."""

import pytest

from pipeline.broker import BrokerError, admin
from pipeline.settings import Kafka
from pipeline.topics import TOPICS


@pytest.fixture
def own(own_kafka):
    return Kafka(bootstrap_servers=own_kafka.bootstrap, partitions=3)


def test_missing_topics_are_made_once(own):
    """All of TOPICS are made with the partitions of the settings; a second time there is nothing to make."""
    with admin.connect(own) as door:
        assert len(door.check_topics()) == len(TOPICS)
        assert door.create_topics() == list(TOPICS)
        assert door.create_topics() == []
        assert door.check_topics() == []
        rows = {row.name: row for row in door.list_topics()}
    assert rows.keys() == TOPICS.keys()
    assert {row.partitions for row in rows.values()} == {3}
    assert rows["order.snapshots"].kept == "compacted"
    assert rows["dead-letters"].kept == "90 days"


def test_another_number_of_partitions_is_told_with_its_remedy(own):
    """A topic with other partitions is neither altered nor accepted: the sentence says which setting keeps it."""
    with admin.connect(own) as door:
        door.create_topics()
    with admin.connect(own.model_copy(update={"partitions": 5})) as door:
        assert door.create_topics() == []
        problem = door.check_topics()[0]
    assert "topic webhooks.received has 3 partitions, the settings say 5" in problem
    assert "ARUS_KAFKA__PARTITIONS=3" in problem


def test_a_changelog_that_forgets_is_a_problem(own):
    """A topic that should keep the newest value of each key but deletes by age is told."""
    with admin.connect(own) as door:
        door.create_topic("order.snapshots", 3, {"cleanup.policy": "delete"})
        problems = [problem for problem in door.check_topics() if "missing" not in problem]
    assert len(problems) == 1
    assert "order.snapshots has cleanup.policy=delete instead of compact, max.message.bytes=1048588" in problems[0]


def test_more_copies_than_brokers_is_told(own):
    """Replication 3 on one broker fails with the setting's name."""
    with (
        admin.connect(own.model_copy(update={"replication": 3})) as door,
        pytest.raises(BrokerError, match=r"topics cannot be made: there are fewer brokers than kafka\.replication"),
    ):
        door.create_topics()


def test_nobody_answers(own_kafka):
    """A Kafka that is not there is one sentence with its address."""
    own_kafka.stop()
    with pytest.raises(BrokerError, match=f"^nobody answers at {own_kafka.bootstrap}: is Kafka running"):
        admin.connect(Kafka(bootstrap_servers=own_kafka.bootstrap))


def test_no_kafka_is_named():
    """Without an address the sentence says how to get one."""
    with pytest.raises(BrokerError, match="`arus up` starts one, ARUS_KAFKA__BOOTSTRAP_SERVERS names another"):
        admin.connect(Kafka())
