"""Whatever is posted, wherever: the answer is one that its sender understands, and never a mistake of ours."""

import asyncio
import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.gateway.app import build
from pipeline.settings import Kafka, Settings
from pipeline.sources import SOURCES

ADDRESSES = st.sampled_from([f"/webhooks/{source}/main" for source in SOURCES]) | st.text(max_size=40)
NAMES = {"content-type", "content-length", "webhook-id", "webhook-timestamp", "x-biteship-secret", "expect", "host"}
NAMES |= {header for source in SOURCES.values() for header in source.scheme.headers}
HEADERS = st.dictionaries(st.sampled_from(sorted(NAMES)), st.binary(max_size=60), max_size=6)
SILENT = [source.id for source in SOURCES.values() if source.manners.silent]


@pytest.fixture(scope="module")
def application(accounts):
    """A gateway whose Kafka is not there: what it would keep it turns away."""
    return build(Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1"), accounts=accounts))


def ask(application, path, headers, *pieces, method="POST"):
    """Gives status and body of the answer to a request that comes in pieces."""
    left = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    left.append({"type": "http.request", "body": b"", "more_body": False})
    told = []

    async def receive():
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message):
        told.append(message)

    fields = [(name.encode(), value) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "scheme": "http", "query_string": b"", "headers": fields}
    asyncio.run(application(scope, receive, send))
    return told[0]["status"], told[1]["body"]


@settings(deadline=None)
@given(path=ADDRESSES, headers=HEADERS, pieces=st.lists(st.binary(max_size=200), max_size=4))
def test_any_request_has_an_answer(application, path, headers, pieces):
    """Any bytes at any address, with any headers: refused, unknown, or turned away; no 500."""
    status, body = ask(application, path, headers, *pieces)
    assert status in (200, 400, 401, 404, 413, 503)
    if body:
        assert json.loads(body)["status"] == status
    if any(path == f"/webhooks/{source}/main" for source in SILENT):
        assert body == b""


@pytest.mark.parametrize("source", SOURCES)
def test_a_webhook_that_cannot_be_kept_is_never_answered_200(application, source):
    """Proved or not, without Kafka nothing but a trial of the address is answered 200."""
    status, _ = ask(application, f"/webhooks/{source}/main", {}, b'{"code": 1}')
    assert status in (400, 401)


@given(method=st.text(max_size=10).filter(lambda method: method != "POST"))
def test_any_other_method_is_405(application, method):
    """A webhook's address takes POST alone."""
    assert ask(application, "/webhooks/ninjavan/main", {}, method=method)[0] == 405


def test_a_mistake_of_ours_is_500_and_says_no_secret(accounts, capsys):
    """The sender must come again; we are told where it happened, and neither body nor secret is written anywhere."""

    def broken(request):
        raise ZeroDivisionError

    application = build(Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1"), accounts=accounts))
    door = application.doors["/webhooks/biteship/main"]
    source = dataclasses.replace(door.source, dedupe_id=broken)
    application.doors["/webhooks/biteship/main"] = dataclasses.replace(door, source=source)
    status, body = ask(
        application, "/webhooks/biteship/main", {"x-biteship-secret": b"5ec2e7c0ffee5ec2e7c0ffee"}, b"private"
    )
    assert (status, json.loads(body)["detail"]) == (500, "a mistake of ours: ZeroDivisionError.")
    told = capsys.readouterr().out
    assert "raise ZeroDivisionError" in told
    assert "5ec2e7c0ffee" not in told
    assert "private" not in told
    assert b'reason="bug"' in application.counters.text()
