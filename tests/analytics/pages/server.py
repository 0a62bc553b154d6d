"""The pages on a seeded warehouse and a Kafka that moves, as a process of its own that tests may kill.

`python -m tests.analytics.pages.server HOME [PORT]` prints its port and tokens as one line of JSON. Started again on
the same home it has the same orders and takes the same tokens. `POST /-/orders/{order_id}?status=` moves an order on.
"""

import json
import os
import random
import socket
import sys
import time
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from agents.tracking import track
from analytics import pages
from analytics.access import OPERATOR, Tokens, Viewer
from analytics.api.app import build
from analytics.api.services import Services
from analytics.loading import Loading
from analytics.monitor import Monitor
from analytics.scraper import Scraper
from analytics.warehouse import Warehouse
from pipeline import codec
from pipeline.broker.codes import Change
from pipeline.broker.codes import Given as GivenMeaning
from pipeline.gateway.counters import Counters
from pipeline.settings import Account, Settings
from pipeline.streams.agent import Batch
from pipeline.streams.testing import Given, run
from schemas.codes import CodeMapped
from schemas.endpoints import Endpoint, Sending, Standing, State
from schemas.events import Evidence
from schemas.facts import Article, Case, Details, Order, Package, Scan
from schemas.letters import DeadLetter
from schemas.notices import Notice
from schemas.orders import StatusReported
from schemas.shipments import PackageScanned
from schemas.times import DAY, HOUR, MINUTE
from tests.analytics.seed import NOW, SELLERS, Record, seed

VIEWERS = {
    "seller": Viewer("seller", SELLERS[0]),
    "buyer": Viewer("buyer", "buyer-1"),
    "operator": OPERATOR,
    "new seller": Viewer("seller", "toko-baru"),
    "other buyer": Viewer("buyer", "buyer-2"),
    "odd seller": Viewer("seller", "toko-" + "kerajinan" * 7),
    "odd buyer": Viewer("buyer", "buyer-" + "9" * 60),
}
GROUPS = {
    "arus-intake": ("webhooks.received", "scans"),
    "arus-tracking": ("orders", "payments", "shipments"),
    "arus-loading": ("webhooks.received", "orders", "payments", "shipments", "order.snapshots", "order.transitions"),
}
STUCK, SLOW = ("arus-loading", "order.snapshots", 2), ("arus-tracking", "shipments", 3)


LONG = "Sarung<script>alert(1)</script>" + "TenunTroso" * 12
ODD = Order(
    "tiktok_shop:" + "5764614130" * 6,
    seller=(2, 0, "", VIEWERS["odd seller"].id),
    marks={"placed": (NOW - DAY, "e1")},
    details=Details(
        (NOW - DAY, 0, "e1"),
        *(VIEWERS["odd buyer"].id, "Raden Ayu <b>Kartika</b> " + "Sastrowardoyo" * 6, "Kepulauan" * 9),
        lines=[Article(f"SKU-{n}-" + "X" * 70, LONG, 10**6, 10**9) for n in range(12)],
        discount=10**12,
        shipping_fee=10**12,
        total=12 * 10**15,
        cod=True,
    ),
    packages={
        f"jnt/{n}": Package(
            {"arranged": (NOW - DAY, "e2"), "picked_up": (NOW - HOUR, "e3")},
            *(f"p{n}", "kurir-yang-tidak-dikenal-siapa-pun", "JP" + str(n) * 60),
            last=Scan((NOW - HOUR, 0, "e3"), "unknown", "C" * 40, LONG, "Gudang" * 20),
        )
        for n in range(3)
    },
    returns={"r": Case({"requested": (NOW - HOUR, "e4")}, by="buyer", kind="refund", reason=LONG)},
    status="return_requested",
    history=[(NOW - DAY, "new"), (NOW - 2 * HOUR, "in_transit"), (NOW - HOUR, "return_requested")],
    due={"answer_return": NOW - 400 * DAY},
)
"""An order with everything too long, too large or hostile."""


ACCOUNTS = (
    Account(source="xendit", name="kopi-senja", secrets=("new", "old"), secrets_since=("2026-09-01", "2025-09-01")),
    Account(source="tiktok_shop", name="toko-melati", secrets=("s",), secrets_since=("2025-10-01",), app_key="1"),
    Account(source="biteship", name="kopi-senja", secrets=("s",), header="X-Biteship-Secret"),
)
"""One is rejected and changes its secret, one has an old one, one never sent."""


class Kafka:
    """Groups that follow their topics; one partition stands still and one catches up."""

    def __init__(self, now) -> None:
        self._now, self._dice = now, random.Random(3)
        self._at = {(g, t, p): [2_000_000, 2_000_000] for g, topics in GROUPS.items() for t in topics for p in range(8)}
        self._at[SLOW][1] += 90_000

    def lag(self):
        return [self._reading(key, place) for key, place in self._at.items()]

    def close(self) -> None:
        pass

    def _reading(self, key, place):
        place[1] += self._dice.randrange(40, 90)
        if key != STUCK:
            wanted = place[1] - self._dice.choice((0, 0, self._dice.randrange(20)))
            place[0] = min(wanted, place[0] + 400) if key == SLOW else wanted
        behind = place[1] - place[0]
        oldest_at = self._now() - behind * 15 if behind else None
        names = dict(zip(("group", "topic", "partition"), key, strict=True))
        owner = f"worker-{key[2] % 2 + 1}"
        return SimpleNamespace(
            **names, committed=place[0], end=place[1], behind=behind, oldest_at=oldest_at, owner=owner, hidden=0
        )


class Gateways:
    """Two gateways: one that rejects what an account's wrong secret signed, and one that does not answer."""

    def __init__(self) -> None:
        self._counters = Counters(lambda: 0.0)
        for source, account in (("tiktok_shop", "toko-melati"), ("midtrans", "toko-melati"), ("xendit", "kopi-senja")):
            self._counters.door(source, account).accepted.inc(1_482)
        self._counters.door("midtrans", "toko-melati").errors("kafka_down").inc(12)
        self._counters.strays.labels(404).inc(97)

    def fetch(self, url: str) -> str:
        if "gateway-2" in url:
            raise ConnectionError("connection refused")
        self._counters.door("xendit", "kopi-senja").refused("bad_signature").inc()
        return self._counters.text().decode()


class Shop:
    """The warehouse of one home, and a way to move its orders."""

    def __init__(self, home: Path, now) -> None:
        fresh = not (home / "arus.duckdb").exists()
        self.warehouse = Warehouse(home / "arus.duckdb")
        if fresh:
            seed(self.warehouse)
        self._loading, self._now, self._offsets = Loading(self.warehouse, clock=now), now, count(1_000_000)
        if fresh:
            self._bury()
            self._write("order.snapshots", ODD.order_id.encode(), codec.encode(ODD))
            self._send()
            self._scan_strangely()

    def move(self, order_id: str, status: str, services: Services) -> None:
        row = services.report("order", OPERATOR, order_id=order_id)[0]
        order = codec_order(row["facts"])
        order.status = status
        order.history.append((self._now(), status))
        if status == "cancelled":
            order.marks["cancelled"] = (self._now(), f"{order_id}-cancelled")
        self._write("order.snapshots", order_id.encode(), codec.encode(order))

    def write(self, topic: str, key: bytes, value: bytes) -> None:
        """Judges a command and loads what it led to, as Kafka, tracking and loading do."""
        row = self._services.report("order", OPERATOR, order_id=key.decode())[0]
        record, now = Given(key, value, offset=next(self._offsets), timestamp=self._now()), self._now()
        rows = {key: codec_order(row["facts"])}
        self._write("order.snapshots", key, codec.encode(run(track, [record], rows, topic=topic, now=now).rows[key]))

    def serve(self, services: Services) -> None:
        """Knows the services that it writes for."""
        self._services = services

    def _bury(self) -> None:
        for n in range(3):
            letter = DeadLetter(
                "intake", "malformed", "the body is no JSON", "webhooks.received", 2, n, NOW - 9_000_000
            )
            self._write("dead-letters", b"tiktok_shop/toko-melati/%d" % n, b"{", tuple(letter.headers()))

    def _scan_strangely(self) -> None:
        """Scans and statuses that no table knows: one of each has a meaning since, one is too long and hostile."""
        at = NOW - 3 * DAY
        for name, code, words, milestone in (
            ("x1", "U99", "Paket naik haji", "unknown"),
            ("x2", "C" * 90, LONG, "unknown"),
            ("x3", "Y1", "Gudang penuh", "unknown"),
            ("x3", "Y1", "Gudang penuh", "delayed"),
        ):
            envelope = {"event_id": name, "type": "package_scanned", "order_id": ODD.order_id, "occurred_at": at}
            origin = {"received_at": at, "source": "ninjavan", "evidence": Evidence("webhooks.received", 0, 0, at)}
            told = {"carrier": "ninjavan", "tracking_number": "N1", "code": code, "words": words}
            rank = int(milestone != "unknown")
            scan = PackageScanned(**envelope, **origin, **told, milestone=milestone, rank=rank)
            self._write("shipments", ODD.order_id.encode(), codec.encode_event(scan), tuple(codec.headers(scan)))
        for name, word, status in (
            ("x4", "MENGGUNG" * 20, "unknown"),
            ("x5", "SPLIT", "unknown"),
            ("x5", "SPLIT", "new"),
        ):
            envelope = {"event_id": name, "type": "status_reported", "order_id": ODD.order_id, "occurred_at": at}
            origin = {"received_at": at, "source": "shopee", "evidence": Evidence("webhooks.received", 0, 0, at)}
            told = StatusReported(**envelope, **origin, status=status, word=word, rank=int(status != "unknown"))
            self._write("orders", ODD.order_id.encode(), codec.encode_event(told), tuple(codec.headers(told)))

    def _send(self) -> None:
        """A seller's own endpoint that was paused, with a message in each state."""
        who, hour = VIEWERS["seller"].id, NOW - HOUR
        told = [Endpoint(who, "https://hooks.melati.example/arus", "whsec_c2VjcmV0", changed_at=hour)]
        told += [Standing(who, hour - DAY, hour, "no answer within 15 seconds", hour)]
        for topic, value in zip(("endpoints", "endpoint.standings"), told, strict=True):
            self._write(topic, f"seller:{who}".encode(), codec.encode(value))
        for n, state in enumerate(get_args(State)):
            notice = Notice(f"n{n}", f"seller:{who}", "delivered", ODD.order_id, hour, "e", {"item": LONG})
            answer, due = "no answer within 15 seconds", NOW + HOUR if state == "waiting" else 0
            sending = Sending(f"msg_{n}", who, notice, state, n, due, hour, answer)
            self._write("endpoint.sendings", sending.sending_id.encode(), codec.encode(sending))

    def _write(self, topic: str, key: bytes, value: bytes, headers=()) -> None:
        offset = next(self._offsets)
        batch = Batch(topic, 0, [Record(key, value, offset, self._now(), headers)])
        self._loading.write([batch], {(topic, 0): offset + 1})


class ServedServices(Services):
    """Services beside a Kafka that holds orders with scans of any code."""

    def give_meaning(self, mapping: CodeMapped, *, dry_run: bool) -> GivenMeaning:
        """Tells what would change; nothing does."""
        names = [ODD.order_id, *(f"tiktok_shop:{n}" for n in range(60))]
        changes = [Change(name, "awaiting_collection", "return_in_progress", 1) for name in names]
        return GivenMeaning(mapping.means, 0 if dry_run else 61, changes)


def codec_order(facts: str) -> Order:
    from analytics.pages.orders import read_facts

    return read_facts(facts)


def main(home: Path, port: int) -> None:
    """Serves until it is killed."""
    began = time.monotonic()

    def now() -> int:
        return NOW + round((time.monotonic() - began) * 1_000)

    shop, tokens, monitor = Shop(home, now), Tokens(home), Monitor(lambda: Kafka(now), now)
    gateways = Gateways()
    urls = ("http://gateway-1:8600", "http://gateway-2:8600")
    scraper = Scraper(urls, lambda: now() - MINUTE // 3, lambda: gateways.fetch)  # one is silent long enough to be told
    services = ServedServices(
        Settings(home=home, accounts=ACCOUNTS),
        shop.warehouse,
        tokens,
        monitor,
        loading=lambda: True,
        now=now,
        scraper=scraper,
        writer=shop,
    )
    shop.serve(services)
    app = build(services)
    pages.join(app)

    def move(request: Request) -> JSONResponse:
        shop.move(request.path_params["order_id"], request.query_params["status"], services)
        return JSONResponse({})

    app.router.routes.insert(0, Route("/-/orders/{order_id:path}", move, methods=["POST"]))
    monitor.start()
    for _ in range(2):  # so that a page has what rose lately from the first, and does not jump
        scraper.scrape(urls[0], gateways.fetch)
    listener = socket.create_server(("127.0.0.1", port))
    told = {"port": listener.getsockname()[1], "tokens": {name: tokens.make(who) for name, who in VIEWERS.items()}}
    print(json.dumps(told), flush=True)  # noqa: T201  # the test that started us reads it
    os.dup2(2, 1)  # nobody reads on: what is logged from here goes where errors go
    scraper.start()
    uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)).run([listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    os._exit(0)
