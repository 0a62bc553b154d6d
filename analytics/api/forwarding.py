"""Forwarding: what another node keeps is asked there, with the same token, and its answer streams through."""

from collections.abc import AsyncIterator, Iterator

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics.api.problems import Problem, draw
from analytics.shards import Shard

log = structlog.get_logger()

HOPS = b"arus-hops"
"""The header that counts how often a request was passed on, so that wrong settings never make a loop."""

SHARD = b"arus-shard"
"""The header that says whose share an answer is of."""

PATIENCE = httpx.Timeout(10, connect=2, read=60)
"""An open stream says something every fifteen seconds; a large export may think for a while."""

_EXTENSIONS = {"timeout": PATIENCE.as_dict()}

_HOP_BY_HOP = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade", HOPS),
    )
)


class Elsewhere(Exception):
    """What is asked for is kept by another node; a door raises it once it knows who asks."""

    def __init__(self, node: int) -> None:
        super().__init__(node)
        self.node = node


def client() -> httpx.AsyncClient:
    """Gives what asks the other nodes: any number at once, past no proxy, and no redirect is followed."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
    return httpx.AsyncClient(limits=limits, trust_env=False)


class Forwarding:
    """Lets the app answer; asks another node where a door said so, or where an operator found nothing here."""

    def __init__(self, app: ASGIApp, shard: Shard, nodes: tuple[str, ...], asking: httpx.AsyncClient) -> None:
        self.app, self._shard, self._nodes, self._asking = app, shard, nodes, asking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, from here or from there."""
        if scope["type"] != "http" or self._shard.of == 1:
            await self.app(scope, receive, send)
            return
        request, body, answer = Request(scope), _Body(receive), _Answer(scope, send, self._shard)
        answer.may_pass_on = _hops(request) + 1 < self._shard.of
        try:
            await self.app(scope, body.hear, answer.send)
        except Elsewhere as elsewhere:
            if _hops(request):  # whoever sent it here was sure that we keep it
                await draw(request, _DISAGREE)(scope, receive, send)
                return
            await self._ask(elsewhere.node, request, body, send)
        else:
            if answer.passed_on:
                await self._ask((self._shard.number + 1) % self._shard.of, request, body, send)

    async def _ask(self, node: int, request: Request, body: "_Body", send: Send) -> None:
        """Passes the request on, and the answer back as it comes."""
        url = httpx.URL(self._nodes[node]).copy_with(raw_path=_target(request.scope))
        headers = [*_passed(request.headers.raw), (HOPS, b"%d" % (_hops(request) + 1))]
        has_body = {"content-length", "transfer-encoding"} & set(request.headers)
        content = body.again() if has_body else None
        # not by the client's build_request: that would ask for compression where the browser did not
        asked = httpx.Request(request.method, url, headers=headers, content=content, extensions=_EXTENSIONS)
        try:
            told = await self._asking.send(asked, stream=True)
        except httpx.HTTPError as error:
            log.warning("forwarding.no_answer", node=node, url=self._nodes[node], why=repr(error))
            await draw(request, _silent(node, self._shard))(request.scope, body.hear, send)
            return
        try:
            await _Through(told)(request.scope, body.hear, send)
        finally:
            await told.aclose()


class _Through(StreamingResponse):
    """Another node's answer, byte for byte; unfinished if that node breaks off, so that none takes it for whole."""

    def __init__(self, told: httpx.Response) -> None:
        super().__init__(told.aiter_raw(), told.status_code)
        self.raw_headers = list(_passed(told.headers.raw))

    async def stream_response(self, send: Send) -> None:
        """Sends what comes."""
        try:
            await super().stream_response(send)
        except httpx.HTTPError as error:
            log.warning("forwarding.broken_off", why=repr(error))


class _Body:
    """A request's body, which can be read once more from its beginning."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._chunks, self._ended = receive, list[bytes](), False

    async def hear(self) -> Message:
        """Receives the next message, and keeps what is of the body."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._chunks.append(message.get("body", b""))
            self._ended = not message.get("more_body")
        return message

    async def again(self) -> AsyncIterator[bytes]:
        """Gives what was heard, then the rest."""
        for chunk in self._chunks:
            yield chunk
        while not self._ended:
            message = await self._receive()
            self._ended = message["type"] != "http.request" or not message.get("more_body")
            yield message.get("body", b"")


class _Answer:
    """The app's own answer; withheld when an operator asked for one thing and it is not here."""

    def __init__(self, scope: Scope, send: Send, shard: Shard) -> None:
        self._scope, self._send, self._shard = scope, send, shard
        self.may_pass_on = self.passed_on = False

    async def send(self, message: Message) -> None:
        """Sends what is to be sent, and says of which shard it is."""
        if message["type"] == "http.response.start":
            self.passed_on = self.may_pass_on and message["status"] == httpx.codes.NOT_FOUND and self._is_a_look()
            message["headers"] = [*message.get("headers", ()), (SHARD, b"%d/%d" % self._shard)]
        if not self.passed_on:
            await self._send(message)

    def _is_a_look(self) -> bool:
        """Tells whether somebody who may see all asked for something, without saying whose it is."""
        return self._scope.get("state", {}).get("may_be_anywhere", False) and self._scope["method"] in ("GET", "HEAD")


def _hops(request: Request) -> int:
    told = request.headers.get(HOPS.decode(), "0")
    return int(told) if told.isdecimal() and len(told) < 4 else 1  # noqa: PLR2004  # digits: there are fewer nodes


def _target(scope: Scope) -> bytes:
    path: bytes = scope["raw_path"]
    return path + b"?" + scope["query_string"] if scope["query_string"] else path


def _passed(headers: list[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    return ((name.lower(), value) for name, value in headers if name.lower() not in _HOP_BY_HOP)


def _silent(node: int, shard: Shard) -> Problem:
    return Problem(
        "unavailable",
        f"This is asked of node {node} of the {shard.of} that share the analytics, and it does not answer. The others "
        "go on. Ask again soon; if it lasts, start `arus analytics` on its machine: what came meanwhile is read then.",
        headers={"Retry-After": "2"},
    )


_DISAGREE = Problem(
    "unavailable",
    "The analytics nodes do not agree who keeps this: analytics.shards must be the same list on each of them, and "
    "analytics.shard its own place in that list.",
    headers={"Retry-After": "10"},
)
