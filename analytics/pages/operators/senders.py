"""The operator's page Senders: how each account does, the worst first, with what helps."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from analytics.pages.live import Drawing, Live, Pieces
from analytics.pages.site import Head, Look, Site
from analytics.pages.words.senders import CONCERN_WORDS
from analytics.senders import Sender, concerns

Made = dict[str, Any]

ADDRESS = "/ops/senders"
PIECES = "operator/senders_pieces.html"
NEEDING = ("bad", "warn")
"""The tones of what needs a hand."""


def seen(senders: Sequence[Sender], now: int) -> Made:
    """Gives the accounts as the page shows them, and in one word how they do."""
    rows = [_row(sender, now) for sender in senders]
    needing = [row for row in rows if row["tone"] in NEEDING]
    worst = needing[0]["tone"] if needing else "good" if rows else "quiet"
    return {"rows": rows, "verdict": {"tone": worst, "needing": len(needing), "all": len(rows)}}


def _row(sender: Sender, now: int) -> Made:
    found = [(concern, CONCERN_WORDS[concern]) for concern in concerns(sender, now)]
    return {
        **sender._asdict(),
        "concerns": found,
        "tone": found[0][1].tone if found else "good",
        "command": {name: words.command.format(source=sender.source, account=sender.account) for name, words in found},
        "refused": sum(sender.refusals.counts.values()),
    }


class SendersPage:
    """The routes of the page."""

    def __init__(self, site: Site, live: Live, look: Callable[[int], Sequence[Sender]], head: Head) -> None:
        self._site, self._live, self._senders = site, live, look
        self._head = head._replace(door=ADDRESS)

    def routes(self) -> list[Route]:
        """Gives the routes."""
        return [Route(ADDRESS, self.show), Route(f"{ADDRESS}/live", self.watch)]

    def show(self, request: Request) -> Response:
        """Shows how senders' accounts do."""
        look = self._site.look(request, "operator")
        return self._site.page(request, "operator/senders.html", self._head, **seen(self._senders(look.now), look.now))

    async def watch(self, request: Request) -> Response:
        """Streams what changes of it."""
        look = self._site.look(request, "operator")
        key = ("senders", look.viewer, look.language.code)
        return self._live.stream(request, key, Drawing(lambda: self.draw(self._site.again(look))))

    def draw(self, look: Look) -> Pieces:
        """Draws its live pieces."""
        draw, made = self._site.pieces(PIECES, look.language), seen(self._senders(look.now), look.now)
        return {
            "verdict": draw.verdict(made["verdict"], look.now),
            "senders": draw.senders(made["rows"], look.now),
        }
