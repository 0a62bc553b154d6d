"""Reconciliation: asks a sender what changed since the last time, for webhooks that it could not deliver."""

from collections.abc import AsyncIterator, Iterator
from itertools import product

from pipeline.completion.answers import Keeper, delivery_of, keep
from pipeline.completion.client import Client
from pipeline.completion.memory import Memory
from pipeline.sources.apis.api import Ask, Change, Span, Unwell
from pipeline.sources.source import Untranslatable
from schemas.times import DAY, MINUTE

OVERLAP = 10 * MINUTE
"""Each look begins so long before the end of the last one: a sender's own index may lag."""
FIRST_LOOK = 7 * DAY
"""How far the first look goes back: longer than any sender repeats a webhook."""
LONGEST_LOOK = 30 * DAY


def since(memory: Memory, now: int) -> int:
    """Tells where the next look begins."""
    until = memory.reconciled_until()
    return max(until - OVERLAP, now - LONGEST_LOOK) if until else now - FIRST_LOOK


def spans(begin: int, until: int, longest: int | None) -> Iterator[Span]:
    """Cuts a span into such as a sender lets us ask for, the oldest first."""
    while longest and until - begin > longest:
        yield Span(begin, begin + longest)
        begin += longest
    yield Span(begin, until)


async def pages(client: Client, begin: int, until: int) -> AsyncIterator[tuple[Ask, bytes, list[Change]]]:
    """Gives each page of what changed, with what is on it. Raises Failed."""
    for what, span in product(client.api.searches, list(spans(begin, until, client.api.longest_span))):
        asked, seen = span, {""}
        while True:
            body = await client.search(what, asked)
            try:
                changes, cursor = client.api.changes(body), client.api.next_page(body, asked)
            except Untranslatable as error:
                raise Unwell(f"a page of {what} cannot be read: {error.detail}") from error
            if changes:
                yield Ask(what, f"{span.since}-{span.until}"), body, changes
            if cursor in seen:
                break
            seen.add(cursor)
            asked = span._replace(cursor=cursor)


async def reconcile(client: Client, memory: Memory, keeper: Keeper, begin: int, now: int) -> list[Change]:
    """Keeps each page as a delivery, and then remembers how far it looked. Gives what there was. Raises Failed."""
    found = []
    async for ask, body, changes in pages(client, begin, now):
        await keep(keeper, delivery_of(client.api, client.account, ask, body, now=now))
        found += changes
    if begin <= since(memory, now):
        memory.keep_reconciled(now)
    return found
