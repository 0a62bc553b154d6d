"""What an account must say, and which accounts would be taken for another."""

import pytest

from pipeline import sources
from pipeline.settings import Settings, SettingsError, load
from schemas.times import rfc3339


def mistakes(*accounts):
    try:
        sources.check(Settings(accounts=accounts))
    except SettingsError as error:
        return str(error).splitlines()
    return []


def test_an_account_that_has_all_is_right(source, account):
    """The accounts of these tests lack nothing."""
    assert mistakes(account(source.id)) == []


def test_a_source_that_is_none_is_named(account):
    """A misspelt source is said, with those that there are."""
    (line,) = mistakes(account("tiktok"))
    assert line.startswith("accounts.0 (tiktok/main): there is no source 'tiktok'; there are tiktok_shop, shopee")


def test_an_account_without_secrets_is_said(source, account):
    """Without a secret anybody could send."""
    for secrets in ((), ("",), ("c2VjcmV0", ""))[bool(source.keys) :]:  # who publishes its keys needs none
        (line,) = mistakes(account(source.id, secrets=secrets))
        assert "secrets is missing or empty" in line


@pytest.mark.parametrize(
    ("sender", "name"), [("tiktok_shop", "app_key"), ("biteship", "header"), ("standard_webhooks", "seller")]
)
def test_what_a_sender_needs_besides_is_said(account, sender, name):
    """Each thing that a sender needs is named, with the reason."""
    (line,) = mistakes(account(sender, **{name: ""}))
    assert f"{name} is missing: " in line


def test_what_a_sender_does_not_know_is_said(account):
    """A misspelt name does not pass unnoticed."""
    (line,) = mistakes(account("tiktok_shop", appkey="x"))
    assert line.endswith("appkey is nothing that TikTok Shop needs")


def test_a_secret_that_is_none_is_said(account):
    """A secret of Standard Webhooks must be base64."""
    (line,) = mistakes(account("standard_webhooks", secrets=("whsec_not base64!",)))
    assert "base64" in line
    assert "not base64!" not in line


def test_an_old_secret_that_is_none_is_said(account):
    """Every live secret is looked at, not the newest alone."""
    (line,) = mistakes(account("standard_webhooks", secrets=("c2VjcmV0", "whsec_not base64!")))
    assert "base64" in line


def test_a_zone_that_is_none_is_said(account):
    """AfterShip's zone must exist."""
    (line,) = mistakes(account("aftership", zone="Asia/Nowhere"))
    assert "zone 'Asia/Nowhere' is none" in line


def test_a_namespace_that_is_none_is_said(account):
    """A namespace with a colon, or capitals, would not be read back from an order's id."""
    assert "'Shop:A' is no namespace" in mistakes(account("midtrans", orders="Shop:A"))[0]


def test_two_accounts_of_one_address_are_said(account):
    """An address has one account."""
    assert "is there 2 times" in mistakes(account("ninjavan"), account("ninjavan"))[0]


def test_two_merchants_who_number_alike_are_said(account):
    """Two sellers' own systems would both have an order 1001; the sentence says what helps."""
    alike = [account("standard_webhooks", name=seller, seller=seller) for seller in ("toko-a", "toko-b")]
    (line,) = mistakes(*alike)
    assert "toko-a and toko-b both number their own orders as standard_webhooks:…" in line
    apart = [account("standard_webhooks", name=s, seller=s, orders=s) for s in ("toko-a", "toko-b")]
    assert mistakes(*apart) == []


def test_sellers_of_one_marketplace_may_share_its_numbers(account):
    """A marketplace numbers no two orders alike, whoever tells of them."""
    told = [account("standard_webhooks", name=s, seller=s, orders=f"{s},tiktok_shop") for s in ("toko-a", "toko-b")]
    apps = [account("tiktok_shop", name=s, seller=s) for s in ("toko-a", "toko-b")]
    carriers = [account("ninjavan", name=s, seller=s) for s in ("toko-a", "toko-b")]
    assert mistakes(*told, *apps, *carriers) == []


def test_who_publishes_its_keys_needs_no_secret(account):
    """ShipStation's account needs none; one that is given is a key, and where keys lie is an address."""
    assert mistakes(account("shipstation", secrets=())) == []
    assert mistakes(account("shipstation", secrets=(), jwks="http://127.0.0.1:1/jwks")) == []
    assert "is no address such as https://" in mistakes(account("shipstation", secrets=(), jwks="jwks.json"))[0]
    assert "is an RSA key in PEM" in mistakes(account("shipstation", secrets=("c2VjcmV0",)))[0]


def test_more_days_than_secrets_are_said():
    """A day that belongs to no secret is a mistake; fewer days only tell less."""
    said = {"source": "ninjavan", "name": "toko", "secrets": ["new", "old"]}
    with pytest.raises(SettingsError, match="secrets_since names more days than there are secrets"):
        load(accounts=[{**said, "secrets_since": ["2026-11-24", "2025-11-20", "2024-11-20"]}])
    (account,) = load(accounts=[{**said, "secrets_since": ["2026-11-24"]}]).accounts
    assert [rfc3339(at) for at in account.since()] == ["2026-11-23T17:00:00.000Z"]  # the day begins in Jakarta
