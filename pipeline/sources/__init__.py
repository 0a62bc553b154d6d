"""Senders: how each proves itself, numbers and retries, and what its words mean. SOURCES lists them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pipeline.settings import Account, Settings, SettingsError
from pipeline.sources import apis, generic
from pipeline.sources.aggregators import (
    biteship,
    easyparcel,
    easypost,
    kiriminaja,
    sendcloud,
    shipper_id,
    shippo,
    shiprocket,
    shipstation,
)
from pipeline.sources.carriers import dhl, fedex, jnt, ninjavan, ups
from pipeline.sources.files import File, stock_csv
from pipeline.sources.marketplaces import lazada, shopee, shopify, tiktok_shop
from pipeline.sources.own import cloudevents, standard_webhooks, svix
from pipeline.sources.payments import adyen, midtrans, stripe, xendit
from pipeline.sources.source import (
    CannotSign,
    Manners,
    Refused,
    Request,
    Retries,
    Signed,
    Source,
    Untranslatable,
)
from pipeline.sources.trackers import aftership, track17, trackingmore
from schemas.deliveries import Delivery
from schemas.events import Event

__all__ = [
    "FILES",
    "SOURCES",
    "CannotSign",
    "Manners",
    "Refused",
    "Request",
    "Retries",
    "Signed",
    "Source",
    "Untranslatable",
    "account_of",
    "check",
    "translate",
]

SOURCES: dict[str, Source] = {
    module.SOURCE.id: module.SOURCE
    for module in (
        tiktok_shop,
        shopee,
        lazada,
        shopify,
        biteship,
        shipper_id,
        kiriminaja,
        ninjavan,
        jnt,
        easyparcel,
        easypost,
        shippo,
        shipstation,
        shiprocket,
        sendcloud,
        aftership,
        track17,
        trackingmore,
        dhl,
        ups,
        fedex,
        midtrans,
        xendit,
        stripe,
        adyen,
        standard_webhooks,
        svix,
        cloudevents,
        generic,
    )
}


FILES: dict[str, File] = {stock_csv.ID: File(stock_csv.account, stock_csv.translate)}
"""Files that sellers hand in themselves: nobody posts them, and each seller has an account without asking."""

MARKETPLACES = frozenset(source.id for source in SOURCES.values() if source.orders_by == "marketplace")
NAMESPACE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


def account_of(delivery: Delivery, settings: Settings) -> Account:
    """Finds the account through which a delivery came. Raises Untranslatable when there is none."""
    if delivery.source in FILES:
        return FILES[delivery.source].account(delivery.account)
    account = settings.account(delivery.source, delivery.account)
    if account is None:
        raise Untranslatable("unknown_account", f"no account {delivery.source}/{delivery.account} is set up")
    return account


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the events of a delivery: always the same ones, with the same ids, and no clock is asked.

    Raises Untranslatable when no retry can mend it.
    """
    if delivery.source in FILES:
        return FILES[delivery.source].translate(delivery, account)
    source = SOURCES.get(delivery.source)
    if source is None:
        raise Untranslatable("unknown_source", f"no sender {delivery.source!r} is known")
    if not delivery.asked:
        return source.translate(delivery, account)
    if delivery.source not in apis.APIS:
        raise Untranslatable("unknown_answer", f"it is not known what {source.title} answers when it is asked")
    return apis.APIS[delivery.source].translate(delivery, account)


def check(settings: Settings) -> None:
    """Makes sure that every account has what its sender needs. Raises SettingsError with one sentence per mistake."""
    mistakes = [
        f"accounts.{place} ({account.source}/{account.name}): {why}"
        for place, account in enumerate(settings.accounts)
        for why in _mistakes(account, settings)
    ]
    if mistakes := mistakes or list(_confused(settings.accounts)):
        raise SettingsError("\n".join(mistakes))


def _mistakes(account: Account, settings: Settings) -> Iterator[str]:
    """Tells what is missing or wrong in one account."""
    source = SOURCES.get(account.source)
    if source is None:
        yield f"there is no source {account.source!r}; there are {', '.join(SOURCES)}"
        return
    said = {name for name in account.extras() if account.extra(name)} | ({"seller"} if account.seller else set())
    for name, why in source.needs.items():
        if name not in said:
            yield f"{name} is missing: {why}"
    for name in sorted(account.extras() - source.needs.keys() - source.takes.keys()):
        yield f"{name} is nothing that {source.title} needs"
    yield from apis.mistakes(account)
    for namespace in account.namespaces:
        if not NAMESPACE.fullmatch(namespace):
            yield f"orders: {namespace!r} is no namespace: small letters, digits, '_', '-' and '.'"
    if not (account.secrets or source.keys) or not all(account.live_secrets()):
        yield "secrets is missing or empty: whoever sends must prove it"
        return
    try:
        source.check_account(account)
        for secret in account.secrets:
            alone = account.model_copy(update={"secrets": (secret,)})
            with suppress(CannotSign):
                source.scheme.sign(b"{}", alone, 0, settings.gateway.public_url)
    except ValueError as error:
        yield str(error)


def _confused(accounts: Sequence[Account]) -> Iterator[str]:
    """Tells which accounts would be taken for another: two of one address, or two merchants who number alike."""
    addresses = Counter((account.source, account.name) for account in accounts)
    for (source, name), times in addresses.items():
        if times > 1:
            yield f"accounts: {source}/{name} is there {times} times; an address has one account"
    owners: dict[str, set[str]] = defaultdict(set)
    for account in accounts:
        for namespace in _numbered_by_merchants(account):
            owners[namespace].add(account.seller)
    for namespace, sellers in owners.items():
        if len(sellers) > 1:
            yield (
                f"accounts: {' and '.join(sorted(sellers))} both number their own orders as {namespace}:…, "
                "so that one's 1001 would be the other's; give the accounts of each an `orders` of their own"
            )


def _numbered_by_merchants(account: Account) -> Iterator[str]:
    """Gives the namespaces in which this account brings in a seller's own numbers, not those of a marketplace."""
    silent = SOURCES[account.source].orders_by == "nobody" and not account.orders
    if account.seller and not silent:
        yield from (name for name in account.namespaces if name not in MARKETPLACES)
