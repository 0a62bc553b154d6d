"""One seller's line: what is due is tried, what fails waits, and no line waits for another. The clock is given."""

import asyncio

import pytest

from pipeline.endpoints import line
from pipeline.endpoints.line import Line
from pipeline.endpoints.schedule import PAUSE_AFTER, Outcome
from schemas.endpoints import Endpoint, Sending, Standing
from schemas.notices import Notice
from schemas.times import HOUR, MINUTE, SECOND

NOW = 1_800_000_000_000
TAKEN, REFUSED = Outcome(is_taken=True, answer="204"), Outcome(is_taken=False, answer="500")


class Office:
    """Kafka, clock and the other side in one; `answers` is what each endpoint says, `gates` hold its answers back."""

    def __init__(self):
        self.now, self.kept, self.posted, self.broken = NOW, {}, [], []
        self.answers, self.gates, self.standings, self.under_way, self.most = {}, {}, {}, 0, 0
        self.url = "https://{}/"

    def clock(self):
        return self.now

    def dice(self):
        return 0.0

    def endpoint(self, seller_id):
        return Endpoint(seller_id, self.url.format(seller_id), "whsec_c2VjcmV0")

    def standing(self, seller_id):
        return self.standings.get(seller_id, Standing(seller_id))

    async def keep(self, partition, sending):
        del partition
        self.kept[sending.sending_id] = sending

    async def stand(self, standing):
        self.standings[standing.seller_id] = standing

    async def post(self, url, headers, body):
        assert body
        self.posted.append(headers["webhook-id"])
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        if url in self.gates:
            await self.gates[url].wait()
        self.under_way -= 1
        return self.answers.get(url, TAKEN)

    def told(self, task):
        if not task.cancelled() and task.exception():
            self.broken.append(task.exception())

    def states(self):
        return {name: sending.state for name, sending in self.kept.items()}


@pytest.fixture
def office(monkeypatch):
    monkeypatch.setattr(line, "NAP", 0.005)
    made = Office()
    yield made
    assert not made.broken


@pytest.fixture
async def lines(office):
    """Makes the line of a seller: `lines("kios")`."""
    made = []

    def make(seller_id="kios"):
        made.append(Line(seller_id, office, office.told))
        return made[-1]

    yield make
    for each in made:
        each.end()


def sending(name, seller_id="kios", **said):
    return Sending(name, seller_id, Notice(name, f"seller:{seller_id}", "shipped", "o", NOW, "e"), due=NOW, **said)


async def until(what):
    async with asyncio.timeout(30):
        while not what():  # noqa: ASYNC110  # what lines do is seen by looking
            await asyncio.sleep(0.002)


async def test_what_is_due_is_sent_and_forgotten(office, lines):
    """Kafka has each result before the line forgets its message."""
    ours = lines()
    for n in range(20):
        ours.add(0, sending(f"m{n}"))
    await until(lambda: not len(ours))
    assert office.states() == {f"m{n}": "delivered" for n in range(20)}
    assert office.most == line.AT_ONCE


async def test_a_dead_endpoint_delays_nobody_else(office, lines):
    """While one never answers, a thousand messages to another arrive."""
    office.gates["https://dead/"] = asyncio.Event()
    dead, alive = lines("dead"), lines("alive")
    for n in range(100):
        dead.add(0, sending(f"d{n}", "dead"))
    for n in range(1_000):
        alive.add(0, sending(f"a{n}", "alive"))
    await until(lambda: not len(alive))
    assert len(dead) == 100
    assert len([name for name in office.posted if name[0] == "d"]) == line.AT_ONCE


async def test_what_fails_is_tried_again_when_it_is_due(office, lines):
    """Not before; and one that fails is tried by one message at a time."""
    office.answers["https://kios/"] = REFUSED
    ours = lines()
    ours.add(0, sending("m1"))
    await until(lambda: "m1" in office.kept)
    assert (office.kept["m1"].state, office.kept["m1"].due) == ("waiting", NOW + 5 * SECOND)
    office.now += 4 * SECOND
    await asyncio.sleep(0.03)
    assert office.posted == ["m1"]
    office.answers.clear()
    office.now += SECOND
    await until(lambda: not len(ours))
    assert (office.kept["m1"].state, office.kept["m1"].attempts) == ("delivered", 2)
    assert not office.standing("kios").failing_since


async def test_one_that_wants_rest_gets_it(office, lines):
    """After a 429 nothing is sent until then, new messages neither."""
    office.answers["https://kios/"] = Outcome(is_taken=False, answer="429", rest=MINUTE)
    ours = lines()
    ours.add(0, sending("m1"))
    await until(lambda: "m1" in office.kept)
    office.answers.clear()
    ours.add(0, sending("m2"))
    await asyncio.sleep(0.03)
    assert office.posted == ["m1"]
    office.now += MINUTE
    await until(lambda: not len(ours))
    assert sorted(office.posted) == ["m1", "m1", "m2"]


async def test_after_days_of_failure_it_is_paused_and_all_that_waits_is_missed(office, lines):
    """Nothing more is sent; what is missed says so."""
    office.answers["https://kios/"] = REFUSED
    ours = lines()
    ours.add(0, sending("m1"))
    await until(lambda: "m1" in office.kept)
    office.now += PAUSE_AFTER
    ours.add(0, sending("m2"))
    await until(lambda: not len(ours))
    assert office.standing("kios").paused_at == office.now
    assert set(office.states().values()) == {"missed"}
    posted = len(office.posted)
    ours.add(0, sending("m3"))
    await until(lambda: not len(ours))
    assert (office.kept["m3"].state, office.kept["m3"].answer) == ("missed", "paused")
    assert len(office.posted) == posted


async def test_without_a_url_nothing_is_sent(office, lines):
    """A seller who took the endpoint away misses what was on its way."""
    office.url = ""
    ours = lines()
    ours.add(0, sending("m1"))
    await until(lambda: not len(ours))
    assert (office.kept["m1"].answer, office.posted) == ("no endpoint", [])


async def test_a_message_that_is_asked_for_again_begins_anew(office, lines):
    """While the old attempt is under way, and while it waits for hours."""
    gate = office.gates["https://kios/"] = asyncio.Event()
    ours = lines()
    ours.add(0, sending("m1"))
    await until(lambda: office.posted == ["m1"])
    ours.add(0, sending("m1", answer="asked for again"))
    gate.set()
    await until(lambda: not len(ours))
    assert office.posted == ["m1", "m1"]
    office.answers["https://kios/"] = REFUSED
    ours.add(0, sending("m2"))
    await until(lambda: "m2" in office.kept)
    office.answers.clear()
    ours.add(0, sending("m2"))
    await until(lambda: not len(ours))
    assert office.kept["m2"].state == "delivered"


async def test_what_another_process_takes_over_is_dropped(office, lines):
    """Also what is under way: its result is not kept, as whoever has it now sends it again."""
    gate = office.gates["https://kios/"] = asyncio.Event()
    ours = lines()
    ours.add(0, sending("m1"))
    ours.add(1, sending("m2"))
    await until(lambda: len(office.posted) == 2)
    ours.forget(0)
    gate.set()
    await until(lambda: not len(ours))
    await asyncio.sleep(0.02)
    assert office.states() == {"m2": "delivered"}


async def test_a_line_has_an_end(office, lines, monkeypatch):
    """So one dead endpoint takes so much memory and no more."""
    monkeypatch.setattr(line, "MOST", 2)
    office.gates["https://kios/"] = asyncio.Event()
    ours = lines()
    ours.add(0, sending("m1"))
    assert not ours.is_full
    ours.add(0, sending("m2"))
    assert ours.is_full


async def test_kafka_that_takes_nothing_is_told(office, lines):
    """The process must end then, as nothing would remember what was sent."""

    async def keep(partition, told):
        raise ConnectionError

    office.keep = keep
    lines().add(0, sending("m1"))
    await until(lambda: office.broken)
    office.broken.clear()


async def test_a_long_wait_is_slept_through(office, lines):
    """Hours from now is not now."""
    ours = lines()
    ours.add(0, Sending("m1", "kios", sending("m1").notice, due=NOW + HOUR))
    await asyncio.sleep(0.03)
    assert (len(ours), office.posted) == (1, [])


async def test_what_is_forgotten_before_its_attempt_began_breaks_nothing(office, lines):
    """A rebalance may come between the two; the line goes on with the others."""
    ours = lines()
    ours.add(0, sending("a"))
    await asyncio.sleep(0)  # its work has begun, its attempt not yet
    ours.forget(0)
    ours.add(1, sending("b"))
    await until(lambda: office.kept)
    assert office.posted == ["b"]
