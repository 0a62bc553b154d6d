"""What a visitor sees when a door says no: the sign-in page, and pages for what is missing or went wrong."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from analytics.access import Role
from analytics.api.session import HOME_PAGES
from analytics.pages.site import Head, Site
from analytics.pages.words.names import mark


class Said(NamedTuple):
    """How a page says no: a title, and what one can do."""

    title: str
    text: str


SAID: dict[int, Said] = {
    401: Said(mark("Sign in"), mark("Paste the token you were given. It opens your own pages and nobody else's.")),
    403: Said(mark("Not for you"), mark("Your token opens other pages. Sign in with the token for this one.")),
    404: Said(mark("Not found"), mark("There is no such page, or it is not yours to see.")),
    405: Said(mark("Not that way"), mark("This address is for another kind of request.")),
    422: Said(mark("That cannot be"), mark("Something in the address or the form is not as it should be.")),
    500: Said(mark("Our mistake"), mark("Something of ours failed. It is written down; please try again.")),
    503: Said(mark("Not now"), mark("A part of Arus does not answer. Please try again in a moment.")),
}

OURS = 500
"""From here on up a status tells of a mistake of ours."""


class Problems:
    """Draws problems as pages."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def draw(self, request: Request, status: int, headers: dict[str, str], came_as: Role | None) -> Response:
        """Gives the page of a problem; `came_as` is the role of whoever has signed in, if anybody has."""
        said = SAID.get(status) or SAID[404 if status < OURS else OURS]
        answer = self._site.page(
            request,
            "problem.html",
            Head(home=HOME_PAGES[came_as] if came_as else "/", narrow=True),
            http_status=status,
            said=said,
            status=status,
            tried=request.url.path == "/enter",
            way_home=HOME_PAGES[came_as] if came_as and HOME_PAGES[came_as] != request.url.path else "",
        )
        answer.headers.update(headers)
        return answer
