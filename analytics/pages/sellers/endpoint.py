"""The page of a seller's own endpoint: its URL and secret, how it does, and the messages that were sent to it."""

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from analytics import endpoints
from analytics.api.problems import Problem
from analytics.api.services import Services
from analytics.api.shop import endpoint
from analytics.pages import orders
from analytics.pages.sellers import DOORS, settings
from analytics.pages.site import Head, Look, Site, choice
from analytics.pages.words.names import NOTICE_WORDS, mark
from schemas.messages import KINDS

ADDRESS = "/settings/endpoint"
AT_ONCE = 50

STATE_WORDS = {
    "none": ("quiet", "pause", mark("No endpoint yet")),
    "working": ("good", "check", mark("Working")),
    "failing": ("warn", "alert", mark("Failing")),
    "paused": ("bad", "pause", mark("Paused")),
}
"""How an endpoint does: tone, icon, word."""

SENDING_WORDS = {
    "waiting": ("warn", "clock", mark("Waiting")),
    "delivered": ("good", "check", mark("Arrived")),
    "failed": ("bad", "x", mark("Given up")),
    "missed": ("bad", "pause", mark("Not tried")),
}
"""How a message stands."""

ANSWER_WORDS = (
    ("no answer within", mark("no answer in time")),
    ("cannot be reached", mark("cannot be reached")),
    ("it ", mark("no address that messages may go to")),
    ("its address", mark("no address that messages may go to")),
    ("paused", mark("paused")),
    ("no endpoint", mark("no endpoint")),
    ("too many", mark("too many wait already")),
)
"""How an answer begins that is no status of HTTP → its words."""

DONE = {
    "saved": mark("Saved. It holds from now on."),
    "test": mark("A test message is on its way. It appears below."),
    "resume": mark("It works again. What it missed is sent when you ask for it."),
    "again": mark("It is sent again."),
}
"""What a form led to."""

TEST_WORDS = mark("Test message")


class EndpointPage:
    """The routes of the page. A form that another site's page sends is refused where the session is read."""

    def __init__(self, site: Site, ours: Services) -> None:
        self._site, self._ours = site, ours

    def routes(self) -> list[Route]:
        """Gives the routes."""
        return [
            Route(ADDRESS, self.show),
            Route(ADDRESS, self.change, methods=["POST"]),
            Route(f"{ADDRESS}/{{act}}", self.act, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        """Shows how it does, and the newest messages."""
        return self._page(request, self._site.look(request, "seller"))

    async def change(self, request: Request) -> Response:
        """Keeps the URL; shows the secret when that made one, and a URL that cannot be taken with the reason."""
        look = await run_in_threadpool(self._site.look, request, "seller")
        form = await request.form()
        url, messages = str(form.get("url", "")).strip(), [kind for kind in KINDS if kind in form]
        try:
            secret = await run_in_threadpool(endpoints.change, self._ours, look.viewer, url, messages)
        except Problem as problem:
            if problem.name != "invalid":
                raise
            return await run_in_threadpool(self._page, request, look, wrong=url, http_status=problem.kind.status)
        return await self._done(request, look, "saved", secret)

    async def act(self, request: Request) -> Response:
        """Does what a button says."""
        look = await run_in_threadpool(self._site.look, request, "seller")
        act, secret = request.path_params["act"], ""
        form = await request.form()
        if act == "secret":
            secret = await run_in_threadpool(endpoints.renew, self._ours, look.viewer)
        elif act == "resume":
            await run_in_threadpool(endpoints.resume, self._ours, look.viewer)
        elif act == "test":
            await run_in_threadpool(endpoints.test, self._ours, look.viewer)
        elif act == "again" and form.get("sending_id"):
            which = str(form["sending_id"])[:40]
            await run_in_threadpool(endpoints.resend, self._ours, look.viewer, sending_id=which)
        elif act == "again":
            await run_in_threadpool(endpoints.resend, self._ours, look.viewer, state="undelivered")
        else:
            raise Problem("not-found", "There is no such button.")
        return await self._done(request, look, act, secret)

    async def _done(self, request: Request, look: Look, act: str, secret: str) -> Response:
        """Leads back to the page; a secret is shown at once, as nothing keeps it for another request."""
        if secret:
            return await run_in_threadpool(self._page, request, look, secret=secret)
        return RedirectResponse(f"{ADDRESS}?done={act}", status_code=303)

    def _page(self, request: Request, look: Look, *, http_status: int = 200, **context: Any) -> Response:  # noqa: ANN401  # templates
        head = Head(orders.shop_name(look.viewer.id), "seller", "/", DOORS, settings.ADDRESS)
        shown_endpoint, rows = endpoint.shown(self._ours, look.viewer), look.ask("sendings", limit=AT_ONCE)
        shown = {"secret": "", "wrong": "", "done": DONE.get(choice(request, "done", DONE), ""), **context}
        return self._site.page(
            request,
            "seller/endpoint.html",
            head,
            http_status=http_status,
            endpoint=shown_endpoint,
            why=_answer(shown_endpoint.why),
            kinds={kind: NOTICE_WORDS[kind].buyer for kind in KINDS},
            states=STATE_WORDS,
            sendings=[_sending(row) for row in rows],
            sending_words=SENDING_WORDS,
            **shown,
        )


def _sending(row: dict[str, Any]) -> dict[str, Any]:
    words = NOTICE_WORDS.get(row["kind"])
    to_buyer = row["audience"].startswith("buyer:")
    return {
        **row,
        "label": (words.buyer if to_buyer else words.seller) if words else TEST_WORDS,
        "to_buyer": to_buyer,
        "address": orders.address(row["order_id"]) if row["order_id"] else "",
        "native": orders.native(row["order_id"]),
        "answer": _answer(row["answer"]),
        "item": json.loads(row["told"] or "{}").get("item", ""),
    }


def _answer(told: str | None) -> str:
    return next((words for begin, words in ANSWER_WORDS if told and told.startswith(begin)), told or "")
