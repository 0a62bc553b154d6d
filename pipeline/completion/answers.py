"""Answers as deliveries: they go where webhooks go."""

import asyncio
from collections.abc import Collection
from typing import Protocol

from pipeline.completion.questions import ANSWERS, Place, write_places
from pipeline.gateway.answers import TurnedAway
from pipeline.settings import Account
from pipeline.sources.apis.api import Api, Ask
from schemas.deliveries import ASKED, Delivery
from schemas.ids import digest

PAUSE = 0.5
"""Seconds until Kafka is tried again."""


class Keeper(Protocol):
    """Whoever writes deliveries into Kafka: the gateway's producer."""

    async def keep(self, delivery: Delivery) -> None:
        """Returns when Kafka has it. Raises TurnedAway when it has not."""


def delivery_of(  # noqa: PLR0913  # what an answer consists of
    api: Api, account: Account, ask: Ask, body: bytes, *, now: int, places: Collection[Place] = ()
) -> Delivery:
    """Wraps an answer untouched; the same thing answered again has the same dedupe id, and is taken once."""
    headers = {"content-type": "application/json", ASKED: str(ask)}
    if places:
        headers[ANSWERS] = write_places(places)
    said = digest(ask.what, api.content(body))
    return Delivery(account.source, account.name, f"asked.{said}", body, now, headers)


async def keep(keeper: Keeper, delivery: Delivery) -> None:
    """Returns when Kafka has the answer, however long Kafka is away."""
    while True:
        try:
            return await keeper.keep(delivery)
        except TurnedAway:
            await asyncio.sleep(PAUSE)
