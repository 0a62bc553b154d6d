"""Sales, rates, what is at risk, what operators watch."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from analytics.access import OPERATOR
from analytics.api.operators.queues import QUEUES
from analytics.api.operators.senders import GAUGES
from schemas.promises import PROMISES
from schemas.times import DAY, parse, rfc3339
from tests.analytics.conftest import KOPI, MELATI, SITI
from tests.analytics.seed import NOW
from tests.analytics.test_api_orders import every
from tests.analytics.test_api_session import problem


async def test_sales_add_up_to_the_orders(client, warehouse):
    """Gross of all buckets is the price of all orders paid in the time; net adds up in each."""
    since = NOW - 20 * DAY
    async with client(MELATI) as api:
        buckets = (await api.get("/v1/sales", params={"from": rfc3339(since), "to": rfc3339(NOW)})).json()["buckets"]
        paid = {o["order_id"] for o in await every(api) if o["paid_at"] and since <= parse(o["paid_at"]) < NOW}
    orders = [order.details for order in warehouse.orders if order.order_id in paid]
    assert sum(bucket["gross"]["minor"] for bucket in buckets) == sum(order.total + order.discount for order in orders)
    assert sum(bucket["orders"] for bucket in buckets) == len(paid) > 0
    for bucket in buckets:
        minor = {name: value["minor"] for name, value in bucket.items() if isinstance(value, dict)}
        assert minor["net"] == minor["gross"] - minor["discounts"] - minor["refunds"]
        assert bucket["gross"]["currency"] == "IDR"


@pytest.mark.parametrize(("by", "first"), [("hour", "2026-11-20T00"), ("day", "2026-11-20"), ("month", "2026-11")])
async def test_buckets_lie_on_the_shops_calendar(client, by, first):
    """A day begins at 17:00 UTC of the day before; a day without sales is there too."""
    async with client(MELATI) as api:
        body = (await api.get(f"/v1/sales?from=2026-11-20&to=2026-11-22&by={by}")).json()
    assert body["buckets"][0]["bucket"] == first
    if by == "day":
        assert [bucket["starts_at"] for bucket in body["buckets"]] == [
            rfc3339(parse("2026-11-19T17:00:00Z") + n * DAY) for n in range(3)
        ]


@pytest.mark.parametrize(
    "asked",
    ["by=minute", "from=2026-11-24&to=2026-11-23", "from=1971-01-01&by=hour", "from=1971-01-01&to=2099-12-31", "at=1"],
)
async def test_sales_of_an_odd_time_are_refused(client, asked):
    """422: none, backwards, or more buckets than anybody reads."""
    async with client(MELATI) as api:
        assert problem(await api.get(f"/v1/sales?{asked}")) == "invalid"


async def test_what_is_at_risk_is_most_urgent_first(client):
    """With the time that is left, and of one's own shop."""
    async with client(OPERATOR) as api:
        orders = (await api.get("/v1/at-risk")).json()["orders"]
    left = [order["left_seconds"] for order in orders]
    assert left == sorted(left)
    assert all(seconds <= 86_400 for seconds in left)
    assert {order["promise"] for order in orders} <= PROMISES.keys()


async def test_what_is_at_risk_can_be_asked_by_promise(client):
    """Also what is the buyer's to keep; a promise that there is not is told."""
    async with client(OPERATOR) as api:
        unpaid = (await api.get("/v1/at-risk?promise=pay")).json()["orders"]
        assert {order["promise"] for order in unpaid} == {"pay"}
        assert problem(await api.get("/v1/at-risk?promise=love")) == "invalid"


async def test_a_rate_is_its_orders(client):
    """The numerator's orders are as many as it says, and so are the denominator's; none is another's."""
    async with client(MELATI) as api:
        metrics = (await api.get("/v1/metrics")).json()["metrics"]
        assert [metric["code"] for metric in metrics] == ["LDR", "OTDR", "SFCR", "NRR"]
        for metric in metrics:
            door = f"/v1/metrics/{metric['code']}"
            assert {**(await api.get(door)).json(), "watermark": None} == {**metric, "watermark": None}
            for part in ("numerator", "denominator"):
                orders = (await api.get(f"{door}/orders?part={part}")).json()["orders"]
                assert len(orders) == metric[part]
                assert {order["seller_id"] for order in orders} <= {MELATI.id}
                assert part == "denominator" or all(order["counts"] for order in orders)


async def test_a_rate_tells_every_version_of_its_rule(client):
    """Since when each is valid."""
    async with client(KOPI) as api:
        ldr = (await api.get("/v1/metrics/LDR")).json()
    versions = [version["valid_from"] for version in ldr["definitions"]]
    assert versions == sorted(versions)
    assert ldr["definition"] == ldr["definitions"][-1]["definition"]


@pytest.mark.parametrize("door", ["/v1/metrics/XYZ", "/v1/metrics/ldr/orders", "/v1/metrics/LDR/orders?part=both"])
async def test_a_rate_that_is_none_is_told(client, door):
    """With those that there are."""
    async with client(MELATI) as api:
        assert problem(await api.get(door)) == "invalid"


@pytest.mark.parametrize("viewer", [MELATI, SITI], ids=lambda viewer: viewer.role)
async def test_an_inbox_is_its_owners(client, viewer):
    """Newest first; after a `seq`, what follows it."""
    async with client(viewer) as api:
        inbox = (await api.get("/v1/notices?limit=500")).json()["notices"]
        assert {notice["audience"] for notice in inbox} == {viewer.audience}
        seqs = [notice["seq"] for notice in inbox]
        assert seqs == sorted(seqs, reverse=True)
        later = (await api.get(f"/v1/notices?after={seqs[3]}")).json()["notices"]
    assert [notice["seq"] for notice in later] == seqs[2::-1]


@pytest.mark.parametrize("queue", ["sources", *(queue.name for queue in QUEUES)])
async def test_operators_tables_are_theirs(client, queue):
    """They have rows or none, and nobody else may look."""
    async with client(OPERATOR) as api:
        assert isinstance((await api.get(f"/v1/ops/{queue}")).json()["rows"], list)
    for viewer in (MELATI, SITI):
        async with client(viewer) as api:
            assert problem(await api.get(f"/v1/ops/{queue}")) == "forbidden"


@pytest.mark.parametrize("door", ["/v1/metrics", "/v1/metrics/LDR", "/v1/ops/freshness", "/v1/ops/groups"])
async def test_what_is_no_parameter_is_told(client, door):
    """A figure of today must not pass for one of last March."""
    async with client(OPERATOR) as api:
        assert problem(await api.get(f"{door}?from=2026-03-01")) == "invalid"


async def test_senders_are_counted(client):
    """By account, with the last sign of each, how late its webhooks are and what of it needs a look."""
    async with client(OPERATOR) as api:
        rows = (await api.get("/v1/ops/sources")).json()["rows"]
        table = (await api.get("/v1/ops/sources?format=csv")).text.splitlines()
        few = (await api.get("/v1/ops/sources?limit=1")).json()["rows"]
    assert rows
    assert all(row["last_at"] and row["concerns"] == [] and row["refused"] == {} for row in rows)
    assert any(row["accepted"] and row["delay_p50_seconds"] <= row["delay_p95_seconds"] for row in rows)
    assert [line.split(",")[:4] for line in table[1:]] == [
        [row["source"], row["account"], "", str(row["accepted"])] for row in rows
    ]
    assert few == rows[:1]


async def test_senders_are_measured(client):
    """Each account's gauges are what the door tells; what is not known has no sample."""
    async with client(OPERATOR) as api:
        rows = (await api.get("/v1/ops/sources")).json()["rows"]
    async with client() as api:
        text = (await api.get("/metrics")).text
    samples = {
        (sample.name, sample.labels["source"], sample.labels["account"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("arus_sender_") and "concern" not in sample.labels
    }
    for row in rows:
        told = {name: samples.get((f"arus_sender_{name}", row["source"], row["account"])) for name in GAUGES}
        assert (told["webhooks"], told["parked"]) == (row["accepted"], row["parked"])
        assert told["delay_p95_seconds"] == row["delay_p95_seconds"]
        assert told["normal_silence_seconds"] == row["silent_after_seconds"]
        assert told["secret_age_seconds"] is None


async def test_freshness_has_every_hop(client):
    """In the order of the way, the whole last."""
    async with client(OPERATOR) as api:
        hops = (await api.get("/v1/ops/freshness")).json()["hops"]
    assert [hop["hop"] for hop in hops] == ["stored", "translated", "folded", "loaded", "total"]


async def test_a_silent_kafka_is_told_not_a_failure(client, services):
    """Since when, and why; the doors that need no Kafka go on."""
    services.monitor.poll()
    async with client(OPERATOR) as api:
        lag = (await api.get("/v1/ops/lag")).json()
        assert (lag["silent_since"], lag["looked_at"]) == (rfc3339(NOW), None)
        assert "nobody listens" in lag["reason"]
        assert (await api.get("/v1/orders")).status_code == 200
        ready = await api.get("/readyz")
        assert problem(ready) == "unavailable"
        assert "nobody listens" in ready.json()["detail"]
        assert (await api.get("/healthz")).status_code == 200
        assert "arus_kafka_up 0.0" in (await api.get("/metrics")).text


async def test_figures_name_routes_and_no_ids(client):
    """Prometheus learns the door, never whose order it was."""
    async with client(MELATI) as api:
        await api.get("/v1/orders/tiktok_shop:42")
        figures = (await api.get("/metrics")).text
    assert 'route="/v1/orders/{order_id:path}",status="404"' in figures
    assert "tiktok_shop:42" not in figures
