"""The process that sends to endpoints, on a real Kafka: killed, failing, paused, and asked to send again."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from pipeline import codec
from pipeline.broker import BrokerError, admin
from pipeline.broker.reader import records
from pipeline.broker.writer import Writer
from pipeline.endpoints.reader import GROUP, SENDINGS
from pipeline.settings import Kafka, environment
from schemas.endpoints import Endpoint, Sending, Standing, Wish, sending_id
from schemas.notices import Notice
from tests.pipeline.endpoints.receiver import SECRET, Receiver

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0


class Stream:
    """A Kafka with our topics, and the process that sends."""

    def __init__(self, bootstrap: str, home: Path) -> None:
        self.kafka, self._home = Kafka(bootstrap_servers=bootstrap, partitions=2), home
        with admin.connect(self.kafka) as door:
            door.create_topics()
        self._writer, self._processes = Writer(self.kafka), list[subprocess.Popen]()

    def start(self) -> None:
        given = {"ARUS_HOME": str(self._home), "ARUS_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers}
        given |= {"ARUS_KAFKA__PARTITIONS": "2", "ARUS_ENDPOINTS__PRIVATE": "true", "PYTHONPATH": str(ROOT)}
        with (self._home / "log").open("ab") as log:
            command = [sys.executable, "-m", "pipeline.cli", "notify"]
            self._processes.append(subprocess.Popen(command, env=environment(**given), cwd=self._home, stderr=log))

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        process = self._processes.pop(0)
        process.send_signal(how)
        return process.wait(PATIENCE)

    def close(self) -> None:
        while self._processes:
            self.kill()
        self._writer.close()

    def put(self, seller_id: str, url: str, **said) -> None:
        endpoint = Endpoint(seller_id, url, SECRET, changed_at=now(), **said)
        self._writer.write("endpoints", f"seller:{seller_id}".encode(), codec.encode(endpoint))

    def tell(self, seller_id: str, *names: str, buyer: str = "", kind: str = "order_created") -> None:
        audience, shop = (f"buyer:{buyer}", seller_id) if buyer else (f"seller:{seller_id}", "")
        for name in names:
            notice = Notice(name, audience, kind, f"kios:{name}", now(), "e", {}, shop)
            self._writer.write("notices", notice.audience.encode(), codec.encode(notice))

    def wish(self, wish: Wish) -> None:
        self._writer.write("endpoint.wishes", f"seller:{wish.seller_id}".encode(), codec.encode(wish))

    def sendings(self) -> dict[str, Sending]:
        found = [msgspec.json.decode(record.value or b"", type=Sending) for record in records(self.kafka, SENDINGS)]
        return {sending.notice.notice_id: sending for sending in found}

    def states(self) -> dict[str, str]:
        return {name: sending.state for name, sending in self.sendings().items()}

    def standing(self) -> Standing:
        told = [record.value or b"" for record in records(self.kafka, "endpoint.standings")]
        return msgspec.json.decode(told[-1], type=Standing) if told else Standing("")

    def behind(self) -> int:
        with admin.connect(self.kafka) as door:
            return sum(row.behind for row in door.lag((GROUP,)))

    def owners(self) -> set[str]:
        with suppress(BrokerError), admin.connect(self.kafka) as door:  # a group that nobody has joined has no one
            return {row.owner for row in door.lag((GROUP,)) if row.owner}
        return set()


@pytest.fixture
def stream(own_kafka, tmp_path):
    made = Stream(own_kafka.bootstrap, tmp_path)
    yield made
    made.close()


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def now() -> int:
    return time.time_ns() // 1_000_000


def until(what):
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
    return found


def test_notices_arrive_once_also_when_the_process_is_killed(stream, receiver):
    """A receiver that drops ids it has, has each notice once; nobody else's, and none from before it was there."""
    stream.tell("kios", "early")
    time.sleep(0.01)
    stream.put("kios", receiver.url, since=now())
    stream.tell("kios", *(f"n{n}" for n in range(40)))
    stream.tell("other", "not-ours")
    stream.tell("kios", "a-buyers", buyer="siti")
    receiver.gate.clear()
    stream.start()
    until(lambda: receiver.attempts)
    stream.kill()
    receiver.gate.set()
    stream.start()
    until(lambda: len(receiver.messages) == 40)
    stream.tell("kios", "after")
    until(lambda: len(receiver.messages) == 41)
    until(lambda: set(stream.states().values()) == {"delivered"})
    until(lambda: stream.behind() == 0)
    assert stream.kill(signal.SIGTERM) == 0
    assert set(receiver.messages) == {sending_id(name) for name in ("after", *(f"n{n}" for n in range(40)))}
    assert not receiver.refused
    sent = receiver.attempts.copy()
    stream.start()
    stream.tell("kios", "last")
    until(lambda: sending_id("last") in receiver.messages)
    assert receiver.attempts - sent == {sending_id("last"): 1}


def test_what_waits_is_tried_again_by_the_next_process(stream, receiver):
    """The wait goes on where it was, whoever died meanwhile; another seller's messages go on all the time."""
    with Receiver() as other:
        receiver.status = 500
        stream.put("kios", receiver.url)
        stream.put("other", other.url)
        stream.start()
        stream.tell("kios", "k1", "k2")
        until(lambda: [s.attempts for s in stream.sendings().values()] == [1, 1])
        stream.kill()
        receiver.status = 204
        stream.tell("other", "o1")
        stream.start()
        until(lambda: len(other.messages) == 1)
        until(lambda: len(receiver.messages) == 2)
        until(lambda: stream.states() == dict.fromkeys(("k1", "k2", "o1"), "delivered"))
        assert not stream.standing().failing_since


def test_a_process_is_ready_from_its_first_look_to_its_end(stream, tmp_path):
    """A health check asks for the file: one that a killed process left says nothing of the next."""
    file = tmp_path / "run" / "endpoints.ready"

    def who() -> str:
        with suppress(FileNotFoundError):
            return file.read_text()
        return ""

    stream.start()
    killed = until(who)
    stream.kill()
    assert who() == killed
    stream.start()
    until(lambda: who() not in ("", killed))
    assert stream.kill(signal.SIGTERM) == 0
    assert not file.exists()


def test_processes_share_the_sellers_and_take_over_from_each_other(stream):
    """Of a process that is killed the other has all that waited; each notice arrives, in whoever's hands it was."""
    with Receiver() as one, Receiver() as other:
        receivers = {"kios": one, "kedai": other, "warung": one, "gerai": other}
        for seller, receiver in receivers.items():
            stream.put(seller, receiver.url)
        stream.start()
        stream.start()
        until(lambda: len(stream.owners()) == 2)
        one.gate.clear()
        other.gate.clear()
        for seller in receivers:
            stream.tell(seller, f"{seller}-1")
        until(lambda: len(one.attempts) == len(other.attempts) == 2)
        stream.kill()
        one.gate.set()
        other.gate.set()
        for seller in receivers:
            stream.tell(seller, f"{seller}-2")
        told = {f"{seller}-{n}" for seller in receivers for n in (1, 2)}
        until(lambda: stream.states() == dict.fromkeys(told, "delivered"))
        assert {*one.messages, *other.messages} == set(map(sending_id, told))


def test_words_to_buyers_leave_as_their_seller_has_switched_on(stream, receiver):
    """By kind; those of a buyer whose shop is not known, or that no template says, stay."""
    stream.put("kios", receiver.url, messages=["delivered", "promise_near"])
    stream.start()
    stream.tell("kios", "b1", buyer="siti", kind="shipped")
    stream.tell("kios", "b2", buyer="siti", kind="promise_near")
    stream.tell("", "b3", buyer="siti", kind="delivered")
    stream.tell("kios", "b4", buyer="siti", kind="delivered")
    until(lambda: stream.states() == {"b4": "delivered"})
    [told] = receiver.messages.values()
    assert (told["type"], told["data"]["buyer_id"], told["data"]["seller_id"]) == ("message.delivered", "siti", "kios")


def test_an_endpoint_that_is_gone_is_paused_until_it_is_resumed(stream, receiver):
    """What it misses is kept, and is sent when it is asked for, under the same id."""
    receiver.status = 410
    stream.put("kios", receiver.url)
    stream.start()
    stream.tell("kios", "n1")
    until(lambda: stream.standing().paused_at)
    stream.tell("kios", "n2")
    until(lambda: stream.states().get("n2") == "missed")
    assert sending_id("n2") not in receiver.attempts
    receiver.status = 204
    stream.wish(Wish("kios", "resume", now()))
    until(lambda: not stream.standing().paused_at)
    for name in ("n1", "n2"):
        stream.wish(Wish("kios", "send", now(), stream.sendings()[name].notice))
    until(lambda: set(receiver.messages) == {sending_id("n1"), sending_id("n2")})
    until(lambda: stream.states() == {"n1": "delivered", "n2": "delivered"})
