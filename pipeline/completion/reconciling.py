"""Reconciliation: asks a sender what changed since the last time, for webhooks that it could not deliver."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import structlog

from pipeline.completion.answers import Keeper, delivery_of, keep
from pipeline.completion.client import Client
from pipeline.completion.memory import Memory
from pipeline.sources.apis.api import Ask, Change, Declined, Span, Unwell
from pipeline.sources.source import Untranslatable
from schemas.times import DAY, MINUTE

log = structlog.get_logger("completion")

OVERLAP = 10 * MINUTE
"""Each look begins so long before the end of the last one: a sender's own index may lag."""
FIRST_LOOK = 7 * DAY
"""How far the first look goes back: longer than any sender repeats a webhook."""
LONGEST_LOOK = 30 * DAY


class Page(NamedTuple):
    """One page of what changed: what it answers, as it came, and what is on it."""

    ask: Ask
    body: bytes
    changes: list[Change]


def since(memory: Memory, now: int, what: str = "") -> int:
    """Tells where the next look begins, of one search or of the one that is farthest behind."""
    until = memory.reconciled_until(what)
    return max(until - OVERLAP, now - LONGEST_LOOK) if until else now - FIRST_LOOK


def spans(begin: int, until: int, longest: int | None) -> Iterator[Span]:
    """Cuts a span into such as a sender lets us ask for, the oldest first."""
    while longest and until - begin > longest:
        yield Span(begin, begin + longest)
        begin += longest
    yield Span(begin, until)


async def pages(client: Client, begin: int, until: int) -> AsyncIterator[Page]:
    """Gives each page of what changed, of every search. Raises Failed."""
    for what in client.api.searches:
        async for page in _pages(client, what, begin, until):
            yield page


async def _pages(client: Client, what: str, begin: int, until: int) -> AsyncIterator[Page]:
    for span in spans(begin, until, client.api.longest_span):
        asked, seen = span, {""}
        while True:
            body = await client.search(what, asked)
            try:
                changes, cursor = client.api.changes(body), client.api.next_page(body, asked)
            except Untranslatable as error:
                raise Unwell(f"a page of {what} cannot be read: {error.detail}") from error
            if changes:
                yield Page(Ask(what, f"{span.since}-{span.until}"), body, changes)
            if cursor in seen:
                break
            seen.add(cursor)
            asked = span._replace(cursor=cursor)


async def reconcile(client: Client, memory: Memory, keeper: Keeper, begin: int | None, now: int) -> list[Change]:
    """Keeps each page as a delivery, and then remembers how far it looked; gives what there was.

    A search that is declined keeps no other back, and is made from where it stands the next time. Raises Failed.
    """
    found = []
    for what in client.api.searches:
        usual = since(memory, now, what)
        start = usual if begin is None else begin
        try:
            async for ask, body, changes in _pages(client, what, start, now):
                await keep(keeper, delivery_of(client.api, client.account, ask, body, now=now))
                found += changes
        except Declined as error:
            log.warning("completion.search_declined", account=client.name, asked=what, why=str(error))
        else:
            if start <= usual:
                # in a thread: a question may hold the lock while this loop waits for its token
                await asyncio.to_thread(memory.keep_reconciled, what, now)
    return found
