"""A steady load: webhooks of orders that live on, at a set rate, each sent until it was taken."""

import asyncio
import json
import time
from collections.abc import Iterator
from itertools import count
from multiprocessing.sharedctypes import Synchronized

import stamina
import uvloop

from tests.benchmarks.freshness import ACCOUNT
from tests.benchmarks.gateway import request_of

WORDS = ("UNPAID", "AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED")
ORDERS = 10_000
"""Each is told of once in a round, with its next word; after the last word others take their places."""

GARBLED = 500
"""One webhook of so many is rightly signed and says nothing: a dead letter."""

CONNECTIONS = 32
PATIENCE = 20.0


def webhooks() -> Iterator[bytes]:
    """Gives request after request, signed now."""
    for number in count():
        round_, place = divmod(number, ORDERS)
        generation, step = divmod(round_, len(WORDS))
        yield _request(number, f"58{generation:06d}{place:010d}", WORDS[step])


def _request(number: int, order: str, word: str) -> bytes:
    now = int(time.time())
    data = {"order_id": order, "order_status": word, "update_time": now}
    told = {"type": 1, "tts_notification_id": f"{number:019d}", "shop_id": "7", "timestamp": now, "data": data}
    body = json.dumps(told).encode()
    body = body[: len(body) // 2] if number % GARBLED == 0 else body
    return request_of(ACCOUNT, body)


def send(url: str, rate: int, seconds: float, taken: "Synchronized[int]") -> None:
    """Sends for so long and counts in `taken` what was answered with success; what was not is sent again."""
    stamina.instrumentation.set_on_retry_hooks([])  # each would be a line
    uvloop.run(_send(url, rate, seconds, taken))


async def _send(url: str, rate: int, seconds: float, taken: "Synchronized[int]") -> None:
    told, began = webhooks(), time.perf_counter()
    waiting: asyncio.Queue[bytes] = asyncio.Queue(2 * CONNECTIONS)
    senders = [asyncio.create_task(_deliver(url, waiting, taken)) for _ in range(CONNECTIONS)]
    for number in range(round(rate * seconds)):
        if (early := began + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        await waiting.put(next(told))
    await asyncio.wait_for(waiting.join(), PATIENCE)
    for sender in senders:
        sender.cancel()


async def _deliver(url: str, waiting: "asyncio.Queue[bytes]", taken: "Synchronized[int]") -> None:
    line = Line(url)
    while True:
        request = await waiting.get()
        async for attempt in stamina.retry_context(Untaken, attempts=None, timeout=PATIENCE, wait_initial=0.2):
            with attempt:
                await line.post(request)
        taken.value += 1  # one process and one thread write it
        waiting.task_done()


class Untaken(Exception):  # it is what became of the webhook
    """A webhook was not answered with success."""


class Line:
    """One connection, made anew when it breaks."""

    def __init__(self, url: str) -> None:
        self._place = url.removeprefix("http://").split(":")
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: bytes) -> None:
        """Sends a request and waits for its answer. Raises Untaken unless that is success."""
        try:
            self._open = self._open or await asyncio.open_connection(*self._place)
            reader, writer = self._open
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self._close()
            raise Untaken from error
        if not head.startswith(b"HTTP/1.1 200"):
            self._close()
            raise Untaken(head.decode())

    def _close(self) -> None:
        if self._open:
            self._open[1].close()
            self._open = None
