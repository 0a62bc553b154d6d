"""Words: whatever has a name in a registry has words, in both languages; numbers are said as people say them."""

import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.pofile import read_po

import pipeline
from agents.rules.anomalies import ANOMALIES
from analytics.gateways import HARMLESS, STRAYS
from analytics.metrics import METRICS
from analytics.pages.sellers.shop import DUE
from analytics.pages.words import LANGUAGES, acts, anomalies, carriers, choose, names, senders, shop
from analytics.pages.words.language import CATALOGS
from analytics.pages.words.promises import PROMISE_WORDS
from analytics.pages.words.senders import CONCERN_WORDS
from analytics.senders import CONCERNS
from schemas.commands import COMMANDS, REFUSALS
from schemas.ids import CARRIERS
from schemas.notices import NOTICES
from schemas.promises import PROMISES
from schemas.registry import EVENTS
from schemas.shipments import Milestone
from schemas.statuses import BUYER_TABS, BY_NAME, SELLER_TABS
from schemas.times import DAY, HOUR, MINUTE, SECOND, parse
from tests.agents.events import order_of, tell
from tests.analytics.pages.catalog import messages

ENGLISH, INDONESIAN = LANGUAGES["en"], LANGUAGES["id"]
NOON = parse("2026-11-24T05:00:00Z")


def _commands_of(role: str) -> set[str]:
    return {name for name, kind in COMMANDS.items() if role in kind.by}


@pytest.mark.parametrize(
    ("registry", "words"),
    [
        (BY_NAME, names.STATUS_WORDS),
        (SELLER_TABS, names.SELLER_TAB_WORDS),
        (BUYER_TABS, names.BUYER_TAB_WORDS),
        (get_args(Milestone), names.MILESTONE_WORDS),
        (EVENTS, names.EVENT_WORDS),
        (NOTICES, names.NOTICE_WORDS),
        (PROMISES, PROMISE_WORDS),
        ({metric.code for metric in METRICS}, shop.POLICY_WORDS),
        ({kind for kind, promise in PROMISES.items() if "seller" in promise.near_to}, DUE),
        (CARRIERS, carriers.CARRIERS.keys() & CARRIERS.keys()),
        (REFUSALS, acts.REFUSAL_WORDS),
        (_commands_of("seller"), acts.SELLER_ACTS),
        (_commands_of("buyer"), acts.BUYER_ACTS),
        (CONCERNS, CONCERN_WORDS),
    ],
    ids=[
        *("statuses", "seller tabs", "buyer tabs", "milestones", "events", "notices", "promises", "rates"),
        *("what is due", "carriers"),
        *("refusals", "what sellers do", "what buyers do", "what of a sender needs a look"),
    ],
)
def test_every_entry_of_a_registry_has_words(registry, words):
    """No entry is without words, and no words are left over."""
    assert set(words) == set(registry)


def test_notices_have_words_for_exactly_those_who_get_them():
    """A notice's words are there for the seller and for the buyer just when it is for them."""
    for kind, (to_seller, to_buyer) in NOTICES.items():
        words = names.NOTICE_WORDS[kind]
        assert (bool(words.seller), bool(words.buyer)) == (to_seller, to_buyer), kind


def test_every_text_is_translated_and_no_translation_is_left_over():
    """The Indonesian catalog has each text that templates and code say, and nothing else."""
    with (CATALOGS / "id.po").open("rb") as file:
        told = {
            message.id if isinstance(message.id, str) else tuple(message.id) for message in read_po(file) if message.id
        }
    assert told == messages()


def test_a_translation_fills_in_what_its_text_fills_in():
    """Each translation takes the same values as the English text, so that none is lost or asked for in vain."""
    with (CATALOGS / "id.po").open("rb") as file:
        for message in read_po(file):
            if message.id:
                texts = message.id if isinstance(message.id, tuple) else (message.id,)
                said = message.string if isinstance(message.string, str) else message.string[0]
                wanted = set(re.findall(r"%\((\w+)\)s", texts[-1]))
                assert set(re.findall(r"%\((\w+)\)s", said)) == wanted, message.id
                assert said.strip(), message.id


@pytest.mark.parametrize(
    ("minor", "currency", "english", "indonesian"),
    [
        (1_482_000, "IDR", "Rp1,482,000", "Rp1.482.000"),
        (0, "IDR", "Rp0", "Rp0"),
        (-5_000, "IDR", "\N{MINUS SIGN}Rp5,000", "\N{MINUS SIGN}Rp5.000"),
        (1_250, "USD", "$12.50", "US$12,50"),
        (9_007_199_254_740_993, "IDR", "Rp9,007,199,254,740,993", "Rp9.007.199.254.740.993"),
    ],
)
def test_money(minor, currency, english, indonesian):
    """Money has its currency's decimals and is grouped as its readers are used to, to the last digit."""
    assert ENGLISH.money(minor, currency) == english
    assert INDONESIAN.money(minor, currency) == indonesian


@pytest.mark.parametrize(
    ("minor", "english", "indonesian"),
    [(1_552_345_678, "Rp1.55B", "Rp1,55 M"), (56_200_000, "Rp56.2M", "Rp56,2 jt"), (950, "Rp950", "Rp950")],
)
def test_large_money_in_three_digits(minor, english, indonesian):
    """Large amounts are told in three digits and the word for their size."""
    assert ENGLISH.money_short(minor, "IDR") == english
    assert INDONESIAN.money_short(minor, "IDR").replace("\N{NO-BREAK SPACE}", " ") == indonesian


@pytest.mark.parametrize(
    ("ms", "english", "indonesian"),
    [
        (0, "0 s", "0 dtk"),
        (59_999, "59 s", "59 dtk"),
        (2 * MINUTE + 10 * SECOND, "2 m 10 s", "2 mnt 10 dtk"),
        (48 * MINUTE, "48 m", "48 mnt"),
        (3 * HOUR + 5 * MINUTE, "3 h 05 m", "3 jam 05 mnt"),
        (2 * DAY + 4 * HOUR, "2 d 4 h", "2 hari 4 jam"),
        (-5, "0 s", "0 dtk"),
    ],
)
def test_durations_in_two_units(ms, english, indonesian):
    """A duration is told in two units at most."""
    assert ENGLISH.duration(ms) == english
    assert INDONESIAN.duration(ms) == indonesian


def test_moments_are_told_as_shortly_as_they_stay_clear():
    """Today and yesterday have names, this year needs no year, and days are those of Jakarta."""
    assert ENGLISH.moment(NOON, NOON) == "Today 12:00"
    assert INDONESIAN.moment(NOON - DAY, NOON) == "Kemarin 12:00"
    assert INDONESIAN.moment(NOON - 60 * DAY, NOON) == "25 Sep 12:00"
    assert ENGLISH.moment(NOON - 400 * DAY, NOON) == "20 Oct 2025"
    assert ENGLISH.moment(parse("2026-11-23T17:30:00Z"), NOON) == "Today 00:30"
    assert INDONESIAN.day(NOON, weekday=True, year=True) == "Selasa, 24 November 2026"


def test_plurals():
    """English has two forms, Indonesian one."""
    forms = ("%(n)s order", "%(n)s orders")
    assert [ENGLISH.plural(*forms, n) for n in (0, 1, 1_200)] == ["0 orders", "1 order", "1,200 orders"]
    assert [INDONESIAN.plural(*forms, n) for n in (1, 2)] == ["1 pesanan", "2 pesanan"]


@pytest.mark.parametrize(
    ("wishes", "accept", "code"),
    [
        (("en", "id"), "id", "en"),
        (("xx", "id"), "en", "id"),
        ((None, None), "en-GB,en;q=0.9,id;q=0.8", "en"),
        ((None, None), "fr;q=0.9, id-ID;q=0.3, en;q=0.2", "id"),
        ((None, None), "ja,ko", "id"),
        ((None, None), "", "id"),
        ((None, None), ";;q=,,=x;q=nine" * 50, "id"),
    ],
)
def test_the_language_is_the_first_wish_that_can_be_met(wishes, accept, code):
    """What was chosen wins, then what the browser prefers, then Indonesian; nonsense is passed over."""
    assert choose(*wishes, accept=accept).code == code


def test_pages_link_to_known_carriers_alone():
    """A tracking number leads to its carrier's own page and nowhere else, whatever is in it."""
    hosts = {carriers.urlsplit(carriers.tracking_page(name, "X")).hostname for name in carriers.CARRIERS} - {None}
    assert hosts == carriers.HOSTS
    evil = carriers.tracking_page("ninjavan", '1&id=2#/../"><script>')
    assert evil == "https://www.ninjavan.co/id-id/tracking?id=1%26id%3D2%23%2F..%2F%22%3E%3Cscript%3E"
    assert carriers.tracking_page("nobody-knows", "1") == ""
    assert carriers.tracking_page("gosend", "1") == ""


def test_every_contradiction_that_is_searched_for_has_words():
    """Each kind of anomaly that the rules can find has words."""
    assert set(names.ANOMALY_WORDS) >= set(ANOMALIES)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("paid_wrong_amount", order_of(tell("order_placed", total=115_000), tell("payment_paid", 1, amount=95_000))),
        (
            "refund_exceeds_payment",
            order_of(tell("payment_paid", amount=95_000), tell("refund_approved", 1, amount=115_000)),
        ),
    ],
)
def test_amounts_of_a_contradiction_are_said_as_money(rule, change):
    """As the rule itself writes them; not as bare numbers."""
    said = anomalies.detail(INDONESIAN, {"kind": rule, "detail": ANOMALIES[rule].search(change)[""].detail})
    assert said in ("Rp95.000 dari Rp115.000", "Rp115.000 dikembalikan, Rp95.000 dibayar")


def test_what_a_contradiction_is_about_is_said_whatever_it_is():
    """A stock in numbers, a marketplace's own word and an older form as they are."""
    found = [("oversold", "KOPI: 1: -1200 available"), ("status_conflict", "DELIVERED"), ("paid_wrong_amount", "less")]
    said = [anomalies.detail(ENGLISH, {"kind": kind, "detail": detail}) for kind, detail in found]
    assert said == ["KOPI: 1: -1,200 available", "DELIVERED", "less"]


def test_every_reason_to_reject_has_words():
    """Each reason that the gateway counts has a name, and says what helps just when something can."""
    code = "".join(path.read_text() for path in Path(pipeline.__file__).parent.rglob("*.py"))
    reasons = set(re.findall(r'(?:Refused|TurnedAway|errors)\(\s*"(\w+)"', code)) | set(STRAYS.values())
    assert set(senders.REJECTION_WORDS) == reasons
    assert {reason for reason, words in senders.REJECTION_WORDS.items() if not words.advice} == HARMLESS
