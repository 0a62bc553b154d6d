"""What simulated people ask for, judged by the agents: the demo's first minutes, without a broker."""

from collections.abc import Iterable

import msgspec
import pytest

from pipeline import codec
from pipeline.settings import Settings
from pipeline.simulate.demo.opening import EVERY, FIRST, SCENES, opening
from pipeline.simulate.hands import MISTAKES, Ask
from pipeline.simulate.shops import shops
from pipeline.simulate.traffic import Deed, Manner
from schemas.commands import COMMANDS, Answer, Command, command_id
from schemas.times import MINUTE
from tests.agents.conftest import UNTIL, kept
from tests.agents.river import River

FIVE_MINUTES = 5 * MINUTE
WITHDRAWN = {"withdraw_cancellation", "withdraw_return"}
"""What nobody does in the demo: a story would end before it is worth a look."""


def play(river: River, deeds: Iterable[Deed], since: int = 0) -> None:
    """Lets webhooks flow in, those of before `since` at that instant, and commands as the API writes them."""
    for deed in deeds:
        river.now = max(since, deed.due)
        if isinstance(deed, Ask):
            river.run()
            river.write(deed.order_id.encode(), "commands", codec.encode(commanded(deed)), [])
            river.run()
        else:
            river.pour([kept(deed)])
    river.run()


class Quiet:
    """Shows nothing."""

    def progress(self, *_: object) -> None: ...


def commanded(ask: Ask) -> Command:
    """Gives the command that the API makes of what somebody asks."""
    name = command_id(ask.order_id, ask.by, ask.who, ask.key)
    return Command(name, ask.order_id, ask.name, ask.by, ask.who, ask.due, ask.payload)


def answers(river: River) -> dict[str, Answer]:
    """Gives what became of each command."""
    told = (msgspec.json.decode(record.value or b"", type=Answer) for record in river.sent("command.answers"))
    return {answer.command_id: answer for answer in told}


@pytest.fixture(scope="module")
def first_minutes(demo_settings: Settings) -> list[Deed]:
    """What happens to the orders of the opening until five minutes have passed."""
    told = opening(shops(demo_settings.accounts)[0], UNTIL, Manner(pace=1_440, since=UNTIL, mischief=False))
    return [deed for deed in told if deed.due <= UNTIL + FIVE_MINUTES]


def test_each_command_is_given_within_five_minutes(first_minutes):
    """Everything that a seller or a buyer may ask is asked, and every mistake is made, after the start."""
    asks = [deed for deed in first_minutes if isinstance(deed, Ask)]
    assert {ask.name for ask in asks} == {n for n, kind in COMMANDS.items() if kind.by != ("system",)} - WITHDRAWN
    assert {ask.refuses for ask in asks} >= {mistake.rule for mistake in MISTAKES}
    assert min(ask.due for ask in asks) > UNTIL
    assert FIRST + len(SCENES) * EVERY < FIVE_MINUTES


def test_the_stream_does_what_is_asked_and_refuses_what_was_planned(demo_settings, first_minutes):
    """Each command of the opening is done, and each mistake refused by the rule that the plan names."""
    river = River.of(demo_settings, 1)
    play(river, first_minutes)
    judged = answers(river)
    asks = {commanded(deed).command_id: deed for deed in first_minutes if isinstance(deed, Ask)}
    assert judged.keys() == asks.keys()
    wrong = [(ask, judged[name]) for name, ask in asks.items() if judged[name].refused != ask.refuses]
    assert wrong == []
