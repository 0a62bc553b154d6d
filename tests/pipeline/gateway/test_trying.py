"""`arus sources send` and `check`: a sample goes to a gateway that runs, and what it became is told."""

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner

from pipeline.cli.app import app
from tests.pipeline.gateway.conftest import NEW, OLD

TOML = f"""
[[accounts]]
source = "ninjavan"
name = "main"
secrets = ["{NEW}"]
orders = "toko"
"""


@pytest.fixture
def arus(tmp_path, monkeypatch):
    """Runs the command line in a folder with one account: gives exit code and the steps that it told."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "arus.toml").write_text(TOML)

    def run(*arguments):
        told = CliRunner().invoke(app, ["sources", *arguments, "--json"])
        return told.exit_code, json.loads(told.stdout)

    return run


async def test_a_sample_is_kept_and_understood(client, arus):
    """The gateway answers 200, and the scan names the order."""
    code, steps = arus("send", "ninjavan", "--order", "1001", "--to", str(client.base_url))
    assert (code, [step["step"] for step in steps]) == (0, ["sent", "answered", "understood"])
    assert steps[1]["detail"] == "200"
    assert "package_scanned of toko:1001" in steps[2]["detail"]


async def test_a_sample_is_sent_again_while_the_gateway_cannot_keep_it(arus):
    """After a 503, as senders do; what it answers at last is told."""
    statuses = [503, 503, 200]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=statuses.pop(0))

    gateway = web.Application()
    gateway.router.add_post("/webhooks/ninjavan/main", answer)
    async with TestServer(gateway) as server:
        code, steps = await asyncio.to_thread(arus, "send", "ninjavan", "--to", str(server.make_url("/")))
    assert (code, steps[1]["detail"], statuses) == (0, "200", [])


async def test_a_gateway_with_another_secret_says_why_not(client, arus, tmp_path):
    """Exit code 1, and the gateway's own words."""
    (tmp_path / "arus.toml").write_text(TOML.replace(NEW, OLD[:-2] + "aa"))
    code, steps = arus("send", "ninjavan", "--to", str(client.base_url))
    assert (code, steps[-1]["verdict"]) == (1, "failed")
    assert steps[-1]["detail"].startswith("401 ")


def test_a_saved_request_is_judged(arus, tmp_path):
    """From a file; exit code 1 as nothing proves it."""
    (tmp_path / "webhook.http").write_bytes(b"POST /webhooks/ninjavan/main HTTP/1.1\n\n{}")
    code, steps = arus("check", "ninjavan", "--request", "webhook.http")
    assert (code, steps[-2]["verdict"]) == (1, "failed")
    assert steps[-2]["detail"] == "missing_signature: the header x-ninjavan-hmac-sha256 is missing"
