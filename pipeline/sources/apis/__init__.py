"""APIS: the senders whose thin webhooks can be completed, by asking what they leave out."""

from collections.abc import Iterator

from pipeline.settings import Account
from pipeline.sources.apis import lazada, shopee, tiktok_shop
from pipeline.sources.apis.api import Api

__all__ = ["APIS", "api_of", "mistakes", "reconcile_every"]

APIS: dict[str, Api] = {api.source: api for api in (tiktok_shop.API, shopee.API, lazada.API)}
"""Source → how it is asked. Senders that are not here are understood by their webhooks alone."""


EVERYBODY = {"reconcile_every": "seconds after which it is asked what it did not deliver; 900 unless said, 0 = never"}
"""What any account may say under `api`."""


def api_of(account: Account) -> Api | None:
    """Gives how this account's sender is asked; None when it has no credentials, or the sender nothing to ask."""
    return APIS.get(account.source) if account.api else None


def reconcile_every(account: Account) -> float:
    """Tells after how many seconds the sender is asked what it did not deliver; 0 = never."""
    return float(account.credential("reconcile_every") or 900)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def mistakes(account: Account) -> Iterator[str]:
    """Tells what is missing or wrong in what an account says under `api`, a sentence each."""
    if not account.api:
        return
    api = APIS.get(account.source)
    if api is None:
        yield f"api: {account.source} cannot be asked for details; of these it is known how: {', '.join(APIS)}"
        return
    for name, why in api.needs.items():
        if not account.credential(name):
            yield f"api.{name} is missing: {why}"
    if not _is_number(account.credential("reconcile_every") or "0"):
        yield "api.reconcile_every is no number of seconds"
    for name in sorted(account.api.keys() - api.needs.keys() - api.takes.keys() - EVERYBODY.keys()):
        yield f"api.{name} is nothing that is needed to ask {account.source}"
    yield from api.check(account)
