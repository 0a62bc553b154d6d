"""How long from the answer to a webhook until the API shows what it told, under load and with pages open.

`python -m tests.benchmarks.freshness 500 20` runs a whole Arus at 500 webhooks a second for 20 seconds.
"""

import asyncio
import json
import sys
import tempfile
import time
from http import HTTPStatus
from pathlib import Path

import aiohttp

from pipeline.settings import Account
from pipeline.sources import SOURCES
from tests.benchmarks.figures import Figure
from tests.journeys.system import System

ACCOUNT = Account.model_validate(
    {"source": "tiktok_shop", "name": "bench", "secrets": ["secret"], "app_key": "key", "seller": "bench"}
)
TOML = """[[accounts]]
source = "tiktok_shop"
name = "bench"
secrets = ["secret"]
app_key = "key"
seller = "bench"
"""
WATCHED = 2
"""Webhooks of a second that are watched: the API is asked for the order of each until it is there."""

PRECISION = 0.1
"""Of a time, how exactly it is measured: asking all the time would be a load of its own, and the more the later."""

PAGES = ("/v1/notices/stream",) * 4
LONGEST = 60.0


def webhook(number: int) -> bytes:
    """Gives the body that tells of a new order."""
    now = int(time.time())
    data = {"order_id": f"57{number:016d}", "order_status": "AWAITING_SHIPMENT", "update_time": now}
    told = {"type": 1, "tts_notification_id": f"{number:019d}", "shop_id": "7", "timestamp": now, "data": data}
    return json.dumps(told).encode()


async def post(gateway: aiohttp.ClientSession, number: int) -> float:
    """Posts a webhook and gives when it was answered."""
    body = webhook(number)
    signed = SOURCES["tiktok_shop"].scheme.sign(body, ACCOUNT, time.time_ns() // 1_000_000)
    async with gateway.post("/webhooks/tiktok_shop/bench", data=signed.body, headers=signed.headers) as answer:
        if answer.status != HTTPStatus.OK:
            raise SystemExit(f"the gateway answered {answer.status}")
    return time.perf_counter()


async def is_there(api: aiohttp.ClientSession, number: int) -> bool:
    """Asks the API for an order."""
    async with api.get(f"/v1/orders/tiktok_shop:57{number:016d}") as answer:
        return answer.status == HTTPStatus.OK


async def visible(gateway: aiohttp.ClientSession, api: aiohttp.ClientSession, number: int) -> float:
    """Gives the seconds from the answer until the API has the order."""
    answered = await post(gateway, number)
    while not await is_there(api, number):
        if time.perf_counter() - answered > LONGEST:
            raise SystemExit(f"order {number} is not there after {LONGEST:.0f} s")
        await asyncio.sleep(max(0.1, PRECISION * (time.perf_counter() - answered)))
    return time.perf_counter() - answered


async def watch(system: System, page: str) -> None:
    """Keeps a live page open."""
    headers = {"authorization": f"Bearer {system.ready['operator_token']}"}
    async with (
        aiohttp.ClientSession(system.ready["api"], headers=headers, timeout=aiohttp.ClientTimeout()) as http,
        http.get(page) as lines,
    ):
        async for _ in lines.content:
            pass


async def measure(system: System, rate: int, seconds: float) -> list[float]:
    """Sends at a steady rate and gives the seconds until visible of those that were watched, sorted."""
    headers = {"authorization": f"Bearer {system.ready['operator_token']}"}
    pages = [asyncio.create_task(watch(system, page)) for page in PAGES]
    async with (
        aiohttp.ClientSession(system.ready["gateway"]) as gateway,
        aiohttp.ClientSession(system.ready["api"], headers=headers) as api,
    ):
        await asyncio.gather(*(post(gateway, 9_000_000 + n) for n in range(200)))  # connections, imports, first rows
        began, sent = time.perf_counter(), []
        for number in range(int(rate * seconds)):
            wait = began + number / rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            watched = number % (rate // WATCHED) == 0
            sent.append(asyncio.create_task(visible(gateway, api, number) if watched else post(gateway, number)))
        done = await asyncio.gather(*sent)
    for page in pages:
        page.cancel()
    return sorted(done[:: rate // WATCHED])


def run(rate: int, seconds: float = 20.0) -> list[float]:
    """Runs a whole Arus in a folder of its own and measures on it."""
    with tempfile.TemporaryDirectory(prefix="arus-bench-") as folder:
        Path(folder, "arus.toml").write_text(TOML)
        system = System(Path(folder)).start()
        try:
            return asyncio.run(measure(system, rate, seconds))
        finally:
            system.stop()


def quantile(values: list[float], share: float) -> float:
    """Gives the value that a share of sorted values does not exceed."""
    return values[min(len(values) - 1, int(len(values) * share))]


def figures(rate: int = 500) -> list[Figure]:
    """Runs three times."""
    runs = [run(rate) for _ in range(3)]
    note = f"{rate} webhooks/s for 20 s, {len(PAGES)} live pages open; p50 {quantile(runs[0], 0.5) * 1e3:.0f} ms"
    worst = tuple(quantile(found, 0.99) for found in runs)
    return [Figure("webhook answered until visible by the API, p99", "s", worst, "at most 2", note)]


if __name__ == "__main__":
    found = run(int(sys.argv[1]), float(sys.argv[2]))
    half, most = quantile(found, 0.5), quantile(found, 0.99)
    sys.stdout.write(f"{len(found)} watched: p50 {half * 1e3:.0f} ms, p99 {most * 1e3:.0f} ms\n")
