"""More partitions in the middle of orders' lives: nothing is lost, nothing is doubled, nothing begins anew."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from random import Random

import msgspec
import pytest

from pipeline.broker.reader import Stored, records
from pipeline.cli.proof.draining import drain
from pipeline.growing.rows import MOVED
from pipeline.homes import is_everywhere
from pipeline.settings import DEMO, Kafka
from pipeline.simulate.demo.accounts import open_shop
from pipeline.simulate.sending import Sending
from pipeline.simulate.shops import shops
from pipeline.simulate.traffic import past
from pipeline.streams.work.partitions import partition_of
from schemas.notices import Notice
from schemas.times import DAY, SECOND, rfc3339
from tests.journeys.system import PATIENCE, System, until

pytestmark = pytest.mark.xdist_group("journeys")

BEFORE, AFTER = 4, 7
CARRIERS = ("ninjavan", "biteship", "aftership", "easypost")

DYING = """
import os, signal, sys
from pipeline.cli import main
from pipeline.growing import moving

topic, moving.ROWS = sys.argv.pop(1), 4
write, written = moving.Mover._write, []

def writes(self, rows, taken):
    if rows[0].topic == topic:
        written.append(rows)
    if len(written) > 1:
        self._producer.commit_transaction = lambda: (self._producer.flush(), os.kill(os.getpid(), signal.SIGKILL))
    write(self, rows, taken)

moving.Mover._write = writes
main()
"""
"""The command, moving four rows at a time; killed with -9 when it is about to commit the second four of a topic."""

KILLED_IN = ("order.snapshots", "matching.numbers", "promises.clocks")
"""Topics whose rows it moves when it is killed, attempt by attempt."""


def settle(system: System, kafka: Kafka) -> None:
    """Writes the settings: the demo's accounts, and where the topics are and how many partitions they have."""
    open_shop(system.home)
    head = f'[kafka]\nbootstrap_servers = "{kafka.bootstrap_servers}"\npartitions = {kafka.partitions}\n'
    (system.folder / "arus.toml").write_text(head + (system.home / DEMO).read_text())


def unpaid(system: System, order_id: str, due_at: int) -> None:
    """Tells of an order whose time to pay ends then."""
    told = {"order_id": order_id, "buyer_id": "siti", "total": 50_000}
    body = json.dumps({"type": "order_placed", "timestamp": rfc3339(due_at - DAY), "data": told}).encode()
    account = next(one for one in system.accounts() if one.source == "standard_webhooks")
    until(lambda: system.send(account, body).is_success)


def teleported(system: System, order: str) -> None:
    """Tells of a parcel by a code that no table of ours knows."""
    told = {"tracking_id": f"NV{order}", "shipper_order_ref_no": order, "timestamp": "2026-11-24T10:00:00+0700"}
    account = next(one for one in system.accounts() if one.source == "ninjavan")
    body = json.dumps({**told, "event": "Teleported", "status": "Teleported"}).encode()
    until(lambda: system.send(account, body).is_success)


def send(system: System, webhooks: list) -> None:
    """Sends webhooks; each is taken."""
    totals = asyncio.run(Sending(system.ready["gateway"]).run(webhooks))
    assert (totals.given_up, dict(totals.refused)) == (0, {})


def grow_and_kill(system: System, topic: str) -> None:
    """Has it killed with -9 while it moves the rows of a topic."""
    words = [sys.executable, "-c", DYING, topic, "topics", "grow", "--partitions", str(AFTER)]
    ended = subprocess.run(
        words, cwd=system.folder, env=system.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def live_rows(kafka: Kafka, topic: str) -> dict[tuple[bytes, int], Stored]:
    """Gives what each partition says of each key now, unless it says that the row is gone."""
    newest = {(record.key or b"", record.partition): record for record in records(kafka, topic, all_of_them=True)}
    return {place: record for place, record in newest.items() if record.value is not None}


def rows_of(told: dict) -> dict[str, int]:
    return {one["topic"]: one["rows"] for one in told["moved"]}


def cut_short(system: System) -> dict[str, int]:
    """Has it killed again and again, then ended; gives the rows that the last attempt moved."""
    for topic in KILLED_IN:
        grow_and_kill(system, topic)
    other = system.run("topics", "grow", "--partitions", "9")
    assert f"`arus topics grow --partitions {AFTER}` ends that" in other.stderr, other.stderr
    checked = system.run("topics", "check")
    assert f"dead-letters has {BEFORE} partitions, the settings say {AFTER}" in checked.stdout, checked.stderr
    done = system.run("topics", "grow", "--partitions", str(AFTER), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["was"], told["partitions"], told["late"]) == (BEFORE, AFTER, 0)
    again = json.loads(system.run("topics", "grow", "--partitions", str(AFTER), "--json").stdout)
    assert (again["was"], again["moved"]) == (AFTER, [])
    assert system.run("topics", "check").returncode == 0
    return rows_of(told)


def each_row_is_once_where_its_key_belongs(kafka: Kafka) -> None:
    """What codes mean is everywhere."""
    for topic in MOVED:
        for key, partition in live_rows(kafka, topic):
            assert is_everywhere(topic, key) or partition_of(key, AFTER) == partition, (topic, key, partition)
    numbers = live_rows(kafka, "matching.numbers")
    means = Counter(key for key, _ in numbers if is_everywhere("matching.numbers", key))
    assert [*means.values()] == [AFTER]


def rung(kafka: Kafka, order: str) -> Counter[str]:
    """Counts how often it was told that a promise to an order is broken."""
    told = [msgspec.json.decode(one.value, type=Notice) for one in records(kafka, "notices") if one.value]
    return Counter(one.notice_id for one in told if one.kind == "promise_broken" and one.order_id.endswith(order))


@pytest.mark.timeout(900)
def test_lives_go_on_over_more_partitions(tmp_path, own_kafka):
    """Half of all webhooks come before it and half after, repeats too, and it is killed again and again meanwhile."""
    system, kafka = System(tmp_path), Kafka(bootstrap_servers=own_kafka.bootstrap, partitions=BEFORE)
    settle(system, kafka)
    dice = Random("grow")
    webhooks = list(past(shops(system.accounts()), 60, seed="grow", days=9, until=time.time_ns() // 1_000_000))
    # carriers first: their scans wait for orders whose words come in another number of partitions
    first = [one for one in webhooks if one.account.source in CARRIERS or dice.random() < 0.4]
    rest = [one for one in webhooks if one not in first] + dice.sample(first, 60)
    try:
        system.start()
        send(system, first)
        assert system.run("codes", "map", "ninjavan", "Teleported", "out_for_delivery").returncode == 0
        unpaid(system, "late-1", time.time_ns() // 1_000_000 + 60 * SECOND)
        drain(kafka, 90)
        waiting = [row for row in live_rows(kafka, "matching.numbers").values() if b'"parked":[{' in (row.value or b"")]
        assert len(waiting) > 5
        refused = system.run("topics", "grow", "--partitions", str(AFTER))
        assert (refused.returncode, "arus-tracking is at work" in refused.stderr) == (1, True)
        system.stop()
        assert not rung(kafka, "late-1")

        tried = rows_of(json.loads(system.run("topics", "grow", f"--partitions={AFTER}", "--dry-run", "--json").stdout))
        assert all(tried[topic] for topic in (*KILLED_IN, "codes", "stock.orders"))
        kafka = kafka.model_copy(update={"partitions": AFTER})
        settle(system, kafka)
        left = cut_short(system)
        assert [left[topic] for topic in KILLED_IN] == [0, 1, left["promises.clocks"]]  # codes are copied once more
        assert 0 < left["promises.clocks"] < tried["promises.clocks"]

        system.start()
        send(system, rest)
        for number in range(2 * AFTER):
            teleported(system, f"t-{number}")
        verdicts = json.loads(system.run("verify", "--json").stdout)
        assert [one for one in verdicts if not one["holds"]] == []
        meant = [row for row in system.orders().splitlines() if ":t-" in row]
        assert [",in_transit," in row for row in meant] == [True] * 2 * AFTER
        each_row_is_once_where_its_key_belongs(kafka)
        assert set(until(lambda: rung(kafka, "late-1")).values()) == {1}
        shadow = system.run("rebuild", "--states", "--shadow", "--json")
        assert (shadow.returncode, json.loads(shadow.stdout)["differences"]) == (0, [])
        assert system.run("stock", "check").returncode == 0
        warehouse_is_the_same_from_the_beginning(system)
    finally:
        system.stop()


def warehouse_is_the_same_from_the_beginning(system: System) -> None:
    """Older words of an order in its former partition do not count, in whatever order partitions are read."""
    system.stop()
    anew = system.run("rebuild", "--shadow", "--json")
    assert [one for one in json.loads(anew.stdout)["differences"] if one["gone"] or one["new"]] == []
