"""States folded anew: what differs is found with its reason, and put right while all goes on."""

import asyncio
import json
from contextlib import AsyncExitStack

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from agents.worker import JOBS
from pipeline import codec
from pipeline.cli.app import app as command_line
from pipeline.cli.states.gathering import Known
from pipeline.cli.states.judging import Suspect, judge
from pipeline.cli.states.reasons import explain
from pipeline.settings import Account
from pipeline.streams import app
from schemas.events import Event
from schemas.facts import VERSION, Order
from tests.agents.events import ORDER, START, lives, order_of, tell
from tests.agents.telling import tracked
from tests.agents.test_codes import status, with_topics
from tests.agents.test_words import told
from tests.agents.test_worker import send

LIFE = (tell("order_placed"), tell("payment_paid", 1))


def known(live: Order | None, *told: Event, at: int = START) -> list[Known]:
    """Gives an order with its state as it lies in Kafka, and what its webhooks tell."""
    return [Known(ORDER, codec.encode(live) if live else None, at, {event.event_id: event for event in told})]


@given(lives(), st.randoms(use_true_random=False))
def test_what_is_right_is_found_right(life, dice):
    """Whatever order it was told in; also where it has answers to commands, which no webhook tells."""
    [live] = tracked(*life).rows.values()
    dice.shuffle(life)
    found = judge(known(live, *life), began=START + 1, reach=0)
    assert (found.same, found.suspects) == (1, [])


@pytest.mark.parametrize(
    ("at", "reach", "counts"),
    [
        (START, 0, (1, 0, 0)),
        (START + 5, 0, (0, 1, 0)),
        (START, START - 1, (1, 0, 0)),
        (START, START, (0, 0, 1)),
    ],
)
def test_what_cannot_be_judged_is_not(at, reach, counts):
    """An order of which something was told since, or of which webhooks may be gone."""
    found = judge(known(order_of(*LIFE), LIFE[0], at=at), began=START + 5, reach=reach)
    assert (len(found.suspects), found.moving, found.older, found.untold) == (*counts, 0)


def test_an_order_of_no_webhook_is_counted_and_left_alone():
    """A seller's file or an older Kafka may know of it."""
    assert judge(known(order_of(*LIFE)), began=START, reach=0).untold == 1


def test_what_an_older_version_wrote_is_right_when_it_says_the_same():
    """It is brought up to date when the order is told of next."""
    old = msgspec.structs.replace(order_of(*LIFE), version=VERSION - 1)
    assert judge(known(old, *LIFE), began=START + 1, reach=0).same == 1


LATER = {name: at + 1 for name, at in order_of(*LIFE).due.items()}
RENAMED = tell("status_reported", 2, status="completed")


@pytest.mark.parametrize(
    ("live", "heard", "why"),
    [
        (None, (), "no state"),
        (order_of(LIFE[0]), LIFE[:1], "events missing"),
        (order_of(*LIFE, RENAMED), (*LIFE, RENAMED), "told otherwise"),
        (order_of(LIFE[0], tell("payment_paid", 2)), (LIFE[0], tell("payment_paid", 2)), "told otherwise"),
        (msgspec.structs.replace(order_of(*LIFE), due=LATER), LIFE, "policy"),
        (msgspec.structs.replace(order_of(*LIFE), status="completed", due=LATER), LIFE, "rules"),
        (msgspec.structs.replace(order_of(*LIFE), packages={}, payments={}), LIFE, "error"),
    ],
)
def test_each_difference_has_its_reason(live, heard, why):
    """By the events that the stream told and those that the webhooks tell, and by the fields that differ."""
    anew = order_of(*LIFE)
    fields = [name for name in Order.__struct_fields__ if live is None or getattr(live, name) != getattr(anew, name)]
    forms = {event.event_id: {codec.encode_event(event)} for event in heard}
    assert explain(Suspect(live, anew, fields, "", {event.event_id: event for event in LIFE}), forms).why == why


def test_what_sellers_see_of_it_is_told():
    """The columns of their reports that say something else."""
    live = order_of(tell("order_placed", total=70), LIFE[1])
    wrong = explain(Suspect(live, order_of(*LIFE), ["details"], "", {}), {})
    assert (wrong.seller_id, wrong.report["total"]) == ("toko", (70, 100))
    assert "facts" not in wrong.report


async def rebuild(*arguments: str, code: int = 0) -> dict:
    """Runs `arus rebuild --states` and gives what it printed."""
    told = await asyncio.to_thread(
        CliRunner().invoke, command_line, ["rebuild", "--states", "--json", *arguments], catch_exceptions=False
    )
    assert told.exit_code == code, told.output
    return json.loads(told.stdout)


@pytest.mark.timeout(150)
async def test_a_wrong_meaning_is_taken_back_while_work_goes_on(own_kafka, tmp_path, monkeypatch):
    """A shadow only tells of it; then it is put right, and once more nothing differs."""
    account = Account(source="tiktok_shop", name="toko", secrets=("s",), app_key="k")
    settings = with_topics(own_kafka, tmp_path, monkeypatch, account)
    monkeypatch.setenv("ARUS_HOME", str(tmp_path))
    monkeypatch.setenv("ARUS_ACCOUNTS", json.dumps([{"source": "tiktok_shop", "name": "toko", "secrets": ["s"]}]))
    codes = ["codes", "map", "tiktok_shop", "TELEPORTED", "--status"]
    async with AsyncExitStack() as stack:
        for job in ("intake", "tracking"):
            await stack.enter_async_context(app.worker(job, JOBS[job](settings), settings))
        await send(settings, [told("1", "UNPAID"), told("2", "UNPAID"), told("2", "TELEPORTED", START + 9_000)])
        assert await status(settings, "tiktok_shop:1") == "unpaid"
        assert await status(settings, "tiktok_shop:2", "unpaid") == "unpaid"
        for means, wanted in (("completed", "completed"), ("ready_to_ship", "completed")):
            assert (await asyncio.to_thread(CliRunner().invoke, command_line, [*codes, means])).exit_code == 0
            assert await status(settings, "tiktok_shop:2", wanted) == wanted

        seen = await rebuild("--shadow", code=1)
        [wrong] = seen["differences"]
        assert (wrong["order_id"], wrong["why"]) == ("tiktok_shop:2", "told otherwise")
        assert (wrong["before"], wrong["after"]) == ("completed", "ready_to_ship")
        assert wrong["report"]["status"] == ["completed", "ready_to_ship"]
        assert await status(settings, "tiktok_shop:2") == "completed"

        done = await rebuild()
        assert (len(done["differences"]), done["left"]) == (1, 0)
        assert await status(settings, "tiktok_shop:2") == "ready_to_ship"
        again = await rebuild("--shadow")
        assert (again["differences"], again["orders"], again["webhooks"]) == ([], 2, 3)
