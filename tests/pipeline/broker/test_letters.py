"""Dead letters: counted, shown untouched, sent once more and only once."""

import pytest
from kafka import KafkaProducer

from pipeline.broker import BrokerError, admin, letters, reader
from pipeline.broker.clients import client_options
from pipeline.broker.letters import Choice
from pipeline.settings import Kafka
from schemas.letters import DeadLetter

NOW = 1_790_000_000_000


@pytest.fixture
def own(own_kafka):
    """A Kafka with our topics and nothing in them."""
    kafka = Kafka(bootstrap_servers=own_kafka.bootstrap, partitions=2)
    with admin.connect(kafka) as door:
        door.create_topics()
    return kafka


@pytest.fixture
def bury(own):
    """Buries records of topic `orders`, as a step does: original key, value and headers, and why."""

    def bury(*values, step="tracking", cause="undecodable", headers=(), key=b"k"):
        with KafkaProducer(**client_options(own)) as producer:
            for number, value in enumerate(values):
                letter = DeadLetter(step, cause, f"it says {value!r}", "orders", 0, number, NOW + number)
                producer.send("dead-letters", value, key, [*letter.headers(), *headers])

    return bury


def orders(kafka):
    return [(record.key, record.value, record.headers) for record in reader.records(kafka, "orders")]


def test_letters_are_counted_by_step_and_cause(own, bury):
    """A pile tells how many, since when, and of the newest what it said and where it lies."""
    bury(b"a", b"b", b"c")
    bury(b"x", step="intake", cause="unmapped")
    first, second = letters.piles(own)
    assert (first.step, first.cause, first.letters, first.redriven) == ("tracking", "undecodable", 3, 0)
    assert (first.first_at, first.last_at, first.detail) == (NOW, NOW + 2, "it says b'c'")
    assert letters.show(own, first.partition, first.offset).value == b"c"
    assert (second.step, second.cause, second.letters) == ("intake", "unmapped", 1)


def test_a_letter_is_shown_untouched(own, bury):
    """Bytes that are no text, and the headers it had, come back as they were; the step's own words apart."""
    bury(b"\xff\x00{", headers=[("type", b"order_placed"), ("type", b"again")], key=None)
    (pile,) = letters.piles(own)
    shown = letters.show(own, pile.partition, pile.offset)
    assert (shown.key, shown.value) == (None, b"\xff\x00{")
    assert shown.headers == [("type", b"order_placed"), ("type", b"again")]
    assert (shown.topic, shown.topic_partition, shown.topic_offset, shown.redriven_at) == ("orders", 0, 0, None)


def test_a_letter_is_sent_again_once(own, bury):
    """Redriving gives the topic the original record; a second time, or after new letters, it is not sent again."""
    bury(b"a", b"b", headers=[("type", b"order_placed")])
    (sent,) = letters.redrive(own, now=NOW)
    assert sent.letters == 2
    assert sorted(value for _, value, _ in orders(own)) == [b"a", b"b"]
    key, _, headers = orders(own)[0]
    assert key == b"k"
    assert headers[0] == ("type", b"order_placed")
    assert headers[1][0] == "redriven.from"
    assert letters.redrive(own, now=NOW) == []
    bury(b"c")
    assert [pile.letters for pile in letters.redrive(own, now=NOW)] == [1]
    assert sorted(value for _, value, _ in orders(own)) == [b"a", b"b", b"c"]
    (pile,) = letters.piles(own)
    assert (pile.letters, pile.redriven) == (3, 3)
    assert letters.show(own, pile.partition, pile.offset).redriven_at == NOW


def test_a_dry_run_sends_nothing(own, bury):
    """It counts what would be sent, and nothing is remembered."""
    bury(b"a", b"b")
    assert [pile.letters for pile in letters.redrive(own, now=NOW, dry_run=True)] == [2]
    assert orders(own) == []
    assert [pile.letters for pile in letters.redrive(own, now=NOW)] == [2]


def test_only_the_chosen_letters_are_sent(own, bury):
    """By step, by cause, or one by its place."""
    bury(b"a", b"b")
    bury(b"x", step="intake", cause="unmapped")
    one = next(letter for letter in letters.letters(own) if letter.value == b"b")
    letters.redrive(own, Choice(place=(one.partition, one.offset)), now=NOW)
    assert [value for _, value, _ in orders(own)] == [b"b"]
    letters.redrive(own, Choice(step="intake"), now=NOW)
    assert sorted(value for _, value, _ in orders(own)) == [b"b", b"x"]
    assert letters.redrive(own, Choice(step="intake", cause="undecodable"), now=NOW) == []


def test_what_dies_again_is_a_new_letter(own, bury):
    """The header of an earlier redrive does not pile up on the record."""
    bury(b"a", headers=[("redriven.from", b"dead-letters/0/0")])
    letters.redrive(own, now=NOW)
    ((_, _, headers),) = orders(own)
    assert [name for name, _ in headers] == ["redriven.from"]


def test_a_topic_that_is_gone_leaves_everything_as_it_was(own, bury, monkeypatch):
    """If one letter cannot be sent, none of its transaction is, and none is remembered."""
    bury(b"a")
    with KafkaProducer(**client_options(own)) as producer:
        gone = DeadLetter("tracking", "undecodable", "", "gone", 0, 0, NOW)
        producer.send("dead-letters", b"z", b"k", gone.headers())
    monkeypatch.setattr(letters, "PATIENCE_MS", 1_000)
    with pytest.raises(BrokerError, match="dead letters cannot be sent again"):
        letters.redrive(own, now=NOW)
    assert orders(own) == []
    assert [pile.redriven for pile in letters.piles(own)] == [0]


def test_a_record_that_is_no_letter_is_shown_and_never_sent(own):
    """Something else in the topic is not hidden, and there is nowhere to send it."""
    with KafkaProducer(**client_options(own)) as producer:
        producer.send("dead-letters", b"who am I")
    (pile,) = letters.piles(own)
    assert (pile.step, pile.cause, pile.letters) == ("unknown", "unreadable", 1)
    assert letters.redrive(own, now=NOW) == []
