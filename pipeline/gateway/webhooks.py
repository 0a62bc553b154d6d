"""Webhooks come in here: the gateway as an ASGI application.

Each account has one door, `/webhooks/{source}/{account}`. There a request is read, proved over its raw body, wrapped
untouched, kept in Kafka, and only then answered, as its sender needs to hear it.
"""

import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import structlog

from pipeline import sources
from pipeline.gateway import answers
from pipeline.gateway.answers import Answer, TurnedAway
from pipeline.gateway.bodies import Bodies, Gone, Message, Receive
from pipeline.gateway.counters import Counters, DoorCounters
from pipeline.gateway.keys import Keys
from pipeline.gateway.producer import Producer
from pipeline.settings import Account, Settings
from pipeline.sources import SOURCES, Refused, Request, Source
from pipeline.sources.rsa import KeysWanted, Rsa
from schemas.deliveries import Delivery

Scope = Mapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

KEPT_HEADERS = ("content-type", "user-agent")
LONGEST_HEADER = 500

log = structlog.get_logger("gateway")


@dataclass(frozen=True)
class Door:
    """Where one account's webhooks come in."""

    source: Source
    account: Account
    count: DoorCounters
    kept: Answer

    def deliver(self, request: Request) -> Delivery:
        """Wraps a proved request untouched; of its headers only what tells of it, nothing that proves it."""
        kept = {
            name: request.headers[name][:LONGEST_HEADER]
            for name in (*KEPT_HEADERS, *self.source.kept_headers)
            if name in request.headers
        }
        dedupe_id = self.source.dedupe_id(request)
        return Delivery(self.source.id, self.account.name, dedupe_id, request.body, request.received_at, kept)


class Gateway:
    """The application; `clock` gives milliseconds since 1970."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        sources.check(settings)
        self.clock = clock
        self.public_url = settings.gateway.public_url.rstrip("/")
        self.producer = Producer(settings.kafka)
        self.keys = Keys(clock)
        self.bodies = Bodies(settings.gateway.max_body_bytes)
        self.counters = Counters(self.producer.silence)
        self.doors = {path: door for account in settings.accounts for path, door in self._doors(account)}
        self.pages = {"/healthz": self.health, "/readyz": self.readiness, "/metrics": self.metrics}

    def _doors(self, account: Account) -> Iterator[tuple[str, Door]]:
        source = SOURCES[account.source]
        count = self.counters.door(account.source, account.name)
        door = Door(source, account, count, answers.kept(source.manners))
        yield from ((f"/webhooks/{word}/{account.name}", door) for word in source.words)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or lives with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                answer = await self._answer(scope, receive)
            except Gone:
                return
            await _send(send, answer)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.producer.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.producer.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if door := self.doors.get(path):
            if method == "POST":
                return await self._webhook(door, scope, receive)
            if method == "OPTIONS" and door.source.greet:
                return _greeting(door.source.greet(door.account, _headers(scope)))
            what = f"Here {door.source.title} posts its webhooks ({door.source.tells}); there is nothing to {method}."
            return self._stray(answers.problem(405, what, allow="POST"))
        if page := self.pages.get(path):
            if method in ("GET", "HEAD"):
                return await page()
            return self._stray(answers.problem(405, f"{path} can only be read.", allow="GET, HEAD"))
        return self._stray(answers.problem(404, _no_such(path)))

    def _stray(self, answer: Answer) -> Answer:
        self.counters.strays.labels(answer.status).inc()
        return answer

    async def _webhook(self, door: Door, scope: Scope, receive: Receive) -> Answer:
        """Takes one webhook in and counts what became of it."""
        started = time.perf_counter()
        try:
            await self._take(door, scope, receive)
        except Refused as error:
            door.count.refused(error.reason).inc()
            answer = answers.refused(door.source.manners, error)
        except TurnedAway as error:
            door.count.errors(error.reason).inc()
            answer = answers.turned_away(door.source.manners, error)
        except Gone:
            door.count.errors("gone").inc()
            raise
        except Exception as error:  # noqa: BLE001  # a mistake of ours: the sender must come again, and we must know
            trace = traceback.format_exc()
            log.error(  # noqa: TRY400  # log.exception may render locals, and with them secrets
                "gateway.bug", source=door.source.id, account=door.account.name, trace=trace
            )
            door.count.errors("bug").inc()
            answer = answers.turned_away(
                door.source.manners, TurnedAway("bug", f"a mistake of ours: {type(error).__name__}")
            )
        else:
            answer = door.kept
        door.count.seconds.observe(time.perf_counter() - started)
        return answer

    async def _take(self, door: Door, scope: Scope, receive: Receive) -> None:
        """Returns when the webhook is kept. Raises Refused, TurnedAway or Gone when it is not."""
        headers = _headers(scope)
        body = await self.bodies.read(receive, headers)
        query = scope["query_string"].decode("latin-1")
        request = Request(body, headers, self._url(scope, headers), self.clock(), query)
        if door.source.is_challenge(request):
            door.count.challenges.inc()
            return
        await self._prove(door, request)
        await self.producer.keep(door.deliver(request))
        door.count.accepted.inc()
        door.count.bytes.inc(len(body))

    async def _prove(self, door: Door, request: Request) -> None:
        """Returns when the request is proved, by a key fetched for it if need be. Raises Refused or TurnedAway."""
        try:
            door.source.scheme.verify(door.account, request)
        except KeysWanted as wanted:
            await self.keys.renew(cast("Rsa", door.source.scheme), wanted.url)
            door.source.scheme.verify(door.account, request)

    def _url(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Gives the address as the sender wrote it: some sign it."""
        origin = self.public_url or f"{scope['scheme']}://{headers.get('host', '')}"
        return origin + str(scope["path"])

    async def health(self) -> Answer:
        """Tells that the process answers."""
        return _text("ok")

    async def readiness(self) -> Answer:
        """Tells whether Kafka would take a webhook now."""
        why_not = await self.producer.ready()
        return answers.problem(503, f"{why_not}.", retry_after=str(answers.RETRY_AFTER)) if why_not else _text("ok")

    async def metrics(self) -> Answer:
        """Gives the counters as Prometheus reads them."""
        return Answer(200, self.counters.text(), ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),))


def _headers(scope: Scope) -> dict[str, str]:
    """Reads the headers; values of one that is there more than once are put together as `Request` says."""
    pairs = scope["headers"]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
    if len(headers) == len(pairs):
        return headers
    told: dict[str, list[str]] = {}
    for name, value in pairs:
        told.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: "\n".join(values) for name, values in told.items()}


def _greeting(headers: Mapping[str, str]) -> Answer:
    """Answers a sender that asks whether it may send here."""
    return Answer(
        200, b"", ((b"allow", b"POST"), *((n.encode(), text.encode("latin-1")) for n, text in headers.items()))
    )


def _no_such(path: str) -> str:
    """Says what is wrong with an address."""
    source, _, account = path.removeprefix("/webhooks/").partition("/")
    if not path.startswith("/webhooks/") or not account:
        return "Webhooks are posted to /webhooks/{source}/{account}."
    titles = {word: known.title for known in SOURCES.values() for word in known.words}
    if source not in titles:
        return f"There is no source of that name; there are {', '.join(SOURCES)}."
    return f"There is no account of that name for {titles[source]}; accounts stand in arus.toml."


def _text(text: str) -> Answer:
    return Answer(200, text.encode(), ((b"content-type", b"text/plain; charset=utf-8"),))


async def _send(send: Send, answer: Answer) -> None:
    headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
