"""The operator's page of dead letters: what could not be taken, and sending it once more, tried out first."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from analytics.pages.site import Head, Site
from pipeline.broker.letters import Choice, Pile

ADDRESS = "/ops/dead-letters"


class Letters:
    """The routes of the page. A form that another site's page sends is refused where the session is read."""

    def __init__(
        self, site: Site, piles: Callable[[], list[Pile]], redrive: Callable[[Choice, bool], list[Pile]], head: Head
    ) -> None:
        self._site, self._piles, self._redrive, self._head = site, piles, redrive, head

    def routes(self) -> list[Route]:
        """Gives the routes."""
        return [Route(ADDRESS, self.show), Route(ADDRESS, self.send, methods=["POST"])]

    def show(self, request: Request) -> Response:
        """Shows the letters by step and cause; after sending also how many were sent."""
        self._site.look(request, "operator")
        sent = request.query_params.get("sent", "")[:9]
        return self._page(request, sent=int(sent) if sent.isdecimal() else None)

    async def send(self, request: Request) -> Response:
        """Sends a pile once more, or with `dry_run` only tells what would be sent."""
        await run_in_threadpool(self._site.look, request, "operator")
        form = await request.form()
        choice = Choice(str(form.get("step", ""))[:40], str(form.get("cause", ""))[:80])
        dry = "dry_run" in form
        count = sum(pile.letters for pile in await run_in_threadpool(self._redrive, choice, dry))
        if dry:
            return await run_in_threadpool(self._page, request, tried=choice, would_send=count)
        return RedirectResponse(f"{ADDRESS}?{urlencode({'sent': count})}", status_code=303)

    def _page(self, request: Request, **result: Any) -> Response:  # noqa: ANN401  # what a form led to
        shown = {"piles": self._piles(), "sent": None, "tried": None, "would_send": 0, **result}
        return self._site.page(request, "operator/letters.html", self._head._replace(door=ADDRESS), **shown)
