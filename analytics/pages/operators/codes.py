"""The operator's page of codes and words that no table knows: what came with each, and its meaning, tried out first."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from analytics.pages import orders
from analytics.pages.site import Head, Site
from pipeline.broker.codes import Given
from schemas.codes import MEANINGS, CodeMapped, Kind, Unknown, mapped

ADDRESS = "/ops/codes"
A_PAGE = 200
SHOWN = 50
"""Orders of a preview that are shown; the rest are counted."""
FIELDS = ("kind", "source", "carrier", "code", "means")
LONGEST = {"source": 64, "carrier": 64, "code": 200}


class Codes:
    """The routes of the page. A form that another site's page sends is refused where the session is read."""

    def __init__(
        self, site: Site, give: Callable[[CodeMapped, bool], Given], now: Callable[[], int], head: Head
    ) -> None:
        self._site, self._give, self._now, self._head = site, give, now, head

    def routes(self) -> list[Route]:
        """Gives the routes."""
        return [Route(ADDRESS, self.show), Route(ADDRESS, self.send, methods=["POST"])]

    def show(self, request: Request) -> Response:
        """Shows the codes; after one was given a meaning also what that did."""
        asked = request.query_params
        done = {name: asked.get(name, "")[:200] for name in ("kind", "code", "means", "scans")}
        is_known = done["means"] in MEANINGS.get(cast("Kind", done["kind"]), ())
        is_done = is_known and done["scans"].isdecimal() and len(done["scans"]) < 9  # noqa: PLR2004  # fits
        return self._page(request, done=done | {"scans": int(done["scans"])} if is_done else None)

    async def send(self, request: Request) -> Response:
        """Gives a code a meaning, or with `dry_run` only tells which orders that changes."""
        await run_in_threadpool(self._site.look, request, "operator")
        form = await request.form()
        mapping = self._read({name: str(form.get(name, "")) for name in FIELDS})
        dry = "dry_run" in form
        given = await run_in_threadpool(self._give, mapping, dry)
        if dry:
            return await run_in_threadpool(self._page, request, tried=_tried(mapping, given))
        done = {"kind": mapping.of.kind, "code": mapping.code, "means": mapping.means, "scans": given.scans}
        return RedirectResponse(f"{ADDRESS}?{urlencode(done)}", status_code=303)

    def _read(self, told: dict[str, str]) -> CodeMapped:
        kind, means = cast("Kind", told["kind"]), told["means"]
        if means not in MEANINGS.get(kind, ()) or not (told["source"] and told["code"]):
            raise HTTPException(422)
        if any(len(told[name]) > longest for name, longest in LONGEST.items()):
            raise HTTPException(422)
        return mapped(Unknown(kind, told["source"], told["carrier"], told["code"]), means, self._now())

    def _page(self, request: Request, **result: Any) -> Response:  # noqa: ANN401  # what a form led to
        rows = self._site.look(request, "operator").ask("codes", limit=A_PAGE)
        shown = {"codes": rows, "done": None, "tried": None, "meanings": MEANINGS, **result}
        return self._site.page(request, "operator/codes.html", self._head._replace(door=ADDRESS), **shown)


def _tried(mapping: CodeMapped, given: Given) -> dict[str, Any]:
    """Gives what a preview shows: what would be done, and the first orders that it touches."""
    changed = [change for change in given.orders if change.before != change.after]
    rows = [
        {"order_id": change.order_id, "address": orders.address(change.order_id, "/ops/orders/")}
        | {"before": change.before, "after": change.after}
        for change in changed[:SHOWN]
    ]
    return {
        "mapping": mapping,
        "was": given.was if given.was != mapping.means else "",
        "orders": len(given.orders),
        "changed": len(changed),
        "rows": rows,
    }
