"""The loader and its file come to harm: nothing is lost, nothing is doubled, or a sentence says what to do."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from analytics.loading import Loading
from analytics.warehouse import Warehouse, WarehouseBusyError, WarehouseDamagedError, WarehouseError
from tests.analytics.warehouse import loader

ROUNDS = 6


def start(path: Path, *options: str) -> subprocess.Popen[str]:
    """Starts a loader and gives it when it loads."""
    command = [sys.executable, "-m", loader.__name__, str(path), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "loading\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    process.stdout.close()


def load(path: Path, upto: int) -> None:
    """Loads on until every partition stands there."""
    with start(path, "--upto", str(upto)) as process:
        assert process.wait(timeout=100) == 0


def stands(path: Path) -> dict[int, int]:
    """Opens the file, holds its rows against its offsets, and gives these."""
    warehouse = Warehouse(path)
    try:
        offsets = Loading(warehouse).start_offsets()
        parts = {part: offset for (topic, part), offset in offsets.items() if topic == "order.snapshots"}
        assert offsets == {
            (topic, p): n for p, n in parts.items() for topic in ("order.snapshots", "order.transitions")
        }
        told = warehouse.query(
            "select part, count(*) as n, count(distinct kafka_offset) as m from raw.transitions group by part"
        )
        assert {row["part"]: (row["n"], row["m"]) for row in told} == {part: (n, n) for part, n in parts.items()}
        rows = warehouse.query("select order_id, status from visible_orders('operator', '')")
        assert sorted((row["order_id"], row["status"]) for row in rows) == sorted(loader.states(parts).items())
        newest = warehouse.query(
            "select order_key from visible_orders('operator', '') semi join raw.facts using (order_key, kafka_offset)"
        )
        assert len(newest) == len(rows)
        return parts
    finally:
        warehouse.close()


def go_on(path: Path) -> None:
    """Loads on from where the file stands, and holds the result against the stream."""
    upto = max(stands(path).values(), default=0) + 300
    load(path, upto)
    assert stands(path) == dict.fromkeys(range(loader.PARTS), upto)


def test_killed_at_any_moment(tmp_path):
    """After each kill the rows are exactly those before the offsets, offsets never go back, and loading goes on."""
    path, dice, before = tmp_path / "arus.duckdb", Random(), {}
    for _ in range(ROUNDS):
        process = start(path)
        time.sleep(dice.uniform(0.0, 0.7))
        kill(process)
        after = stands(path)
        assert all(after[part] >= offset for part, offset in before.items())
        before = after


def test_a_log_cut_short_moves_rows_and_offsets_back_together(tmp_path):
    """What a power cut may do: Kafka still has what is gone, and loading reads it again."""
    path, dice = tmp_path / "arus.duckdb", Random()
    for _ in range(3):
        process = start(path)
        time.sleep(0.4)
        kill(process)
        if (log := path.with_name("arus.duckdb.wal")).exists():
            os.truncate(log, dice.randrange(log.stat().st_size + 1))
        stands(path)
    go_on(path)


def test_one_process_at_a_time(tmp_path):
    """The second one is told who has the file."""
    path = tmp_path / "arus.duckdb"
    process = start(path)
    try:
        with pytest.raises(WarehouseBusyError, match=rf"in use by process {process.pid}: stop `arus"):
            Warehouse(path)
    finally:
        kill(process)


def filled(path: Path) -> Path:
    """Gives a file with rows, closed in peace."""
    load(path, 200)
    return path


def spoil(path: Path, at: int, spoiled: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(spoiled)


@pytest.mark.parametrize("at", [0, 20, 4_096 + 20], ids=["magic", "version", "header"])
def test_a_damaged_file_is_told(tmp_path, at):
    """One sentence, with the command that mends it."""
    path = filled(tmp_path / "arus.duckdb")
    spoil(path, at, b"\xff" * 16)
    with pytest.raises(WarehouseDamagedError, match="`arus rebuild` makes it anew from Kafka") as error:
        Warehouse(path)
    assert "\n" not in str(error.value)


def test_a_damaged_log_is_set_aside(tmp_path):
    """The file is sound without it, and Kafka has what it held: nobody need do anything."""
    path = tmp_path / "arus.duckdb"
    log = path.with_name("arus.duckdb.wal")
    process = start(path)
    while not log.exists() or log.stat().st_size < 20_000:
        time.sleep(0.005)
    process.send_signal(signal.SIGSTOP)
    content = log.read_bytes()
    kill(process)
    log.write_bytes(content[:9_000] + b"\xff" * 64 + content[9_064:])
    go_on(path)
    assert path.with_name("arus.duckdb.wal.damaged").exists()


def test_a_file_of_another_version_is_told(tmp_path):
    """Its tables may have other columns: it is made anew, not guessed at."""
    warehouse = Warehouse(tmp_path / "arus.duckdb")
    warehouse.query("update made_by set version = '0'")
    warehouse.close()
    with pytest.raises(WarehouseDamagedError, match=r"version 0.*`arus rebuild`"):
        Warehouse(tmp_path / "arus.duckdb")


def test_what_the_machine_refuses_is_not_called_damage(tmp_path):
    """A folder in the file's place needs no rebuild."""
    (tmp_path / "arus.duckdb").mkdir()
    with pytest.raises(WarehouseError) as error:
        Warehouse(tmp_path / "arus.duckdb")
    assert "rebuild" not in str(error.value)


@contextmanager
def no_room() -> Iterator[None]:
    """Lets this process write no file that is longer than a page, as when the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_over_when_there_is_room_again(tmp_path):
    """A file that could not be opened after a failed commit is opened by whoever asks next."""
    warehouse = Warehouse(filled(tmp_path / "arus.duckdb"))
    before = warehouse.query("select count(*) as rows from raw.transitions")
    for _ in range(2):
        with no_room(), pytest.raises(WarehouseError, match="File too large"):
            warehouse.reopen()
    with no_room(), pytest.raises(WarehouseError, match="File too large"):
        warehouse.query("select 1")
    assert warehouse.query("select count(*) as rows from raw.transitions") == before
    warehouse.close()


@pytest.mark.parametrize("exists", [True, False])
def test_a_file_that_may_not_grow_is_not_called_damaged(tmp_path, exists):
    """Nor is one whose disk is full: it needs room, and when it has room it is as it was."""
    path = filled(tmp_path / "arus.duckdb") if exists else tmp_path / "arus.duckdb"
    with no_room(), pytest.raises(WarehouseError, match=r"cannot be opened: .*File too large") as error:
        Warehouse(path)
    assert not isinstance(error.value, WarehouseDamagedError)
    Warehouse(path).close()


def test_files_can_be_read_by_the_release_before(tmp_path):
    """The way back to DuckDB 1.5 stays open."""
    warehouse = Warehouse(tmp_path / "arus.duckdb")
    [row] = warehouse.query("select tags from duckdb_databases() where database_name = 'arus'")
    warehouse.close()
    assert row["tags"]["storage_version"].startswith("v1.5")
