"""The seller's stock: articles, the most urgent first, one article with what makes up its numbers, and files in."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from analytics.pages import orders
from analytics.pages.site import Head, Look, Site, choice
from analytics.pages.words.names import mark
from analytics.pages.words.shop import STOCK_WORDS
from pipeline.importing import Imported
from pipeline.sources.files.stock_csv import MOST_BYTES

ADDRESS = "/stock"
A_PAGE = 50
SHOWN_WRONG = 100

Import = Callable[[str, bytes, bool], Imported]
"""Takes a seller's file, or with a third word only tries it."""


def articles(look: Look, state: str, q: str, cursor: str) -> dict[str, Any]:
    """Gives one page of articles: of a state, or found by a text."""
    given = {name: value for name, value in (("state", state), ("q", q)) if value}
    rows = look.ask("stock", **given, cursor=cursor or None, limit=A_PAGE + 1)
    counts = {row["state"]: row["articles"] for row in look.ask("stock_states")}
    each = [{"name": name, "label": words.label, "count": counts.get(name, 0)} for name, words in STOCK_WORDS.items()]
    return {
        "state": state,
        "q": q,
        "tabs": [{"name": "", "label": mark("All"), "count": sum(counts.values())}, *each],
        "articles": [row | {"address": address(row["sku"])} for row in rows[:A_PAGE]],
        "first": f"{ADDRESS}?{urlencode(given)}" if cursor else "",
        "next": f"{ADDRESS}?{urlencode(given | {'cursor': rows[A_PAGE - 1]['cursor']})}" if len(rows) > A_PAGE else "",
    }


def article(look: Look, sku: str, cursor: str) -> dict[str, Any] | None:
    """Gives one article with its counts, receipts and a page of what orders do with it; None when there is none."""
    found = look.ask("stock", sku=sku, limit=1)
    if not found:
        return None
    rows = look.ask("stock_movements", sku=sku, cursor=cursor or None, limit=A_PAGE + 1)
    return {
        "article": found[0],
        "told": [row | {"raw": _raw(row["event_id"])} for row in look.ask("stock_told", sku=sku, limit=A_PAGE)],
        "movements": [_moved(row) for row in rows[:A_PAGE]],
        "first": address(sku) if cursor else "",
        "next": f"{address(sku)}?cursor={rows[A_PAGE - 1]['cursor']}" if len(rows) > A_PAGE else "",
    }


def address(sku: str) -> str:
    """Gives the address of an article's page."""
    return f"{ADDRESS}/{quote(sku, safe='')}"


def _raw(event_id: str) -> str:
    return f"/v1/events/{quote(event_id, safe='')}/raw?as=seller"


def _moved(row: dict[str, Any]) -> dict[str, Any]:
    order_id = row["order_id"]
    return row | {"address": orders.address(order_id), "native": orders.native(order_id)}


class Stock:
    """The routes of the seller's stock."""

    def __init__(self, site: Site, head: Head, take: Import) -> None:
        self._site, self._head, self._take = site, head, take

    def routes(self) -> list[Route]:
        """Gives the routes; a file may be larger than other forms."""
        large = [Middleware(RequestBodyLimitMiddleware, max_body_size=MOST_BYTES + (1 << 14))]
        return [
            Route(ADDRESS, self.show),
            Route(f"{ADDRESS}/import", self.send, methods=["POST"], middleware=large),
            Route(f"{ADDRESS}/{{sku:path}}", self.show_article),
        ]

    def show(self, request: Request) -> Response:
        """Shows the articles; after an import also what came in."""
        return self._list(request)

    async def send(self, request: Request) -> Response:
        """Imports a file, or with `dry_run` only tells what it says; tells each bad line."""
        look = await run_in_threadpool(self._site.look, request, "seller")
        async with request.form(max_files=1) as form:
            file, dry = form.get("file"), "dry_run" in form
            body = await file.read() if isinstance(file, UploadFile) else b""
        done = await run_in_threadpool(self._take, look.viewer.id, body, dry)
        if done.sent:
            told = urlencode({"counted": done.counted, "received": done.received})
            return RedirectResponse(f"{ADDRESS}?{told}", status_code=303)
        return await run_in_threadpool(self._list, request, done)

    def show_article(self, request: Request) -> Response:
        """Shows one article."""
        look = self._site.look(request, "seller")
        found = article(look, request.path_params["sku"], request.query_params.get("cursor", ""))
        if found is None:
            raise HTTPException(404)
        return self._page(request, look, "seller/article.html", **found)

    def _list(self, request: Request, done: Imported | None = None) -> Response:
        look, asked = self._site.look(request, "seller"), request.query_params
        sent = tuple(_number(asked.get(name, "")) for name in ("counted", "received"))
        shown = articles(
            look, choice(request, "state", STOCK_WORDS), asked.get("q", "").strip()[:200], asked.get("cursor", "")
        )
        context = {"sent": sent if any(sent) else None, "done": done, "shown_wrong": SHOWN_WRONG}
        return self._page(request, look, "seller/stock.html", **shown, **context)

    def _page(self, request: Request, look: Look, template: str, **context: Any) -> Response:  # noqa: ANN401  # templates
        head = self._head._replace(who=orders.shop_name(look.viewer.id), door=ADDRESS)
        return self._site.page(request, template, head, **context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0  # noqa: PLR2004  # as many as fit
