"""What sellers do with their own endpoint: each change is a record in Kafka, made of what is loaded, and waited for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from msgspec.structs import replace

from analytics.access import Viewer
from analytics.api.problems import Problem
from analytics.api.services import Services
from pipeline import codec
from pipeline.endpoints import guard, message
from schemas.endpoints import Endpoint, Standing, Wish, audience_of
from schemas.messages import KINDS
from schemas.notices import Notice

PATIENCE, PAUSE = 3.0, 0.05
"""Seconds that a change waits to be loaded, and between two looks."""

AT_ONCE = 1_000
"""Messages that are sent again at one time."""

_changing: set[str] = set()
_looking = threading.Lock()


@contextmanager
def _alone(viewer: Viewer) -> Iterator[None]:
    """Has a seller's changes one at a time: each is made of what is loaded, and two could undo each other.

    Raises a Problem where one is under way: one that waited would hold up everybody's requests.
    """
    with _looking:
        if viewer.id in _changing:
            raise Problem("too-many", "Another change of this endpoint is under way: ask again in a few seconds.")
        _changing.add(viewer.id)
    try:
        yield
    finally:
        _changing.discard(viewer.id)


def find(ours: Services, viewer: Viewer) -> tuple[Endpoint, Standing]:
    """Gives what a seller has set and how it does; of one who has set nothing an endpoint without a URL."""
    rows = ours.report("endpoint", viewer)
    if not rows:
        return Endpoint(viewer.id), Standing(viewer.id)
    return msgspec.convert(rows[0], Endpoint), msgspec.convert(rows[0], Standing)


def change(ours: Services, viewer: Viewer, url: str, messages: list[str] | None) -> str:
    """Sets the URL and what goes there, and gives the secret if that made one. Raises a Problem when nothing may."""
    try:
        if url:
            guard.read_url(url, private=ours.settings.endpoints.private)
    except guard.Forbidden as error:
        raise Problem("invalid", f"url: {error}.") from error
    with _alone(viewer):
        endpoint, standing = find(ours, viewer)
        made = "" if endpoint.secret else message.make_secret()
        since = endpoint.since if endpoint.url else ours.now()
        kinds = endpoint.messages if messages is None else [kind for kind in KINDS if kind in messages]
        changed = replace(endpoint, url=url, secret=endpoint.secret or made, since=since, messages=kinds)
        _keep(ours, viewer, changed)
    if standing.paused_at and url not in ("", endpoint.url):
        resume(ours, viewer)
    return made


def renew(ours: Services, viewer: Viewer) -> str:
    """Makes a new secret, and gives it."""
    with _alone(viewer):
        endpoint = _there(ours, viewer)
        made, until = message.make_secret(), ours.now() + message.BOTH_SIGN
        _keep(ours, viewer, replace(endpoint, secret=made, former=endpoint.secret, former_until=until))
    return made


def resume(ours: Services, viewer: Viewer) -> None:
    """Lets a paused endpoint work again, and waits until it is known to."""
    _there(ours, viewer)
    _wish(ours, Wish(viewer.id, "resume", ours.now()), audience_of(viewer.id))
    _wait(lambda: not find(ours, viewer)[1].paused_at)


def test(ours: Services, viewer: Viewer) -> None:
    """Sends a message that tells nothing."""
    _there(ours, viewer)
    now, audience = ours.now(), audience_of(viewer.id)
    notice = Notice(f"{viewer.id}/{message.TEST}/{now}", audience, message.TEST, "", now, "")
    _wish(ours, Wish(viewer.id, "send", now, notice), audience)


def resend(ours: Services, viewer: Viewer, **which: str) -> int:
    """Sends messages again, and gives how many."""
    _there(ours, viewer)
    rows = ours.report("sendings", viewer, **which, limit=AT_ONCE)
    for row in rows:
        notice = msgspec.convert(row | {"values": msgspec.json.decode(row["told"] or "{}")}, Notice)
        _wish(ours, Wish(viewer.id, "send", ours.now(), notice), notice.audience)
    return len(rows)


def _there(ours: Services, viewer: Viewer) -> Endpoint:
    endpoint, _ = find(ours, viewer)
    if not endpoint.url:
        raise Problem("conflict", "There is no endpoint yet: set its URL first.")
    return endpoint


def _keep(ours: Services, viewer: Viewer, endpoint: Endpoint) -> None:
    changed = replace(endpoint, changed_at=max(ours.now(), endpoint.changed_at + 1))
    ours.write_record("endpoints", audience_of(viewer.id).encode(), codec.encode(changed))
    _wait(lambda: find(ours, viewer)[0] == changed)


def _wish(ours: Services, wish: Wish, audience: str) -> None:
    ours.write_record("endpoint.wishes", audience.encode(), codec.encode(wish))


def _wait(is_there: Callable[[], bool]) -> None:
    """Waits a while for what was asked to be loaded; it will be, if it is not by then."""
    until = time.monotonic() + PATIENCE
    while not is_there() and time.monotonic() < until:
        time.sleep(PAUSE)
