"""Commands in the stream: one answer each and at most one effect, however often they and all else are read."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.matching import match
from agents.rules.joins import answers
from agents.tracking import orders, track
from pipeline import codec
from pipeline.streams import testing
from pipeline.streams.testing import Given, Outcome
from schemas.commands import COMMANDS, MOST, Answer, Command, command_id
from schemas.events import Event
from schemas.facts import Order
from schemas.times import HOUR
from tests.agents.events import ORDER, START, lives, order_of, scan
from tests.agents.river import River
from tests.agents.rules.test_commands import DELIVERED, NEW, NOW, PAYLOADS, READY, wish
from tests.agents.telling import read

KEY = ORDER.encode()


def given_command(command: Command) -> Given:
    """Gives the record that a command travels in."""
    return Given(command.order_id.encode(), codec.encode(command), offset=7, timestamp=NOW + 500)


def asked(order: Order | None, *commands: Command) -> Outcome:
    """Runs tracking over commands to an order as it stands."""
    records = [given_command(command) for command in commands]
    rows = {KEY: order} if order else {}
    return testing.run(track, records, rows=rows, topic="commands", now=NOW + 900)


def answers_of(outcome: Outcome) -> list[Answer]:
    """Gives the answers that were told."""
    told = [message for message in outcome.messages if message.topic == "command.answers"]
    assert all(message.key == KEY for message in told)
    return [msgspec.json.decode(message.value, type=Answer) for message in told]


def test_an_accepted_command_is_done_at_once_and_told_as_the_event_that_it_led_to():
    """State, change of status, notice, event and answer leave together; the event's evidence is the command itself."""
    outcome = asked(order_of(*NEW), wish("confirm"))
    [answer] = answers_of(outcome)
    assert (answer.refused, answer.status, answer.decided_at) == ("", "ready_to_ship", NOW + 900)
    [change] = read(outcome, "order.transitions")
    assert (change.after, change.source, change.event_id) == ("ready_to_ship", "arus", answer.events[0])
    assert [notice.kind for notice in read(outcome, "notices")] == ["ready_to_ship"] * 2
    [told] = [message for message in outcome.messages if message.topic == "orders"]
    event = codec.decode(b"order_confirmed", told.value)
    assert (event.event_id, event.by, event.source) == (answer.events[0], "seller", "arus")
    assert (event.evidence.topic, event.evidence.offset, event.received_at) == ("commands", 7, NOW + 500)
    assert outcome.rows[KEY].answers == {answer.command_id: answer}


def test_the_event_of_a_command_comes_back_and_changes_nothing():
    """Tracking reads what it told as everybody's events."""
    outcome = asked(order_of(*NEW), wish("confirm"))
    back = [Given(m.key, m.value, m.headers) for m in outcome.messages if m.topic == "orders"]
    again = testing.run(track, back, rows=outcome.rows)
    assert again.messages == []
    assert orders.encode(again.rows[KEY]) == orders.encode(outcome.rows[KEY])


def test_a_number_that_was_arranged_by_command_finds_its_scans():
    """Those too that a carrier told before anybody had bound it."""
    early = testing.run(match, [Given(b"jne/CGK9", *_told(scan("picked_up", 101, number="CGK9", order_id="")))])
    outcome = asked(order_of(*READY), wish("arrange_shipping"))
    [binding] = [message for message in outcome.messages if message.topic == "scans"]
    assert binding.key == b"jne/CGK9"
    found = testing.run(match, [Given(binding.key, binding.value, binding.headers)], rows=early.rows)
    [scanned] = [Given(m.key, m.value, m.headers) for m in found.messages]
    assert testing.run(track, [scanned], rows=outcome.rows).rows[KEY].status == "in_transit"


def _told(event: Event) -> tuple[bytes, list[tuple[str, bytes]]]:
    return codec.encode_event(event), codec.headers(event)


def test_the_same_command_twice_has_one_answer_and_one_effect():
    """A key that is used again is the same command."""
    outcome = asked(order_of(*NEW), wish("confirm"), wish("confirm"))
    assert len(answers_of(outcome)) == 1
    again = asked(outcome.rows[KEY], wish("confirm"))
    assert again.messages == []


def test_of_two_people_at_once_one_wins_and_the_other_is_told():
    """The second answer names the first command."""
    first, second = answers_of(asked(order_of(*NEW), wish("confirm", key="a"), wish("confirm", key="b")))
    assert (first.refused, second.refused) == ("", "already")
    assert second.values["command_id"] == first.command_id


def test_a_refusal_is_an_answer_and_changes_nothing_else():
    """It is kept with the order, so that it is the same for ever."""
    outcome = asked(order_of(*READY), wish("confirm"))
    assert [message.topic for message in outcome.messages] == ["command.answers"]
    order = outcome.rows[KEY]
    assert (order.status, [a.refused for a in order.answers.values()]) == ("ready_to_ship", ["already"])


def test_a_command_to_an_order_that_nobody_knows_is_answered_once_too():
    """It stays unknown: a wish is no fact of it."""
    outcome = asked(None, wish("confirm"), wish("confirm"))
    assert [answer.refused for answer in answers_of(outcome)] == ["unknown_order"]
    assert (outcome.rows[KEY].status, outcome.rows[KEY].history) == ("unknown", [])


def test_what_is_no_command_is_buried():
    """An unknown name, a payload that does not fit, another order's key, no JSON at all."""
    bad = [wish("explode"), wish("cancel", reason=7), wish("confirm")]
    records = [given_command(command) for command in bad] + [Given(KEY, b"{")]
    records[2].key = b"tiktok_shop:2"
    outcome = testing.run(track, records, rows={KEY: order_of(*NEW)}, topic="commands")
    assert [buried.cause for buried in outcome.buried] == [
        "unknown_command",
        "undecodable",
        "wrong_key",
        "undecodable",
    ]
    told = testing.run(track, [Given(KEY, b"{"), Given(b"x", codec.encode(_answer(1)))], topic="command.answers")
    assert [buried.cause for buried in told.buried] == ["undecodable", "wrong_key"]


def _answer(decided_at: int, name: str = "k", refused: str = "") -> Answer:
    return Answer(f"{ORDER}/{name}", ORDER, "confirm", "seller", "toko", "", 0, decided_at, refused=refused)


@given(st.lists(st.builds(_answer, st.integers(0, 300), st.integers(0, 150).map(str)), max_size=250), st.randoms())
def test_answers_join(told: list[Answer], dice):
    """In any order, with any repetition: of each command the first answer, of an order the latest."""
    told = list({answer.command_id: answer for answer in told}.values())
    again = [*told, *told[:20]]
    dice.shuffle(again)
    one, other = Order(ORDER), Order(ORDER)
    for answer in told:
        answers.keep(one, answer)
    for answer in again:
        answers.keep(other, answer)
    assert codec.encode(one) == codec.encode(other)
    assert len(one.answers) == min(MOST, len(told))


def test_of_two_answers_to_one_command_the_first_counts():
    """Whoever reads commands anew may judge otherwise; that is no fact."""
    for told in ((_answer(5), _answer(9, refused="status")), (_answer(9, refused="status"), _answer(5))):
        order = Order(ORDER)
        for answer in told:
            answers.keep(order, answer)
        assert [answer.refused for answer in order.answers.values()] == [""]


ASKERS = (("seller", "toko"), ("seller", "other"), ("buyer", "b1"), ("system", "automation"))


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Draws a command of anybody; few keys, so that some are used again."""
    name, (by, who) = draw(st.sampled_from(sorted(COMMANDS))), draw(st.sampled_from(ASKERS))
    payload = dict(PAYLOADS.get(name, {}))
    if "accept" in payload:
        payload |= {"accept": draw(st.booleans()), "case_id": draw(st.sampled_from(("", "c1")))}
    key = f"{name}{draw(st.integers(0, 1))}"
    at = START + draw(st.integers(0, 240)) * HOUR
    return Command(command_id(ORDER, by, who, key), ORDER, name, by, who, at, payload)


def flowed(life: list[Event], wishes: list[Command], seed: int, crashes: float) -> River:
    """Lets events and commands flow side by side, in any interleaving, much of it read more than once."""
    river = River([track, match], seed, crashes)
    river.now = NOW
    for event in life:
        river.write(KEY, "orders", *_told(event))
    for command in wishes:
        river.write(KEY, "commands", codec.encode(command), [])
    river.run()
    return river


@settings(max_examples=60)
@given(lives(8), st.lists(commands(), min_size=1, max_size=10), st.integers(0, 1 << 30), st.data())
def test_commands_and_events_in_any_duplication(life, wishes, seed, data):
    """Each command has one answer and at most one effect, and all facts at once give the state that the stream has."""
    again = data.draw(st.lists(st.sampled_from([*NEW, *DELIVERED, *life]), max_size=6))
    wishes = [*wishes, *data.draw(st.lists(st.sampled_from(wishes), max_size=4))]
    river = flowed([*NEW, *life, *again], wishes, seed, crashes=0.5)
    told = [msgspec.json.decode(record.value, type=Answer) for record in river.sent("command.answers")]
    assert sorted(answer.command_id for answer in told) == sorted({command.command_id for command in wishes})
    ours = [
        event
        for topic in ("orders", "payments", "shipments")
        for record in river.sent(topic)
        if (event := codec.decode(dict(record.headers)["type"], record.value)).source in ("arus", "automation")
    ]
    assert sorted(event.event_id for event in ours) == sorted(one for answer in told for one in answer.events)
    whole = order_of(*NEW, *life, *again, *ours)
    for answer in told:
        answers.keep(whole, answer)
    assert orders.encode(river.states()[KEY]) == orders.encode(whole)


@settings(max_examples=40)
@given(lives(8), st.lists(commands(), min_size=1, max_size=10), st.integers(0, 1 << 30))
def test_a_state_that_is_made_anew_from_all_facts_is_the_same(life, wishes, seed):
    """Events and answers from the beginning, in another interleaving; commands are not judged again."""
    river = flowed([*NEW, *life], wishes, seed, crashes=0.0)
    anew = River([track], seed + 1, crashes=0.3)
    for topic in ("orders", "payments", "shipments", "command.answers"):
        for record in river.sent(topic):
            anew.write(record.key, topic, record.value, record.headers)
    anew.run()
    assert {key: orders.encode(order) for key, order in anew.states().items()} == {
        key: orders.encode(order) for key, order in river.states().items()
    }
