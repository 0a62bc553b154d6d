"""The seller's settings: what goes on by itself, and how long a buyer may cancel alone."""

import asyncio
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from analytics.api.problems import Problem
from analytics.api.services import Services
from analytics.api.shop import settings
from analytics.pages import orders
from analytics.pages.sellers import DOORS
from analytics.pages.site import Head, Site
from analytics.pages.words.names import STATUS_WORDS, mark
from schemas.sellers import BUYER_CANCELS

ADDRESS = "/settings"

PATIENCE, PAUSE = 3.0, 0.1
"""Seconds that a page waits for what was set to be loaded, and between two looks."""

SWITCHES = (
    ("confirms", mark("Confirm new orders"), mark("When everything in them is in stock.")),
    ("completes", mark("Complete delivered orders"), mark("When the buyer's time to object is over.")),
    ("cancels", mark("Cancel unpaid orders"), mark("When the time to pay is over.")),
)


CHOICES = ("buyer_cancels", "asks_review")
REVIEW_DAYS = (0, 1, 3, 7, 14, 30)
"""What the page offers; by API any number of days up to sixty can be set."""


class SettingsPage:
    """The routes of the page. A form that another site's page sends is refused where the session is read."""

    def __init__(self, site: Site, ours: Services) -> None:
        self._site, self._ours = site, ours

    def routes(self) -> list[Route]:
        """Gives the routes."""
        return [Route(ADDRESS, self.show), Route(ADDRESS, self.change, methods=["POST"])]

    def show(self, request: Request) -> Response:
        """Shows what is set."""
        look = self._site.look(request, "seller")
        head = Head(orders.shop_name(look.viewer.id), "seller", "/", DOORS, ADDRESS)
        return self._site.page(
            request,
            "seller/settings.html",
            head,
            set=settings.find(self._ours, look.viewer.id),
            switches=SWITCHES,
            cancels={name: STATUS_WORDS[name].seller for name in BUYER_CANCELS},
            review_days=REVIEW_DAYS,
            saved="saved" in request.query_params,
        )

    async def change(self, request: Request) -> Response:
        """Keeps what the form says."""
        look = await run_in_threadpool(self._site.look, request, "seller")
        form = await request.form()
        asked: dict[str, Any] = {name: name in form for name, _, _ in SWITCHES}
        try:
            changed = settings.Set.model_validate({**asked, **{name: form[name] for name in CHOICES if name in form}})
        except ValidationError as error:
            raise Problem("invalid", f"{error.errors()[0]['loc'][0]}: there is no such choice.") from error
        await run_in_threadpool(settings.keep, self._ours, look.viewer.id, changed.model_dump())
        await self._wait(look.viewer.id, changed)
        return RedirectResponse(f"{ADDRESS}?saved=yes", status_code=303)

    async def _wait(self, seller_id: str, changed: settings.Set) -> None:
        until = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < until:
            found = await run_in_threadpool(settings.find, self._ours, seller_id)
            if settings.Set.model_validate(found) == changed:
                return
            await asyncio.sleep(PAUSE)
