"""A voice: one account's way of telling one order's life. It says nothing of steps that its sender does not know."""

import json
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from pipeline.settings import Account
from pipeline.simulate.lives import Step
from pipeline.simulate.purchases import Purchase
from schemas import times

Body = dict[str, Any]


class Voice:
    """Tells one order through one account; remembers what it told where its sender does."""

    source: str

    def __init__(self, purchase: Purchase) -> None:
        self.purchase = purchase
        self.account: Account = purchase.shop.accounts[self.source]

    def tell(self, step: Step) -> Iterator[Body]:
        """Gives the bodies that this sender sends of a step."""
        raise NotImplementedError

    @property
    def reference(self) -> str:
        """How this sender names the order: by the native id if that is enough, else by ours."""
        own = self.account.namespace == self.purchase.shop.accounts[self.purchase.place].namespace
        return self.purchase.native if own else self.purchase.order_id


def write(body: Body) -> bytes:
    """Writes a body as it goes over the wire."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def seconds(at: int) -> int:
    """Writes an instant in seconds since 1970."""
    return at // times.SECOND


def local(at: int, form: str, zone: tzinfo = times.WIB) -> str:
    """Writes an instant in a zone's own time."""
    return times.to_datetime(at, zone).strftime(form)
