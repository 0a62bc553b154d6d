"""What the demo's inboxes hold after five minutes: its story told to the agents, without a broker."""

from collections.abc import Iterator
from itertools import takewhile

import msgspec
import pytest

from agents.intake import intake_agent
from agents.matching import match
from agents.reminding import reminding_agent
from agents.stocking import move, stock
from agents.tracking import track
from analytics.automation import wanted
from pipeline import codec
from pipeline.settings import load
from pipeline.simulate import demo
from pipeline.streams import testing
from schemas.commands import Command
from schemas.notices import NOTICES, Notice
from tests.agents.conftest import UNTIL
from tests.agents.river import PARTITIONS, River
from tests.agents.test_hands import FIVE_MINUTES, Quiet, play


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> River:
    """A new demo's first five minutes; its past is shorter and quieter than it really is."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "PAST_DAYS", 12)
        patch.setattr(demo, "PER_DAY", 12)
        patch.setattr(demo, "_now", lambda: UNTIL)
        demo.open_shop(home)
        settings = load(home=home)
        agents = (intake_agent(settings), match, track, move, stock, reminding_agent(settings))
        river = River(agents, 1)
        untold = demo.Selling(settings, "", Quiet(), 1_440)._untold()
        play(river, takewhile(lambda deed: deed.due <= UNTIL + FIVE_MINUTES, untold), since=UNTIL)
    return river


def automatic(river: River) -> Iterator[Command]:
    """Gives what automation would ask, if every article were there."""
    for order in river.states().values():
        skus = [line.sku for line in order.details.lines] if order.details else []
        if found := wanted(order, skus, river.now):
            who = f"{order.order_id}/auto", order.order_id, found[0], "system", "automation"
            yield Command(*who, river.now, found[1])


def test_automation_has_something_of_each_kind_to_do(shown):
    """There are orders to confirm, to complete, to cancel as nobody pays, and to ask a review of."""
    assert {command.name for command in automatic(shown)} == {"confirm", "complete", "cancel", "ask_review"}


def test_every_kind_of_notice_is_told_within_five_minutes(shown):
    """No kind is left that whoever opens the demo does not find in some inbox."""
    remind = shown.agents[-1]
    rung = [testing.ring(remind, shown.now, shown.rows["remind", place]) for place in range(PARTITIONS)]
    for command in automatic(shown):
        shown.write(command.order_id.encode(), "commands", codec.encode(command), [])
    shown.run()
    values = [record.value for record in shown.sent("notices")]
    values += [message.value for outcome in rung for message in outcome.messages]
    told = {msgspec.json.decode(value or b"", type=Notice).kind for value in values}
    assert NOTICES.keys() - told == set()
