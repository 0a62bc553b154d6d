"""Codes that no table knows, asked for and given a meaning by the API, beside a real Kafka."""

import time
from contextlib import suppress

import httpx
import msgspec
import pytest
from kafka import KafkaProducer

from analytics.access import OPERATOR, Tokens
from analytics.api.app import build
from analytics.api.services import Services
from analytics.loading import Loading
from analytics.monitor import Monitor
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.broker import BrokerError, admin
from pipeline.broker.clients import client_options
from pipeline.broker.codes import GROUP
from pipeline.cli.codes import preview
from pipeline.settings import Kafka, Settings
from schemas.codes import CodeMapped
from tests.agents.events import ORDER, order_of, scan, tell
from tests.analytics import seed
from tests.analytics.conftest import MELATI, SITI, Silent
from tests.analytics.seed import NOW
from tests.analytics.test_api_kafka import own, values

__all__ = ["own"]  # a fixture

CODE = {"source": "jne", "carrier": "jne", "code": "U99"}
STRANGE = scan("unknown", 2, order_id=ORDER, code="U99", words="Paket naik haji")
GIVEN = {"source": "jne", "code": "U99", "milestone": "out_for_delivery", "dry_run": True}


WORD = tell("status_reported", 2, source="shopee", status="unknown", word="SPLIT")
WORD_GIVEN = {"source": "shopee", "code": "SPLIT", "status": "completed", "dry_run": True}


@pytest.fixture
def strange(own: Kafka, tmp_path) -> Services:
    """Services beside a Kafka and a warehouse that hold one order with a scan of an unknown code."""
    yield from _holding(own, tmp_path, STRANGE, ("scans", b"jne/N1"), "shipments")


@pytest.fixture
def worded(own: Kafka, tmp_path) -> Services:
    """Services beside a Kafka and a warehouse that hold one order with a status that no table knows."""
    yield from _holding(own, tmp_path, WORD, ("scans", ORDER.encode()), "orders")


def _holding(own, tmp_path, event, came, topic):
    """Gives services beside an order with this event, which came to matching and then to a topic of orders."""
    order = order_of(tell("order_placed"), tell("shipping_arranged", 1), event)
    name, told, headers = ORDER.encode(), codec.encode_event(event), list(codec.headers(event))
    with KafkaProducer(**client_options(own)) as producer:
        producer.send(came[0], told, came[1], headers).get(10)
        producer.send(topic, told, name, headers).get(10)
        producer.send("order.snapshots", codec.encode(order), name).get(10)
    _meet(own)
    warehouse, past = Warehouse(tmp_path / "arus.duckdb"), seed.Kafka()
    past.add(topic, ORDER, told, NOW, headers)
    past.write(Loading(warehouse))
    monitor, settings = Monitor(Silent(), lambda: NOW), Settings(home=tmp_path, kafka=own)
    yield Services(
        settings, warehouse, Tokens(tmp_path), monitor, loading=lambda: True, now=lambda: NOW, preview=preview
    )
    warehouse.close()


def _meet(kafka: Kafka) -> None:
    """Returns when Kafka tells of groups: it makes what it needs for that when it is asked for the first time."""
    with admin.connect(kafka) as door:
        for _ in range(300):
            with suppress(BrokerError):
                return door.lag((GROUP,))
            time.sleep(0.1)
    raise AssertionError("Kafka tells of no groups")


@pytest.fixture
async def operator(strange):
    """An operator's client."""
    headers = {"Authorization": f"Bearer {strange.tokens.make(OPERATOR)}"}
    transport = httpx.ASGITransport(build(strange))
    async with httpx.AsyncClient(transport=transport, base_url="http://arus.test", headers=headers) as api:
        yield api


async def test_a_code_is_listed_tried_out_and_given_a_meaning_once(operator, own):
    """What the trial says changes nothing; the meaning is in each partition, and the scan that came is told again.

    Another meaning is for scans to come alone: what was said of one is not taken back.
    """
    (row,) = (await operator.get("/v1/ops/codes")).json()["rows"]
    assert {name: row[name] for name in CODE} == CODE
    assert (row["words"], row["scans"], row["orders"], row["means"]) == ("Paket naik haji", 1, 1, None)
    assert row["last_event_id"] == STRANGE.event_id
    assert "Paket naik haji" in (await operator.get("/v1/ops/codes?format=csv")).text

    tried = (await operator.post("/v1/ops/codes", json=GIVEN)).json()
    assert tried["orders"] == [{"order_id": ORDER, "before": "awaiting_collection", "after": "in_transit", "scans": 1}]
    assert (tried["dry_run"], tried["was"], tried["scans"]) == (True, "out_for_delivery", 0)
    assert values(own, "codes") == []
    assert len(values(own, "scans")) == 1

    told = (await operator.post("/v1/ops/codes", json={**GIVEN, "dry_run": False, "carrier": "jne"})).json()
    assert (told["scans"], told["orders"]) == (1, tried["orders"])
    mapping = CodeMapped(**CODE, milestone="out_for_delivery", mapped_at=NOW)
    assert [msgspec.json.decode(value, type=CodeMapped) for value in values(own, "codes")] == [mapping] * own.partitions
    first, again = (codec.decode(b"package_scanned", value) for value in values(own, "scans"))
    assert (first.event_id, first.milestone, again.milestone) == (again.event_id, "unknown", "out_for_delivery")

    other = {**GIVEN, "milestone": "delivered", "dry_run": False, "carrier": "jne"}
    told = (await operator.post("/v1/ops/codes", json=other)).json()
    assert (told["was"], told["scans"], told["orders"]) == ("out_for_delivery", 0, [])
    assert len(values(own, "scans")) == 2


async def test_a_word_for_a_status_is_listed_tried_out_and_given_a_meaning(worded, own):
    """As a code is: told once more by way of matching, in the partition of its order."""
    headers = {"Authorization": f"Bearer {worded.tokens.make(OPERATOR)}"}
    transport = httpx.ASGITransport(build(worded))
    async with httpx.AsyncClient(transport=transport, base_url="http://arus.test", headers=headers) as api:
        (row,) = (await api.get("/v1/ops/codes")).json()["rows"]
        tried = (await api.post("/v1/ops/codes", json=WORD_GIVEN)).json()
        told = (await api.post("/v1/ops/codes", json=WORD_GIVEN | {"dry_run": False})).json()
    assert (row["kind"], row["source"], row["code"], row["scans"], row["means"]) == (
        "status",
        "shopee",
        "SPLIT",
        1,
        None,
    )
    assert tried["orders"] == [{"order_id": ORDER, "before": "awaiting_collection", "after": "completed", "scans": 1}]
    assert (told["was"], told["scans"], told["orders"]) == ("completed", 1, tried["orders"])
    mapping = CodeMapped("shopee", "", "SPLIT", "unknown", NOW, "completed")
    assert [msgspec.json.decode(value, type=CodeMapped) for value in values(own, "codes")] == [mapping] * own.partitions
    first, again = (codec.decode(b"status_reported", value) for value in values(own, "scans"))
    assert (first.event_id, first.status, again.status) == (again.event_id, "unknown", "completed")


WRONG = ({"milestone": "unknown"}, {"milestone": "arrived"}, {"code": ""}, {"dry_run": None}, {"all": True})


OF_A_STATUS = (
    *({"status": "picked_up"}, {"status": "unknown"}, {"status": ""}, {"status": "completed", "carrier": "jne"}),
    {"status": None},
)


@pytest.mark.parametrize("wrong", [*WRONG, {"source": ""}, {"status": "completed"}])
async def test_what_is_no_meaning_is_refused(client, wrong):
    """Nothing is written by mistake: each part is checked, and `dry_run` must be said."""
    async with client(OPERATOR) as api:
        assert (await api.post("/v1/ops/codes", json={**GIVEN, **wrong})).status_code == 422


@pytest.mark.parametrize("wrong", OF_A_STATUS)
async def test_what_is_no_status_is_refused(client, wrong):
    """A word means one of our statuses, whoever carries the parcel; a meaning is never left out."""
    async with client(OPERATOR) as api:
        assert (await api.post("/v1/ops/codes", json=WORD_GIVEN | wrong)).status_code == 422


async def test_codes_are_for_operators_alone(client):
    """A seller or a buyer neither sees nor maps them."""
    for viewer in (MELATI, SITI):
        async with client(viewer) as api:
            assert (await api.get("/v1/ops/codes")).status_code == 403
            assert (await api.post("/v1/ops/codes", json=GIVEN)).status_code == 403


async def test_a_process_that_knows_no_rules_says_so(client):
    """And a Kafka that is silent is 503 too."""
    async with client(OPERATOR) as api:
        assert (await api.post("/v1/ops/codes", json=GIVEN)).status_code == 503
