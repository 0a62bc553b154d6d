"""One account's desk: what it does with each kind of failure. The clock is given."""

import asyncio

import httpx
import pytest

from pipeline.completion.breaker import FIRST_REST
from pipeline.completion.desk import Desk
from pipeline.completion.memory import Memory
from pipeline.completion.questions import ANSWERS, Questions
from pipeline.sources.apis.api import Ask
from schemas.deliveries import ASKED
from tests.pipeline.completion.fake import order

NAME = "tiktok_shop/main"


class Shop:
    """A desk with its questions, what it kept, and a clock that is moved by hand."""

    def __init__(self, account, folder, http):
        self.now, self.kept, self.questions = 1_764_100_000_000, [], Questions()
        self.questions.begin({0})
        memory = Memory(folder, account)
        self.desk = Desk(
            account, memory=memory, http=http, questions=self.questions, keeper=self, clock=lambda: self.now
        )

    async def keep(self, delivery):
        self.kept.append(delivery)

    async def until(self, what):
        begun = asyncio.Event()
        begun.set()
        work = asyncio.create_task(self.desk.work(begun))
        async with asyncio.timeout(30):
            while not what():  # noqa: ASYNC110  # conditions of many kinds
                await asyncio.sleep(0.01)
        work.cancel()


@pytest.fixture
async def shop(owner, tmp_path, without_pauses):
    async with httpx.AsyncClient() as http:
        yield lambda **said: Shop(owner(**said), tmp_path, http)


async def test_an_answer_is_kept_with_what_was_asked_and_the_records_that_it_answers(shop, tiktok):
    """So intake knows how to read it, and the next start what need not be asked again."""
    tiktok.orders["5"], shop = order("5"), shop()
    shop.questions.read((0, 7), NAME, [Ask("order", "5")])
    await shop.until(lambda: not len(shop.questions))
    (kept,) = shop.kept
    assert (kept.headers[ASKED], kept.headers[ANSWERS]) == ("order/5", "0:7")
    assert shop.desk.stand().last_answer_at == shop.now


async def test_a_question_that_is_declined_is_closed_and_the_others_go_on(shop, tiktok):
    """Nothing is kept of it, and the sender is not ill because of it."""
    tiktok.orders["5"], shop = order("5"), shop()
    shop.questions.read((0, 0), NAME, [Ask("package", "nobodys"), Ask("order", "5")])
    await shop.until(lambda: not len(shop.questions))
    assert [kept.headers[ASKED] for kept in shop.kept] == ["order/5"]
    assert shop.desk.stand().breaker == "closed"


async def test_credentials_that_let_nobody_in_stop_the_account_and_lose_no_question(shop, tiktok):
    """The first refusal opens the breaker; once they are mended the question is answered."""
    tiktok.orders["5"], right, shop = order("5"), tiktok.refresh, shop()
    tiktok.refresh = "another"
    shop.questions.read((0, 0), NAME, [Ask("order", "5")])
    await shop.until(lambda: shop.desk.stand().breaker == "open")
    assert "authorize the app anew" in shop.desk.stand().why
    assert (shop.desk.stand().open, shop.questions.positions()) == (1, {0: 0})
    tiktok.refresh = right
    shop.questions.put_back(NAME, Ask("order", "5"))
    shop.now += FIRST_REST
    await shop.until(lambda: shop.kept)
    assert (shop.desk.stand().breaker, shop.desk.stand().why) == ("closed", "")


async def test_a_sender_that_stays_ill_is_left_alone(shop, tiktok):
    """Five failures in a row, four attempts each, and no more until it has rested."""
    tiktok.orders["5"], shop = order("5"), shop()
    tiktok.ails.extend([(503, {}, {})] * 100)
    shop.questions.read((0, 0), NAME, [Ask("order", "5")])
    await shop.until(lambda: shop.desk.stand().breaker == "open")
    assert len(tiktok.ails) == 80
    assert shop.desk.stand().open == 1
