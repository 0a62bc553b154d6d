"""One gateway and one intake, and what must hold of each body that is posted to them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

import httpx

from agents.intake import intake_agent
from agents.matching import match
from agents.stocking import stock
from agents.tracking import track
from pipeline import codec
from pipeline.gateway.app import build
from pipeline.settings import Account, Gateway, Kafka, Settings
from pipeline.sources import SOURCES, Refused, Request, Signed, Untranslatable
from pipeline.sources.apis import APIS
from pipeline.sources.apis.api import Ask, Tokens
from pipeline.streams import testing
from pipeline.streams.agent import Buried, Message
from pipeline.streams.testing import Given, Outcome
from schemas.deliveries import Delivery
from tests import keys
from tests.fuzz.bodies import NOW

SECRET, ANOTHER = "5ec2e7c0ffee5ec2e7c0ffee", "0ddba11c0ddba11c"
HOST = "http://gateway.example"
PATH = re.compile(r"\S+(:| )")
"""How the detail of a value that is wrong begins: with where it lies."""


NEXT = (match, track, stock)
"""The steps that read what intake tells, and what they tell each other."""


class Recorder:
    """Takes what the gateway would write into Kafka, as Kafka would get it."""

    def __init__(self) -> None:
        self.kept: list[tuple[bytes, bytes, list[tuple[str, bytes]]]] = []

    async def keep(self, delivery: Delivery) -> None:
        """Keeps a record."""
        self.kept.append((delivery.key, delivery.body, delivery.record_headers()))


class Result(NamedTuple):
    """What came of a body: `status` of the answer, what it told, or the fault."""

    status: int
    events: int
    cause: str
    fault: str


class Trial:
    """Posts bodies to one sender's address."""

    def __init__(self, source: str) -> None:
        self.source = SOURCES[source]
        self.account, self.stranger = account(source, first=True), account(source, first=False)
        settings = Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1"), gateway=Gateway(), accounts=(self.account,))
        self._gateway, self._recorder = build(settings, lambda: NOW), Recorder()
        self._gateway.producer = self._recorder  # type: ignore[assignment]  # it keeps what the real one would write
        self._intake = intake_agent(settings)
        self._path = f"/webhooks/{source}/main"

    def signed(self, body: bytes, *, by_stranger: bool) -> Signed | None:
        """Gives the body as this sender would send it; None where it is no body that it could sign."""
        owner = self.stranger if by_stranger else self.account
        try:
            return self.source.scheme.sign(body, owner, NOW, HOST + self._path)
        except Exception:  # noqa: BLE001  # a sender that proves itself inside its JSON cannot sign what is none
            return None

    async def post(self, body: bytes, headers: Mapping[str, str], proof: str) -> Result:
        """Posts one body; `proof` is right, wrong or none."""
        signed = None if proof == "none" else self.signed(body, by_stranger=proof == "wrong")
        told = signed or Signed(body, {})
        fields = {**headers, **{name.lower(): value for name, value in told.headers.items()}}
        self._recorder.kept.clear()
        status = await self._answer(told, fields)
        return self._judged(status, told, fields, must=signed is not None and proof == "right" and self._proves(signed))

    def _proves(self, signed: Signed) -> bool:
        """Tells whether a body is proved: one that bears its own proof may have lost what the proof is made of."""
        if signed.headers or signed.query:
            return True
        try:
            self.source.scheme.verify(self.account, Request(signed.body, {}, HOST + self._path, NOW))
        except Refused:
            return False
        return True

    async def _answer(self, told: Signed, fields: Mapping[str, str]) -> int:
        left = [{"type": "http.request", "body": told.body, "more_body": False}]
        heard: list[int] = []

        async def receive() -> dict[str, object]:
            return left.pop() if left else {"type": "http.disconnect"}

        async def send(message: Mapping[str, object]) -> None:
            if message["type"] == "http.response.start":
                heard.append(int(str(message["status"])))

        pairs = [(name.encode("latin-1"), text.encode("latin-1", "replace")) for name, text in fields.items()]
        scope = {"type": "http", "method": "POST", "path": self._path, "scheme": "http"}
        known = {"headers": [*pairs, (b"host", b"gateway.example")], "query_string": told.query.encode()}
        await self._gateway({**scope, **known}, receive, send)
        return heard[0]

    def _judged(self, status: int, told: Signed, fields: Mapping[str, str], *, must: bool) -> Result:
        kept, is_fine = list(self._recorder.kept), 200 <= status < 300  # 2xx
        if status >= 500:  # 5xx
            return Result(status, 0, "", f"answered {status}")
        is_trial = self.source.is_challenge(Request(told.body, fields, HOST + self._path, NOW, told.query))
        if must and not is_fine and len(told.body) <= Gateway().max_body_bytes:
            return Result(status, 0, "", f"signed as its sender does, and answered {status}")
        if is_fine != (len(kept) == 1) and not (is_trial and is_fine and not kept):
            return Result(status, 0, "", f"answered {status}, and {len(kept)} records were written")
        if not kept:
            return Result(status, 0, "", "")
        if kept[0][1] != told.body:
            return Result(status, 0, "", "the record is not the body as it came")
        return self._taken(status, kept[0])

    def _taken(self, status: int, record: tuple[bytes, bytes, list[tuple[str, bytes]]]) -> Result:
        """Has intake read the record, twice."""
        key, body, headers = record
        try:
            first, again = (testing.run(self._intake, [Given(key, body, headers, timestamp=NOW)]) for _ in range(2))
            told = [codec.decode(dict(m.headers)["type"], m.value or b"") for m in first.messages]
            left = list(_followed(first.messages))
            self._ask(Delivery.read(key, body, dict(headers), at=(0, 0, NOW)))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a fault
            return Result(status, 0, "", f"{type(error).__name__}: {error}"[:300])
        fault = _wrong(first, again) or (f"a later step buries it: {left[0].cause}: {left[0].detail}" if left else "")
        return Result(status, len(told), first.buried[0].cause if first.buried else "", fault)

    def _ask(self, delivery: Delivery) -> None:
        """Puts the questions that the delivery leaves open, where its sender can be asked. Raises what they raise."""
        api = APIS.get(self.source.id)
        if api is None:
            return
        with suppress(Untranslatable):
            for ask in api.asks(delivery):
                call = api.call(self.account, Tokens("access", "refresh"), ask, NOW)
                if Ask.read(str(ask)) != ask or not httpx.URL(call.url).host:
                    raise ValueError(f"nobody can put {ask}")


def _followed(messages: Iterable[Message]) -> Iterator[Buried]:
    """Hands on what intake tells, step by step; gives what any of them cannot take."""
    for message in messages:
        for step in NEXT:
            if message.topic in step.topics:
                given = Given(message.key, message.value, message.headers)
                done = testing.run(step, [given], topic=message.topic, now=NOW)
                yield from done.buried
                yield from _followed(done.messages)


def _wrong(first: Outcome, again: Outcome) -> str:
    if (first.messages, first.buried) != (again.messages, again.buried):
        return "the same body was understood in two ways"
    for letter in first.buried:
        if not letter.detail or (letter.cause == "invalid" and not PATH.match(letter.detail)):
            return f"the dead letter does not name what is wrong: {letter.cause}: {letter.detail}"
    return ""


def account(source: str, *, first: bool) -> Account:
    """Gives an account that has all its sender needs, with one secret or the other."""
    secret = SECRET if first else ANOTHER
    if source == "shipstation":
        secret = keys.NEW if first else keys.OLD
    said = {"source": source, "name": "main", "secrets": (secret,), "orders": "toko"}
    return Account(**{**said, **SOURCES[source].example})
