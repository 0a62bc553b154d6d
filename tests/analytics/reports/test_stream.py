"""The operator's reports: how fresh, how fast, from whom, and what was not understood."""

import json
from dataclasses import replace

import pytest

from analytics.access import OPERATOR
from analytics.loading import Loading
from analytics.reports import run
from analytics.warehouse import Warehouse
from pipeline import codec
from schemas.deliveries import Delivery
from schemas.events import Evidence
from schemas.facts import Transition
from schemas.orders import StatusReported
from schemas.shipments import PackageScanned
from schemas.times import DAY, HOUR, MINUTE, SECOND
from tests.analytics.seed import NOW, Kafka


class Stream:
    """Records, and a sink that loads them at a set instant."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse, self.kafka, self.at = warehouse, Kafka(), NOW
        self.loading = Loading(warehouse, clock=lambda: self.at)

    def load(self, at: int = NOW) -> None:
        self.at = at
        self.kafka.write(self.loading)

    def change(self, *hops: int, loaded_at: int) -> None:
        """Adds a transition that was loaded then, and took so long for each hop before."""
        times = [loaded_at - sum(hops[n:]) for n in range(len(hops))]
        change = Transition("t", "shop:1", "", "", "new", times[0], "e", "", "", *times[:3])
        self.kafka.add("order.transitions", "shop:1", codec.encode(change), times[3])
        self.load(loaded_at)

    def webhook(self, name: str, received_at: int, source: str = "jnt") -> Evidence:
        told = Delivery(source, "toko", name, b"", received_at)
        place = self.kafka.add("webhooks.received", told.key.decode(), b"{}", received_at, told.record_headers())
        return Evidence("webhooks.received", *place, received_at)

    def event(self, event, at: int = NOW) -> None:
        topic = "orders" if isinstance(event, StatusReported) else "shipments"
        self.kafka.add(topic, event.order_id, codec.encode_event(event), at, codec.headers(event))


@pytest.fixture
def stream(tmp_path):
    warehouse = Warehouse(tmp_path / "arus.duckdb")
    yield Stream(warehouse)
    warehouse.close()


def by(rows: list[dict], name: str) -> dict:
    return {row[name]: row for row in rows}


def test_freshness_is_how_long_each_hop_took(stream):
    """In the order of the way; the whole is the sum of its hops for each change, and so are the slow ones' shares."""
    for hops in ((1, 10, 20, 69), (2, 20, 30, 148), (3, 30, 40, 27)):
        stream.change(*hops, loaded_at=NOW - SECOND)
    rows = by(run(stream.warehouse, "freshness", OPERATOR, now=NOW), "hop")
    assert list(rows) == ["stored", "translated", "folded", "loaded", "total"]
    assert [row["p50"] for row in rows.values()] == [2, 20, 30, 69, 100]
    assert [row["slow_share"] for row in rows.values()] == [0.01, 0.1, 0.15, 0.74, None]
    assert {row["changes"] for row in rows.values()} == {3}
    assert rows["total"]["series"] == [*[None] * 29, 190.0]


def test_freshness_forgets_after_five_minutes(stream):
    """What was loaded before, or comes later, is not part of it; a clock that went back makes no hop negative."""
    stream.change(1, 1, 1, 1, loaded_at=NOW - 5 * MINUTE)
    stream.change(1, 1, 1, 1, loaded_at=NOW + 1)
    assert {row["changes"] for row in run(stream.warehouse, "freshness", OPERATOR, now=NOW)} == {0}
    stream.change(1, -50, 60, 1, loaded_at=NOW - 2 * MINUTE)
    rows = by(run(stream.warehouse, "freshness", OPERATOR, now=NOW), "hop")
    assert (rows["translated"]["p50"], rows["translated"]["series"][17]) == (0, 0)


def scan(order: str, name: str, evidence: Evidence, **told) -> PackageScanned:
    return PackageScanned(
        event_id=name,
        type="package_scanned",
        order_id=order,
        occurred_at=evidence.written_at,
        received_at=evidence.written_at,
        source="jnt",
        evidence=evidence,
        tracking_number="JP1",
        **{"carrier": "jnt", "milestone": "at_hub", **told},
    )


def test_rates_count_what_came_and_what_was_loaded(stream):
    """Second by second of two and a half minutes, also those in which nothing came."""
    for n in range(6):
        stream.event(scan("shop:1", f"e{n}", stream.webhook(f"w{n}", NOW)), at=NOW - 10 * SECOND - n // 3 * SECOND)
    stream.load(NOW - 4 * SECOND)
    rows = run(stream.warehouse, "rates", OPERATOR, now=NOW)
    assert [row["at"] for row in rows] == list(range(NOW - 150 * SECOND, NOW, SECOND))
    assert {row["at"]: row["incoming"] for row in rows if row["incoming"]} == {
        NOW - 10 * SECOND: 3,
        NOW - 11 * SECOND: 3,
    }
    assert {row["at"]: row["applied"] for row in rows if row["applied"]} == {NOW - 4 * SECOND: 6}


def test_intake_tells_repeats_from_new_webhooks(stream):
    """Also when the first came long ago; and how many events a sender's webhooks held that no table knows."""
    stream.webhook("old", NOW - 3 * DAY)
    for name in ("old", "a", "a", "b"):
        evidence = stream.webhook(name, NOW - HOUR)
    stream.webhook("other", NOW - 2 * HOUR, source="shopee")
    stream.event(scan("shop:1", "e1", evidence, milestone="unknown", code="X9"), at=NOW - HOUR)
    stream.load()
    rows = by(run(stream.warehouse, "intake", OPERATOR, now=NOW), "source")
    jnt, shopee = rows["jnt"], rows["shopee"]
    assert (jnt["account"], jnt["accepted"], jnt["duplicates"], jnt["unmapped"]) == ("toko", 2, 2, 1)
    assert (shopee["accepted"], shopee["duplicates"], shopee["last_at"]) == (1, 0, NOW - 2 * HOUR)


def _word(evidence, status, **given):
    """Gives a report of a status in a word that no table knows; told once more it has one."""
    told = {"event_id": "s", "type": "status_reported", "order_id": "shop:1", "occurred_at": 1, "received_at": 1}
    return StatusReported(**told | given, source="shopee", evidence=evidence, status=status, word="SPLIT")


def test_what_our_tables_do_not_know_is_listed(stream):
    """A carrier's code and a marketplace's word, each with what it said and how often."""
    for n, order in enumerate(("shop:1", "shop:1", "shop:2")):
        evidence = stream.webhook(f"w{n}", NOW - HOUR + n)
        stream.event(scan(order, f"e{n}", evidence, milestone="unknown", code="X9", words="Retur gudang"))
    stream.event(_word(evidence, "unknown"))
    stream.load()
    rows = run(stream.warehouse, "unmapped", OPERATOR)
    assert [(row["source"], row["kind"], row["code"], row["events"], row["orders"]) for row in rows] == [
        ("jnt", "scan", "X9", 3, 2),
        ("shopee", "status", "SPLIT", 1, 1),
    ]
    assert (rows[0]["words"], rows[0]["last_at"], rows[0]["last_event_id"]) == ("Retur gudang", NOW - HOUR + 2, "e2")


def test_a_code_that_was_given_a_meaning_is_listed_no_more(stream):
    """Told once more with its milestone or status it is the same event."""
    evidence = stream.webhook("w", NOW - HOUR)
    stream.event(scan("shop:1", "e", evidence, milestone="unknown", code="X9"))
    stream.event(scan("shop:1", "e", evidence, milestone="delivered", rank=9, code="X9"))
    for status, rank in (("unknown", 0), ("completed", 9)):
        stream.event(_word(evidence, status, rank=rank))
    stream.load()
    assert run(stream.warehouse, "unmapped", OPERATOR) == []


def test_codes_are_told_apart_by_carrier_and_by_whether_they_have_a_meaning(stream):
    """Those without one and the frequent first; what was told once more says what the code means now."""
    evidence = stream.webhook("w", NOW - HOUR)
    for name, code in (("a", "X9"), ("b", "X9"), ("c", "Y1"), ("d", "Z3")):
        stream.event(scan(f"shop:{name}", name, evidence, milestone="unknown", code=code, words=f"kata {code}"))
    stream.event(scan("shop:e", "e", evidence, milestone="unknown", code="X9", carrier="jne"))
    stream.event(scan("shop:c", "c", evidence, milestone="lost", rank=9, code="Y1"))
    for status, rank in (("unknown", 0), ("completed", 9)):
        stream.event(_word(evidence, status, rank=rank))
    stream.load()
    rows = run(stream.warehouse, "codes", OPERATOR, limit=10)
    assert [(r["carrier"], r["code"], r["scans"], r["unmapped"], r["orders"], r["means"]) for r in rows] == [
        ("jnt", "X9", 2, 2, 2, ""),
        ("jne", "X9", 1, 1, 1, ""),
        ("jnt", "Z3", 1, 1, 1, ""),
        ("jnt", "Y1", 1, 0, 1, "lost"),
        ("", "SPLIT", 1, 0, 1, "completed"),
    ]
    assert rows[0]["words"] == "kata X9"
    assert [row["kind"] for row in rows] == ["scan"] * 4 + ["status"]


def test_parked_scans_are_listed_until_their_order_is_known(stream):
    """The longest waiting first."""
    parked = b'{"parked":[{"received_at":%d},{"received_at":%d}],"matched":[{"event":{}}]}'
    stream.kafka.add("matching.numbers", "jnt/JP1", parked % (NOW - HOUR, NOW - 2 * HOUR), NOW)
    stream.kafka.add("matching.numbers", "jnt/JP2", parked % (NOW - DAY, NOW), NOW)
    stream.load()
    rows = run(stream.warehouse, "parked", OPERATOR, now=NOW)
    assert [(row["carrier"], row["tracking_number"], row["scans"]) for row in rows] == [
        ("jnt", "JP2", 2),
        ("jnt", "JP1", 2),
    ]
    assert [row["waiting_ms"] for row in rows] == [DAY, 2 * HOUR]
    stream.kafka.add("matching.numbers", "jnt/JP2", b'{"bindings":[]}', NOW)
    stream.kafka.add("matching.numbers", "jnt/JP1", None, NOW)
    stream.load()
    assert run(stream.warehouse, "parked", OPERATOR, now=NOW) == []


def test_told_finds_events_by_their_id(warehouse):
    """With their order's seller, and where their bytes lie; an id that is unknown is not there."""
    order = warehouse.orders[0]
    trail = run(warehouse, "trail", OPERATOR, order_id=order.order_id)
    rows = run(warehouse, "told", OPERATOR, event_ids=[*(row["event_id"] for row in trail), "unknown"])
    assert {row["event_id"] for row in rows} == {row["event_id"] for row in trail}
    assert {(row["order_id"], row["seller_id"]) for row in rows} == {(order.order_id, order.seller[3])}


def test_pauses_are_the_longest_of_each_day(stream):
    """Between the webhooks of one account, on the day on which they ended; what we asked for ends none."""
    day = NOW - NOW % DAY
    for hours in (-30, -29, -27, -20, 1, 2):
        stream.webhook(f"w{hours}", day + hours * HOUR)
    stream.webhook("asked.order", day - 25 * HOUR)
    stream.webhook("other", day, source="dhl")
    stream.webhook("old", day - 20 * DAY)
    stream.load()
    rows = run(stream.warehouse, "pauses", OPERATOR, now=NOW)
    assert [(row["source"], row["day"] - day // DAY, row["longest_ms"], row["last_at"] - day) for row in rows] == [
        ("dhl", 0, None, 0),
        ("jnt", -2, 2 * HOUR, -27 * HOUR),
        ("jnt", -1, 7 * HOUR, -20 * HOUR),
        ("jnt", 0, 21 * HOUR, 2 * HOUR),
    ]


def test_a_pause_within_the_same_minutes_is_none(stream):
    """A burst has no pause, and between two bursts it is from the last of one to the first of the other."""
    start = NOW - HOUR - (NOW - HOUR) % MINUTE
    for n, at in enumerate((0, SECOND, 20 * SECOND, 10 * MINUTE + 30 * SECOND, 10 * MINUTE + 50 * SECOND)):
        stream.webhook(f"w{n}", start + at)
    stream.load()
    (row,) = run(stream.warehouse, "pauses", OPERATOR, now=NOW)
    assert row["longest_ms"] == 10 * MINUTE + 10 * SECOND


def test_delays_are_from_what_happened_to_its_webhook(stream):
    """Of a webhook that tells a history the newest event counts; a clock that goes ahead makes no delay negative."""
    for n, late in enumerate((1, 2, 3, 4, 100, -9)):
        evidence = stream.webhook(f"w{n}", NOW - HOUR + n)
        for age in (late * SECOND, 5 * DAY):
            event = scan("shop:1", f"e{n}-{age}", evidence)
            stream.event(replace(event, occurred_at=evidence.written_at - age), at=NOW - HOUR)
    stream.load()
    (row,) = run(stream.warehouse, "delays", OPERATOR, now=NOW)
    assert (row["source"], row["account"], row["p50_ms"], row["p95_ms"]) == ("jnt", "toko", 2_500, 76_000)


def test_a_waiting_number_is_of_whoever_told_it_first(stream):
    """By the webhook of its oldest scan; one whose webhook is not known is nobody's."""
    first, second = stream.webhook("w1", NOW - 2 * HOUR), stream.webhook("w2", NOW - HOUR, source="dhl")
    told = [
        {"received_at": e.written_at, "event": {"evidence": {"partition": e.partition, "offset": e.offset}}}
        for e in (second, first)
    ]
    for number, scans in {"JP1": told, "JP2": told[:1], "JP3": [{"received_at": NOW}]}.items():
        stream.kafka.add("matching.numbers", f"jnt/{number}", json.dumps({"parked": scans}).encode(), NOW)
    stream.load()
    rows = run(stream.warehouse, "waiting_numbers", OPERATOR)
    assert [(row["source"], row["parked"]) for row in rows] == [("dhl", 1), ("jnt", 1)]


def test_what_we_asked_for_is_no_sign_of_life(stream):
    """It is counted as what came, but an account's last webhook is its own."""
    stream.webhook("w", NOW - 2 * HOUR)
    stream.webhook("asked.order", NOW - HOUR)
    stream.load()
    (row,) = run(stream.warehouse, "intake", OPERATOR, now=NOW)
    assert (row["accepted"], row["last_at"]) == (2, NOW - 2 * HOUR)
