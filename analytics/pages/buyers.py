"""The buyer's pages: my orders by tab, and where one of them is now. Nothing of the shop's own."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from analytics.pages import acting, orders, promises
from analytics.pages.live import Drawing, Live, Pieces
from analytics.pages.site import Head, Look, Site, choice
from analytics.pages.words.names import BUYER_TAB_WORDS, mark
from schemas.facts import Order
from schemas.statuses import BUYER_TABS

Act = Callable[[Request], Awaitable[Response]]

BASE = "/buyer/orders/"
A_PAGE = 20


class Step(NamedTuple):
    """A step on an order's way; it is reached by any of these statuses."""

    label: str
    icon: str
    statuses: tuple[str, ...]


WAY = (
    Step(mark("Ordered"), "spark", ("unpaid",)),
    Step(mark("Paid"), "cash", ("on_hold", "new", "ready_to_ship")),
    Step(mark("Packed"), "box", ("awaiting_collection",)),
    Step(mark("On its way"), "truck", ("partially_shipped", "in_transit")),
    Step(mark("Delivered"), "home", ("delivered",)),
    Step(mark("Received"), "check", ("completed",)),
)
"""The way of an order that goes well."""

ENDS = {
    "cancelled": (Step(mark("Cancelled"), "x", ("cancelled",)),),
    "returned_to_seller": (Step(mark("Went back to the shop"), "undo", ("returned_to_seller",)),),
    "return": (
        Step(mark("Return requested"), "undo", ("return_requested",)),
        Step(mark("Return approved"), "check", ("return_in_progress",)),
        Step(mark("Returned"), "cash", ("returned",)),
    ),
}
"""How a way goes on that left the good one."""


def way(order: Order) -> list[dict[str, Any]]:
    """Gives the steps of an order's way: when each was reached, which is the present one and which are to come."""
    steps = _steps(order)
    place = {status: i for i, step in enumerate(steps) for status in step.statuses}
    reached: dict[int, int] = {}
    for since, status in order.history:
        if status in place:
            reached.setdefault(place[status], since)
    now = place.get(order.status, 0)
    return [
        {"label": step.label, "icon": step.icon, "at": reached.get(i), "state": _state(i, now, len(steps))}
        for i, step in enumerate(steps)
    ]


def _steps(order: Order) -> Sequence[Step]:
    end = ENDS.get("return" if order.status.startswith("return_") or order.status == "returned" else order.status)
    good = [step for step in WAY if not (step.label == "Paid" and _at_the_door(order))]
    if not end:
        return good
    been = {status for _, status in order.history}
    return [*(step for i, step in enumerate(good) if not i or been.intersection(step.statuses)), *end]


def _at_the_door(order: Order) -> bool:
    return bool(order.details and order.details.cod)


def _state(i: int, now: int, count: int) -> str:
    if i < now or (i == now and now == count - 1):
        return "done"
    return "now" if i == now else "next"


def order_list(look: Look, tab: str, cursor: str) -> dict[str, Any]:
    """Gives one page of the buyer's orders."""
    rows = look.ask("orders", tab=tab or None, cursor=cursor or None, limit=A_PAGE + 1)
    return {
        "tab": tab,
        "tabs": orders.tabs(look, "/buyer", BUYER_TAB_WORDS),
        "orders": [orders.listed(row, BASE) | {"shop": orders.shop_name(row["seller_id"])} for row in rows[:A_PAGE]],
        "next": look.link("/buyer", tab=tab, cursor=rows[A_PAGE - 1]["cursor"]) if len(rows) > A_PAGE else None,
    }


def order(look: Look, order_id: str) -> dict[str, Any] | None:
    """Gives one order as its buyer may see it; None when this buyer has no such order."""
    rows = look.ask("order", order_id=order_id)
    if not rows:
        return None
    facts, trail = orders.read_facts(rows[0]["facts"]), look.ask("trail", order_id=order_id)
    return {
        "facts": facts,
        "order": orders.listed(rows[0], BASE),
        "acts": acting.acts(look, facts, orders.address(order_id, BASE)),
        "asked": acting.asked(look, facts),
        "live": orders.address(order_id, "/buyer/live/"),
        "shop": orders.shop_name(rows[0]["seller_id"]),
        "way": way(facts),
        "promises": promises.of_buyer(facts, look.now, look.times),
        "parcels": orders.parcels(facts),
        "journey": [step for step in reversed(trail) if step["type"] == "package_scanned"],
        "money": orders.money(facts),
    }


class Buyers:
    """The routes of the buyer's pages."""

    def __init__(self, site: Site, live: Live, act: Act) -> None:
        """`act` takes the forms of an order's page."""
        self._site, self._live, self._act = site, live, act

    def routes(self) -> list[Route]:
        """Gives the routes."""
        return [
            Route("/buyer", self.show_orders),
            Route("/buyer/orders/{order_id:path}/{command}", self._act, methods=["POST"]),
            Route("/buyer/orders/{order_id:path}", self.show_order),
            Route("/buyer/live/{order_id:path}", self.watch_order),
        ]

    def show_orders(self, request: Request) -> Response:
        """Shows the buyer's orders, tab by tab."""
        look, tab = self._site.look(request, "buyer"), choice(request, "tab", BUYER_TABS)
        context = order_list(look, tab, request.query_params.get("cursor", ""))
        return self._page(request, "buyer/orders.html", **context)

    def show_order(self, request: Request) -> Response:
        """Shows where an order is and what happens next."""
        found = self._found(self._site.look(request, "buyer"), request)
        found["answer"] = acting.told(found["facts"], request)
        return self._page(request, "buyer/order.html", **found)

    async def watch_order(self, request: Request) -> Response:
        """Streams what changes of it."""
        look, order_id = self._site.look(request, "buyer"), request.path_params["order_id"]
        await run_in_threadpool(self._found, look, request)
        key = ("buyer", look.viewer, look.language.code, order_id)
        return self._live.stream(request, key, Drawing(lambda: self._pieces(self._site.again(look), order_id)))

    def _found(self, look: Look, request: Request) -> dict[str, Any]:
        found = order(look, request.path_params["order_id"])
        if found is None:
            raise HTTPException(404)
        return found

    def _pieces(self, look: Look, order_id: str) -> Pieces:
        draw, found = self._site.pieces("buyer/pieces.html", look.language), order(look, order_id)
        if found is None:
            return {}
        bill = self._site.pieces("seller/order_pieces.html", look.language)
        acts = self._site.pieces("acts.html", look.language)
        return {
            "acts": acts.acts(found["acts"], {}, found["parcels"], look.now),
            "now": draw.now_card(found["order"], found["parcels"], found["way"], look.now),
            "parcels": draw.parcels(
                found["parcels"], found["journey"], found["order"]["status"] == "cancelled", look.now
            ),
            "promises": bill.promises(found["promises"], look.now, bare=True),
            "money": bill.money(found["money"], look.now, bare=True),
        }

    def _page(self, request: Request, template: str, **context: Any) -> Response:  # noqa: ANN401  # templates
        return self._site.page(request, template, Head(role="buyer", home="/buyer", narrow=True), **context)
