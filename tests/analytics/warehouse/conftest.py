"""An empty warehouse, and records to load."""

from collections.abc import Iterator

import pytest

from analytics.loading import Loading
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.streams.agent import Batch
from schemas.facts import Details, Order
from tests.analytics.seed import Record


@pytest.fixture
def warehouse(tmp_path) -> Iterator[Warehouse]:
    made = Warehouse(tmp_path / "arus.duckdb")
    yield made
    made.close()


@pytest.fixture
def loading(warehouse) -> Loading:
    return Loading(warehouse, clock=lambda: 1_000)


def snapshot(
    order_id: str, status: str = "new", *, seller: str = "toko-melati", offset: int = 0, at: int = 1
) -> Record:
    """Gives the record of an order that came into a status."""
    details = Details((at, 0, ""), buyer_id="buyer-1", total=50_000)
    order = Order(order_id, (2, -at, "", seller), details=details, status=status, history=[(at, status)])
    order.marks = {"placed": (at, "e")}
    return Record(order_id.encode(), codec.encode(order), offset, at)


def load(loading: Loading, topic: str, *records: Record, partition: int = 0) -> None:
    """Writes one batch that ends after its last record."""
    loading.write([Batch(topic, partition, records)], {(topic, partition): records[-1].offset + 1})
