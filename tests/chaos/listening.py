"""A seller's own system during a round: what the seller's inbox is told must come to it, whatever becomes of notify."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from tests.chaos.ground import PATIENCE, Ground
from tests.journeys.system import until
from tests.pipeline.endpoints.receiver import Receiver

A_PAGE = 500


class Listener:
    """The receiver at a seller's endpoint, and the inbox from the moment on when the endpoint was set."""

    def __init__(self, http: httpx.Client, receiver: Receiver) -> None:
        """`http` asks as the seller. Waits until the first message came: what the inbox is told after it must come."""
        self._http, self._receiver = http, receiver
        http.put("/v1/endpoint", json={"url": receiver.url}).raise_for_status()
        receiver.secret = http.post("/v1/endpoint/secret").raise_for_status().json()["secret"]
        self.probe()
        newest = http.get("/v1/notices", params={"limit": 1}).json()["notices"]
        self._after = newest[0]["seq"] if newest else 0

    def probe(self) -> None:
        """Has a test message sent and waits until it came."""
        came = self._receiver.kinds().count("test")
        self._http.post("/v1/endpoint/test").raise_for_status()
        until(lambda: self._receiver.kinds().count("test") > came, PATIENCE)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Answers nothing during the block, which begins when a message of it is under way."""
        answered = self._receiver.attempts.total()
        self._receiver.gate.clear()
        try:
            until(lambda: self._receiver.attempts.total() > answered, PATIENCE)
            yield
        finally:
            self._receiver.gate.set()

    def wrong(self) -> list[str]:
        """Waits until all has come, or for long enough, and gives a sentence for each thing that does not hold."""
        try:
            until(lambda: not self._judged(), PATIENCE)
        except AssertionError:
            return self._judged()
        return []

    def _judged(self) -> list[str]:
        came = defaultdict[str, set[str]](set)
        for name, told in dict(self._receiver.messages).items():
            came[told["data"]["notice_id"]].add(name)
        sent = self._http.get("/v1/endpoint").json()["sent"]
        return [*judged(self._inbox(), came, sent), *self._receiver.refused]

    def _inbox(self) -> set[str]:
        found, after = set[str](), self._after
        while True:
            page = self._http.get("/v1/notices", params={"after": after, "limit": A_PAGE}).json()["notices"]
            found |= {notice["notice_id"] for notice in page}
            if len(page) < A_PAGE:
                return found
            after = page[-1]["seq"]


def judged(inbox: set[str], came: Mapping[str, set[str]], sent: Mapping[str, int]) -> list[str]:
    """Gives what does not hold. came: notice → each webhook-id under which it came. sent: state → messages."""
    lost, doubled = inbox - came.keys(), [notice for notice, names in came.items() if len(names) > 1]
    stuck = {state: count for state, count in sent.items() if state != "delivered" and count}
    wrong = [] if inbox else ["the inbox was told nothing"]
    wrong += [f"{len(lost)} of {len(inbox)} notices did not come to the endpoint"] if lost else []
    wrong += [f"{len(doubled)} notices came under two names"] if doubled else []
    return wrong + [f"{count} messages are {state}" for state, count in stuck.items()]


@contextmanager
def listening(ground: Ground) -> Iterator[Listener]:
    """Sets the endpoint of a seller of the load for the block."""
    with Receiver() as receiver, ground.api(ground.token("--seller", "kios")) as http:
        yield Listener(http, receiver)
        http.put("/v1/endpoint", json={"url": ""}).raise_for_status()
