"""Tables leave in the format that was asked for."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.exports import EXPORTS
from tests.analytics.conftest import MELATI
from tests.analytics.test_api_session import problem

TABLES = ("/v1/orders", "/v1/sales", "/v1/at-risk", "/v1/notices", "/v1/metrics/LDR/orders?part=denominator")


@pytest.mark.parametrize("door", TABLES)
@pytest.mark.parametrize("how", EXPORTS)
async def test_every_table_comes_in_every_format(client, door, how):
    """By `?format=` and by `Accept` alike, as a file with a harmless name."""
    async with client(MELATI) as api:
        asked = await api.get(f"{door}{'&' if '?' in door else '?'}format={how}")
        accepted = await api.get(door, headers={"Accept": EXPORTS[how].media_type.partition(";")[0]})
    assert asked.status_code == accepted.status_code == 200
    assert asked.headers["content-type"] == accepted.headers["content-type"] == EXPORTS[how].media_type
    assert asked.headers["content-disposition"].endswith(f'.{EXPORTS[how].suffix}"')
    assert int(asked.headers["arus-rows"]) > 0 or door == "/v1/at-risk"


async def test_a_file_holds_all_pages(client):
    """And each format the same ids."""
    async with client(MELATI) as api:
        as_csv = await api.get("/v1/orders?format=csv")
        as_parquet = await api.get("/v1/orders?format=parquet")
        first_ten = await api.get("/v1/orders?format=csv&limit=10")
    ids = [row["order_id"] for row in csv.DictReader(io.StringIO(as_csv.text))]
    assert len(ids) > 100
    assert ids == pq.read_table(pa.BufferReader(as_parquet.content)).column("order_id").to_pylist()
    assert [row["order_id"] for row in csv.DictReader(io.StringIO(first_ten.text))] == ids[:10]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("text/csv, application/json;q=0.9", "text/csv"),
        ("image/png, text/csv;q=0.1", "text/csv"),
        ("application/json, text/csv", "application/json"),
        ("text/csv, application/json", "text/csv"),
        ("", "application/json"),
    ],
)
async def test_accept_is_weighed(client, accept, media_type):
    """The best of what the sender takes."""
    async with client(MELATI) as api:
        answer = await api.get("/v1/orders", headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == media_type


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "text/csv;q=x", "nonsense", ";"])
async def test_a_format_that_we_have_not_is_refused(client, accept):
    """406, with those that we have."""
    async with client(MELATI) as api:
        answer = await api.get("/v1/orders", headers={"Accept": accept})
    assert problem(answer) == "not-acceptable"
    assert "text/csv" in answer.json()["detail"]
