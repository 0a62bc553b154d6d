"""The gateway as a process: it starts with a sentence or not at all, and ends without losing what it answered."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("gateway")

ROOT = Path(__file__).parents[3]
SERVE = """
from pipeline import settings
from pipeline.gateway.server import serve
raise SystemExit(serve(settings.load(), lambda url: print(url, flush=True)))
"""

ACCOUNTS = """
[[accounts]]
source = "ninjavan"
name = "main"
secrets = ["5ec2e7c0ffee5ec2e7c0ffee"]
"""


@pytest.fixture
def start(topics, tmp_path):
    """Starts a gateway as a process of its own, in a folder with this arus.toml."""
    running = []

    def start(accounts=ACCOUNTS, port=0):
        (tmp_path / "arus.toml").write_text(accounts)
        told = {"ARUS_KAFKA__BOOTSTRAP_SERVERS": topics.bootstrap_servers, "ARUS_GATEWAY__PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            cwd=tmp_path,
            env={**os.environ, **told, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


async def load(client, fresh, answered, statuses):
    """Posts without a pause until the gateway is gone; notes what was answered 200."""
    while True:
        webhook = fresh("ninjavan")
        try:
            answer = await client.post(**webhook)
        except httpx.TransportError:
            return
        statuses.append(answer.status_code)
        if answer.status_code == 200:
            answered.append(webhook["content"])


@pytest.fixture
def under_load(fresh, until):
    """Ends a gateway in the middle of a load, and gives what was answered 200 and all statuses."""

    async def under_load(url, end):
        answered, statuses = [], []
        async with httpx.AsyncClient(base_url=url, timeout=10) as client:

            async def ready():
                return (await client.get("/readyz")).status_code == 200

            async def enough():
                return len(answered) >= 300

            await until(ready)
            senders = [asyncio.create_task(load(client, fresh, answered, statuses)) for _ in range(16)]
            await until(enough)
            end()
            await asyncio.gather(*senders)
        return answered, statuses

    return under_load


async def test_killed_under_load_it_loses_nothing_that_it_answered(start, topics, under_load, stored):
    """After kill -9 every webhook that was answered 200 lies in Kafka."""
    process = start()
    answered, _ = await under_load(process.stdout.readline().strip(), process.kill)
    assert len(answered) >= 300
    assert set(answered) <= {record.value for record in await stored(topics)}


async def test_stopped_under_load_it_finishes_what_it_began(start, topics, under_load, stored):
    """SIGTERM: requests under way are answered 200 and kept, the process ends with 0, within its three seconds."""
    process = start()
    answered, statuses = await under_load(process.stdout.readline().strip(), process.terminate)
    assert process.wait(timeout=60) == 0
    assert set(statuses) == {200}
    assert set(answered) <= {record.value for record in await stored(topics)}


def test_ctrl_c_ends_it_without_a_traceback(start):
    """SIGINT is a way to stop like any other."""
    process = start()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in process.stderr.read()


def test_a_port_that_is_taken_is_a_sentence(start):
    """Exit code 1, which port, and what helps; no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(port=port)
        assert process.wait(timeout=60) == 1
    told = process.stderr.read()
    assert f"the gateway cannot listen on 127.0.0.1:{port}: " in told
    assert "ARUS_GATEWAY__PORT" in told
    assert "Traceback" not in told


def test_an_account_that_lacks_something_is_a_sentence(start):
    """Exit code 1, which account, and what it lacks; its secrets are not said."""
    process = start(ACCOUNTS + ACCOUNTS.replace("ninjavan", "tiktok_shop"))
    assert process.wait(timeout=60) == 1
    told = process.stderr.read()
    assert told.startswith("accounts.1 (tiktok_shop/main): app_key is missing: ")
    assert "5ec2e7c0ffee5ec2e7c0ffee" not in told


async def test_it_says_nothing_of_what_it_was_sent(start, signed):
    """Whatever comes in, neither bodies nor secrets are written to its output."""
    process = start()
    url = process.stdout.readline().strip()
    webhook = signed("ninjavan", b'{"of nobody": "concern"}')
    async with httpx.AsyncClient(base_url=url) as client:
        for change in ({}, {"content": b"{}"}, {"headers": {}}):
            await client.post(**{**webhook, **change})
    process.terminate()
    said = "".join(process.communicate(timeout=60))
    assert "concern" not in said
    assert "5ec2e7c0ffee" not in said
    assert webhook["headers"]["x-ninjavan-hmac-sha256"] not in said
