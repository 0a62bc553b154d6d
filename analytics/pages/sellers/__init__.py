"""The seller's pages: today, orders, one order, the rates behind it, the inbox."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from analytics.pages import acting, orders, promises
from analytics.pages.live import Drawing, Live, Pieces
from analytics.pages.sellers import inbox, places, sales, shop
from analytics.pages.site import Head, Look, Site, choice
from analytics.pages.words.names import SELLER_TAB_WORDS, mark
from analytics.pages.words.promises import PROMISE_WORDS
from analytics.pages.words.shop import POLICY_WORDS
from schemas.statuses import BY_NAME, SELLER_TABS

Act = Callable[[Request], Awaitable[Response]]

AT_ONCE = 8
"""Orders that Today shows of each list."""

A_PAGE, AT_MOST = 50, 500
"""Orders on a page of many, and where there is one page only."""

DOORS = (
    ("/", mark("Today")),
    ("/orders", mark("Orders")),
    ("/stock", mark("Stock")),
    ("/notices", mark("Inbox")),
    ("/settings", mark("Settings")),
)
"""The seller's pages as the head of each page lists them."""

HEAD = Head("", "seller", "/", DOORS)


def waiting(look: Look, tab: str) -> dict[str, Any]:
    """Gives what of the page Today is live: counts, risks, rates and the newest orders of a tab."""
    return {
        "tab": tab,
        "tabs": orders.tabs(look, "/", SELLER_TAB_WORDS),
        "due": shop.due(look),
        "todo": shop.todo(look),
        "risk": shop.at_risk(look.ask("at_risk", now=look.now, limit=AT_ONCE)),
        "rules": shop.rules(look),
        "orders": [orders.listed(row) for row in look.ask("orders", tab=tab or None, limit=AT_ONCE)],
    }


def order_list(look: Look, asked: Mapping[str, str]) -> dict[str, Any]:
    """Gives one page of orders: of a tab, of a status, what waits, or found by a text."""
    given = {name: asked[name] for name in ("tab", "status", "q") if asked[name]}
    if asked["waiting"]:
        rows = look.ask("waiting", kind=asked["waiting"], now=look.now, limit=AT_MOST)
        more = False
    else:
        rows = look.ask("orders", **given, cursor=asked["cursor"] or None, limit=A_PAGE + 1)
        more = len(rows) > A_PAGE
        rows = rows[:A_PAGE]
    return {
        **asked,
        "waiting_words": shop.TODO[asked["waiting"]].label if asked["waiting"] else "",
        "tabs": orders.tabs(look, "/orders", SELLER_TAB_WORDS),
        "orders": [orders.listed(row) for row in rows],
        "first": look.link("/orders", **given),
        "next": look.link("/orders", **given, cursor=rows[-1]["cursor"]) if more else "",
    }


def order(look: Look, order_id: str) -> dict[str, Any] | None:
    """Gives all that is known of one order; None when this seller has no such order."""
    rows = look.ask("order", order_id=order_id)
    if not rows:
        return None
    facts, trail = orders.read_facts(rows[0]["facts"]), look.ask("trail", order_id=order_id)
    return {
        "facts": facts,
        "answer": None,
        "order": orders.listed(rows[0]),
        "acts": acting.acts(look, facts, orders.address(order_id)),
        "asked": acting.asked(look, facts),
        "checked": acting.checked(look, facts) if facts.status == "new" else {},
        "promise": orders.promise(facts, look.now),
        "promises": promises.of_seller(facts, look.now, look.times),
        "parcels": orders.parcels(facts),
        "timeline": facts.history,
        "cases": orders.cases(facts, trail),
        "money": orders.money(facts),
        "trail": orders.trail(trail, look.viewer.role),
        "anomalies": look.ask("anomalies", order_id=order_id),
        "notices": [inbox.notice(row, look.language) for row in look.ask("notices", order_id=order_id)],
    }


class Sellers:
    """The routes of the seller's pages."""

    def __init__(self, site: Site, live: Live, act: Act) -> None:
        """`act` takes the forms of an order's page."""
        self._site, self._live, self._act = site, live, act

    def routes(self) -> list[Route]:
        """Gives the routes."""
        return [
            Route("/", self.show_today),
            Route("/live", self.watch_today),
            Route("/at-risk", self.show_risk),
            Route("/rates/{code}", self.show_rate),
            Route("/orders", self.show_orders),
            Route("/orders/{order_id:path}/{command}", self._act, methods=["POST"]),
            Route("/orders/{order_id:path}", self.show_order),
            Route("/live/orders/{order_id:path}", self.watch_order),
            Route("/notices", self.show_notices),
        ]

    def show_today(self, request: Request) -> Response:
        """Shows what waits, what is at risk, how the shop does."""
        look, mark = self._site.look(request, "seller"), self._site.outside.watermark()
        now = waiting(look, choice(request, "tab", SELLER_TABS))
        return self._page(
            request,
            look,
            "seller/today.html",
            "/",
            watermark=mark,
            sales=sales.chart(look),
            places=places.told(look),
            **now,
        )

    async def watch_today(self, request: Request) -> Response:
        """Streams what changes of it."""
        look, tab = self._site.look(request, "seller"), choice(request, "tab", SELLER_TABS)
        key = ("today", look.viewer, look.language.code, tab, *look.split.items())
        today = Drawing(lambda: self._today_pieces(self._site.again(look), tab), lambda: self._watermark(look))
        return self._live.stream(request, key, today)

    def _watermark(self, look: Look) -> Pieces:
        mark, now = self._site.outside.watermark(), self._site.outside.clock()
        return {"watermark": self._site.pieces("seller/pieces.html", look.language).watermark(mark, now)}

    def _today_pieces(self, look: Look, tab: str) -> Pieces:
        draw, rows = (self._site.pieces(f"seller/{name}.html", look.language) for name in ("pieces", "rows"))
        now = waiting(look, tab)
        return {
            "hello": draw.hello(bool(now["tabs"][0]["count"])),
            "todo": draw.todo(now["due"], now["todo"]),
            "risk": draw.risk(now["risk"]),
            "rules": draw.rules(now["rules"]),
            "tabs": draw.tabs(now["tabs"], tab),
            "rows": rows.table(now["orders"], tab, look.now),
        }

    def show_risk(self, request: Request) -> Response:
        """Shows every order with a promise, or with one of the kind asked for, that is late or soon late."""
        look, kind = self._site.look(request, "seller"), choice(request, "promise", shop.DUE)
        risk = shop.at_risk(look.ask("at_risk", now=look.now, promise=kind or None, limit=AT_MOST))
        words = PROMISE_WORDS[kind] if kind else ""
        return self._page(request, look, "seller/at_risk.html", "/", risk=risk, promise_words=words)

    def show_rate(self, request: Request) -> Response:
        """Shows the orders behind a rate."""
        look, code = self._site.look(request, "seller"), request.path_params["code"]
        if code not in POLICY_WORDS:
            raise HTTPException(404)
        part = choice(request, "part", ("denominator",)) or "numerator"
        rows = look.ask("policy_orders", now=look.now, code=code, part=part, limit=AT_MOST)
        found = {"code": code, "part": part, "orders": [orders.listed(row) for row in rows]}
        return self._page(request, look, "seller/rate.html", "/", words=POLICY_WORDS[code], **found)

    def show_orders(self, request: Request) -> Response:
        """Shows the orders of a tab or a status, what waits, or what a search finds."""
        look = self._site.look(request, "seller")
        asked = {"q": request.query_params.get("q", "").strip()[:200], "cursor": request.query_params.get("cursor", "")}
        asked |= {"tab": choice(request, "tab", SELLER_TABS), "status": choice(request, "status", BY_NAME)}
        asked |= {"waiting": choice(request, "waiting", shop.TODO)}
        return self._page(request, look, "seller/orders.html", "/orders", **order_list(look, asked))

    def show_order(self, request: Request) -> Response:
        """Shows one order with all that was told of it."""
        look, mark = self._site.look(request, "seller"), self._site.outside.watermark()
        found = self._found(look, request)
        found["answer"] = acting.told(found["facts"], request)
        return self._page(request, look, "seller/order.html", "/orders", watermark=mark, **found)

    async def watch_order(self, request: Request) -> Response:
        """Streams what changes of it."""
        look = self._site.look(request, "seller")
        await run_in_threadpool(self._found, look, request)
        order_id = request.path_params["order_id"]
        key = ("order", look.viewer, look.language.code, order_id)
        one = Drawing(lambda: self._order_pieces(self._site.again(look), order_id), lambda: self._watermark(look))
        return self._live.stream(request, key, one)

    def _found(self, look: Look, request: Request) -> dict[str, Any]:
        found = order(look, request.path_params["order_id"])
        if found is None:
            raise HTTPException(404)
        return found

    def _order_pieces(self, look: Look, order_id: str) -> Pieces:
        draw, found = self._site.pieces("seller/order_pieces.html", look.language), order(look, order_id)
        if found is None:
            return {}
        acts = self._site.pieces("acts.html", look.language)
        return {
            "acts": acts.acts(found["acts"], found["checked"], found["parcels"], look.now),
            "state": draw.state(found["order"], found["promise"], look.now),
            **{name: getattr(draw, name)(found[name], look.now) for name in ORDER_PIECES},
        }

    def show_notices(self, request: Request) -> Response:
        """Shows the inbox."""
        look = self._site.look(request, "seller")
        rows = look.ask("channel_notices" if "channel" in look.split else "notices")
        notices = [inbox.notice(row, look.language) for row in rows]
        return self._page(request, look, "seller/notices.html", "/notices", notices=notices)

    def _page(self, request: Request, look: Look, template: str, door: str, **context: Any) -> Response:  # noqa: ANN401  # templates
        head = HEAD._replace(who=orders.shop_name(look.viewer.id), door=door)
        return self._site.page(request, template, head, link=look.link, split=look.split, **context)


ORDER_PIECES = ("anomalies", "promises", "parcels", "timeline", "trail", "cases", "money")
"""Parts of an order's page that are drawn from what bears their name."""
