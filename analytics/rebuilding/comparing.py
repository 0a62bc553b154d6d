# ruff: noqa: S608  # the names in statements are those of TABLES; every value travels beside them
"""Comparing: what a new file has that the live one has not, and the other way round, table by table."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from analytics.rebuilding.filling import Read
from analytics.rows import TABLES
from analytics.rows.events import EVENTS
from analytics.rows.table import Table
from analytics.shards import Shard
from analytics.warehouse import Warehouse

BOOKKEEPING = {"part", "kafka_offset", "written_at", "loaded_at", "seq"}
"""Columns that tell of the way here, not of what happened."""

FIRSTS = pa.schema([("topic", pa.string()), ("part", pa.int32()), ("first", pa.int64())])
"""The first record that Kafka keeps of each partition, where it keeps any."""


class Difference(NamedTuple):
    """One table: its rows in the live file and in the new one, and those that only one of them has."""

    table: str
    before: int
    after: int
    gone: int
    new: int


def carry_over(live: Warehouse, new: Path, read: Read, shard: Shard) -> int:
    """Takes from the live file what the new one's shard keeps and Kafka does not any more, and tells how many rows."""
    firsts = [{"topic": topic, "part": part, "first": first} for (topic, part), first in read.firsts.items()]
    with _beside(live, new) as files:
        files.register("firsts", pa.Table.from_pylist(firsts, FIRSTS))
        carried = sum(_carry(files, topic, table, shard) for topic, table in TABLES.items() if not table.newest)
        files.unregister("firsts")
        return carried


def compare(live: Warehouse, new: Path) -> list[Difference]:
    """Compares both files, row by row, in all that is not bookkeeping."""
    tables = {table.name: table for table in TABLES.values()}
    with _beside(live, new) as files:
        return [_difference(files, table, [*live.types(f"raw.{table.name}")]) for table in tables.values()]


@contextmanager
def _beside(live: Warehouse, new: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Gives a connection to the live file that knows the new one as `anew`."""
    files = live.cursor()
    quoted = str(new).replace("'", "''")
    files.execute(f"attach '{quoted}' as anew")
    try:
        yield files
    finally:
        files.execute("detach anew")


def _carry(files: duckdb.DuckDBPyConnection, topic: str, table: Table, shard: Shard) -> int:
    of_topic = "old.topic = $topic" if table is EVENTS else "true"  # the one table that several topics fill
    of_shard = f"{table.owner_key} % {shard.of} = {shard.number}" if table.owner_key else "true"
    # Whoever follows notices by their number must find the old ones before the new ones.
    renumbered = "replace (seq - (select max(seq) from raw.notices) as seq)" if table.once else ""
    added = files.execute(
        f"insert into anew.raw.{table.name} by name select old.* {renumbered} from raw.{table.name} as old "
        f"left join firsts on firsts.topic = $topic and firsts.part = old.part "
        f"where {of_topic} and {of_shard} and (firsts.first is null or old.kafka_offset < firsts.first)",
        {"topic": topic},
    ).fetchall()
    return int(added[0][0])


def _difference(files: duckdb.DuckDBPyConnection, table: Table, columns: list[str]) -> Difference:
    told = ", ".join(column for column in columns if column not in BOOKKEEPING)
    before, after = (_hashes(place, table, told) for place in ("raw", "anew.raw"))
    counted = files.execute(
        f"with before as ({before}), after as ({after}) "
        "select sum(before.n), sum(after.n), "
        "sum(greatest(coalesce(before.n, 0) - coalesce(after.n, 0), 0)), "
        "sum(greatest(coalesce(after.n, 0) - coalesce(before.n, 0), 0)) "
        "from before full join after using (h)"
    ).fetchall()
    return Difference(table.shown, *(int(number or 0) for number in counted[0]))


def _hashes(place: str, table: Table, columns: str) -> str:
    """Gives each row's number and how often it is there; of orders also those not yet moved into the big table."""
    rows = f"select {columns} from {place}.{table.name}"
    if "orders" in table.further:
        rows += (
            f" union all select {columns} from {place}.orders "
            f"anti join {place}.{table.name} using (order_key) anti join {place}.gone using (order_key)"
        )
    return f"select hash({columns}) as h, count(*) as n from ({rows}) group by h"
