"""The operator's page Stream: what flows, how far behind it is, and what needs a hand. Only figures that are known."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from analytics.gateways import Gateway, Trouble, accounts, troubles
from analytics.kept import Kept
from analytics.monitor import View
from analytics.pages import charts, orders, sellers
from analytics.pages.live import Drawing, Live, Pieces
from analytics.pages.operators import lag
from analytics.pages.site import Head, Look, Site
from analytics.pages.words.names import mark
from analytics.senders import Sender
from analytics.senders.rules import quiet
from schemas.times import SECOND

Row = Mapping[str, Any]
Made = dict[str, Any]

DOORS = (
    ("/ops", mark("Stream")),
    ("/ops/senders", mark("Senders")),
    ("/ops/dead-letters", mark("Dead letters")),
    ("/ops/codes", mark("Codes")),
)
HEAD = Head(mark("Operator"), "operator", "/ops", DOORS)

SLOW, VERY_SLOW = 5 * SECOND, 60 * SECOND
"""How long the tables below the lag are good for: they read much and change little. The check of stock reads all."""

HOPS = {
    "stored": (mark("Stored"), mark("in Kafka")),
    "translated": (mark("Understood"), mark("as our events")),
    "folded": (mark("Folded"), mark("into the order")),
    "loaded": (mark("Loaded"), mark("into the warehouse")),
}
"""The hops of freshness in the order of an event's way."""

PIECES = "operator/pieces.html"

GOAL = 2 * SECOND
"""From a webhook's answer to the page."""


def freshness(rows: Iterable[Row]) -> Made | None:
    """Gives the hops with their shares of the slowest ways; None when nothing came lately."""
    by_hop = {row["hop"]: row for row in rows}
    whole = by_hop.get("total")
    if not whole or not whole["changes"]:
        return None
    hops = [_hop(by_hop[name], *words) for name, words in HOPS.items() if name in by_hop]
    slowest = max(hops, key=lambda hop: hop["slow_share"] or 0)
    return {"hops": hops, "total": whole, "slowest": slowest, "goal": GOAL}


def _hop(row: Row, name: str, where: str) -> Made:
    p95 = row["p95"] or 0
    tone = "good" if p95 < GOAL / 2 else "warn" if p95 < GOAL * 2 else "bad"
    return {**row, "name": name, "where": where, "tone": tone}


def rates(rows: Sequence[Row]) -> Made:
    """Gives the chart of events that came in and were applied, second by second."""
    incoming, applied = [row["incoming"] for row in rows], [row["applied"] for row in rows]
    axis = charts.axis(max([*incoming, *applied, 4]), 3, whole=True)
    lately = min(len(rows), 10) or 1
    return {
        "axis": axis,
        "incoming": charts.line(incoming, axis.top),
        "applied": charts.line(applied, axis.top),
        "under": charts.area(charts.line(applied, axis.top)),
        "now": (sum(incoming[-lately:]) / lately, sum(applied[-lately:]) / lately),
        "span_ms": len(rows) * SECOND,
    }


def queues(look: Look) -> Made:
    """Asks for the tables below the lag: who sends, what is set aside, what waits, what does not fit."""
    return {
        "intake": look.ask("intake", now=look.now),
        "letters": look.ask("letters"),
        "unmapped": look.ask("unmapped"),
        "parked": look.ask("parked", now=look.now, limit=1_000),
        "unreadable": look.ask("unreadable", limit=1_000),
        "anomalies": [
            row | {"address": orders.address(row["order_id"], "/ops/orders/")}
            for row in look.ask("anomalies", limit=50)
        ],
    }


class Operators:
    """The routes of the operator's pages."""

    def __init__(
        self,
        site: Site,
        live: Live,
        view: Callable[[], View],
        gateways: Callable[[], Sequence[Gateway]],
        senders: Callable[[int], Sequence[Sender]],
    ) -> None:
        self._site, self._live, self._view, self._gateways = site, live, view, gateways
        self._queues = Kept[Look, Made](lambda look, _: queues(look), SLOW)
        self._quiet = Kept[Look, list[Trouble]](lambda _, now: quiet(senders(now), now), VERY_SLOW)
        self._stock = Kept[Look, Sequence[Row]](lambda look, _: look.ask("stock_check", limit=1_000), VERY_SLOW)

    def routes(self) -> list[Route]:
        """Gives the routes."""
        return [
            Route("/ops", self.show_stream),
            Route("/ops/live", self.watch_stream),
            Route("/ops/orders/{order_id:path}", self.show_order),
        ]

    def show_stream(self, request: Request) -> Response:
        """Shows how the stream does."""
        look = self._site.look(request, "operator")
        return self._page(request, "operator/stream.html", "/ops", **self._seen(look))

    async def watch_stream(self, request: Request) -> Response:
        """Streams what changes of it."""
        look = self._site.look(request, "operator")
        key = ("stream", look.viewer, look.language.code)
        stream = Drawing(lambda: self._loaded(self._site.again(look)), lambda: self._tick(self._site.again(look)))
        return self._live.stream(request, key, stream)

    def show_order(self, request: Request) -> Response:
        """Shows one order as its seller sees it."""
        look = self._site.look(request, "operator")
        found = sellers.order(look, request.path_params["order_id"])
        if found is None:
            raise HTTPException(404)
        return self._page(request, "seller/order.html", "", watermark=self._view().watermark, **found)

    def _seen(self, look: Look) -> Made:
        view, gateways = self._view(), self._gateways()
        return {
            "verdict": self._verdict(look, view, gateways),
            "gateways": gateways,
            "accounts": accounts(gateways),
            "groups": lag.groups(view.standings),
            "freshness": freshness(look.ask("freshness", now=look.now)),
            "rates": rates(look.ask("rates", now=look.now)),
            **self._asked(look),
        }

    def _verdict(self, look: Look, view: View, gateways: Sequence[Gateway]) -> Made:
        found = [*troubles(gateways, look.now), *self._quiet.at(look.now, look)]
        return lag.verdict(view, look.now, found)

    def _asked(self, look: Look) -> Made:
        return {**self._queues.at(look.now, look), "stock_check": self._stock.at(look.now, look)}

    def _loaded(self, look: Look) -> Pieces:
        draw, asked = self._site.pieces(PIECES, look.language), self._asked(look)
        fresh = freshness(look.ask("freshness", now=look.now))
        return {"freshness": draw.freshness(fresh)} | {
            name: getattr(draw, name)(rows, look.now) for name, rows in asked.items()
        }

    def _tick(self, look: Look) -> Pieces:
        draw, view, gateways = self._site.pieces(PIECES, look.language), self._view(), self._gateways()
        pieces: Pieces = {
            "verdict": draw.verdict(self._verdict(look, view, gateways), look.now),
            "gateways": draw.gateways(gateways, accounts(gateways), look.now),
            "rates": draw.rates(rates(look.ask("rates", now=look.now))),
        }
        for group in lag.groups(view.standings):
            pieces |= lag.pieces(draw, group)
        return pieces

    def _page(self, request: Request, template: str, door: str, **context: Any) -> Response:  # noqa: ANN401  # templates
        return self._site.page(request, template, HEAD._replace(door=door), **context)
