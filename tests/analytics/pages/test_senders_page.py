"""The operator's page Senders: each account with what it needs and what helps, in both languages."""

import re
from dataclasses import replace

import pytest

from analytics.access import OPERATOR
from analytics.gateways import Gateway
from analytics.pages.live import Live
from analytics.pages.operators import HEAD
from analytics.pages.operators.senders import PIECES, SendersPage, seen
from analytics.pages.site import Look, Outside, Site
from analytics.pages.words import LANGUAGES
from analytics.pages.words.senders import CONCERN_WORDS, REJECTION_WORDS
from analytics.senders import CONCERNS, Refusals, Secrets, Sender
from pipeline.settings import Account, Settings
from schemas.times import DAY, HOUR, MINUTE
from tests.analytics.conftest import MELATI
from tests.analytics.pages.test_pages import browse as browse  # noqa: PLC0414  # a fixture
from tests.analytics.seed import NOW

ADDRESS = "/ops/senders"
BAD = ("xendit", "kopi-senja", "bad_signature")


class Scraped:
    """Gateways as a scraper saw them."""

    view = (Gateway("g", totals={BAD: 1_204}, last_at={BAD: NOW - 3 * MINUTE}),)


@pytest.fixture
def services(services, tmp_path):
    """Services that know three accounts: one that is rejected, one that never sent, one with an old secret."""
    accounts = (
        Account(source="ninjavan", name="baru", secrets=("s",)),
        Account(source="tiktok_shop", name="toko-melati", secrets=("s",), secrets_since=("2025-10-01",)),
        Account(source="xendit", name="kopi-senja", secrets=("s",)),
    )
    return replace(services, settings=Settings(home=tmp_path, accounts=accounts), scraper=Scraped())


@pytest.fixture
def site(services):
    """Draws pages of these services."""
    return Site(Outside(services.report, lambda _, __: OPERATOR, services.now, services.watermark))


def rows(html: str) -> dict[str, str]:
    """Gives what each row of the table says, by its key."""
    found = re.findall(r'<tr data-key="([^"]+)"[^>]*>(.*?)</tr>', html, re.DOTALL)
    return {key: " ".join(re.sub(r"<[^>]+>", " ", row).split()) for key, row in found}


async def test_each_account_says_what_it_needs_and_what_helps(browse):
    """The worst first: rejected with its reason and advice, the old secret, the one that never sent; then the rest."""
    html = (await browse(OPERATOR).get(ADDRESS)).text
    told = rows(html)
    assert "2 accounts need a hand" in html
    assert [*told][:3] == ["xendit-kopi-senja", "tiktok_shop-toko-melati", "ninjavan-baru"]
    xendit, tiktok, ninja, *others = told.values()
    assert "Rejected wrong signature , 3 m 00 s ago. Check the secret of kopi-senja" in xendit
    assert "wrong signature 1,204" in xendit
    assert "Secret too old" in tiktok
    assert "since 1 Oct 2025" in tiktok
    assert "arus sources send ninjavan --account baru" in ninja
    assert others
    assert all(" OK " in row for row in others)


async def test_it_speaks_indonesian(browse):
    """Also what helps."""
    told = rows((await browse(OPERATOR).get(f"{ADDRESS}?lang=id")).text)
    assert "Ditolak tanda tangan salah , 3 mnt 00 dtk lalu" in told["xendit-kopi-senja"]
    assert "arus sources send ninjavan --account baru mencobanya" in told["ninjavan-baru"]


async def test_it_is_for_operators(browse):
    """A seller is asked for an operator's token."""
    assert (await browse(MELATI).get(ADDRESS)).status_code in (401, 403)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_it_goes_on_by_itself(services, site, language):
    """Its live pieces are those of the page, drawn anew with time: what was rejected two hours ago needs nothing."""
    room = SendersPage(site, Live(services.closing, lambda: None), services.senders.look, HEAD)
    now, later = (room.draw(Look(OPERATOR, language, at, services.report)) for at in (NOW, NOW + 2 * HOUR))
    advice = language.text(REJECTION_WORDS["bad_signature"].advice, account="kopi-senja")
    assert set(now) == {"verdict", "senders"}
    assert all(f'id="{name}"' in html for name, html in now.items())
    assert advice in now["senders"]
    assert advice not in later["senders"]


def test_what_only_tells_is_no_alarm():
    """Parcels that wait and an account that never sent do not turn the page red."""
    quiet = Sender("jnt", "toko", parked=3, last_at=NOW)
    made = seen([quiet, quiet._replace(last_at=None, parked=0)], NOW)
    assert made["verdict"] == {"tone": "good", "needing": 0, "all": 2}
    assert seen([], NOW)["verdict"]["tone"] == "quiet"


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_every_concern_can_be_drawn(site, language):
    """Each with its name, and its advice filled in."""
    told = {
        "last_at": NOW - DAY,
        "norm_ms": HOUR,
        "unmapped": 1,
        "parked": 1,
        "refusals": Refusals({"stale": 1}, "stale", NOW - MINUTE),
        "secrets": Secrets(2, (NOW - 400 * DAY,)),
    }
    everything = Sender("jnt", "toko", **told)
    made = seen([everything, Sender("jnt", "baru")], NOW)
    html = site.pieces(PIECES, language).senders(made["rows"], NOW)
    for concern in CONCERNS:
        assert language.text(CONCERN_WORDS[concern].name) in html, concern
    assert "arus sources send jnt --account toko" in html
    assert 'href="/ops/codes"' in html
    assert "%(" not in html
    assert "{" not in html
