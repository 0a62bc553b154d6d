"""Pages: what sellers, buyers and operators see, drawn on the server from the rows of reports."""

from contextlib import suppress

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from analytics.access import OPERATOR, Role, Viewer
from analytics.api.problems import Problem
from analytics.api.services import Services
from analytics.api.session import HOME_PAGES, find_viewer, here
from analytics.pages.acting import Acting
from analytics.pages.buyers import Buyers
from analytics.pages.live import Live
from analytics.pages.operators import HEAD, Operators
from analytics.pages.operators.codes import Codes
from analytics.pages.operators.letters import Letters
from analytics.pages.operators.senders import SendersPage
from analytics.pages.problems import Problems
from analytics.pages.sellers import HEAD as SELLERS_HEAD
from analytics.pages.sellers import Sellers
from analytics.pages.sellers.endpoint import EndpointPage
from analytics.pages.sellers.settings import SettingsPage
from analytics.pages.sellers.stock import Stock
from analytics.pages.site import Outside, Site
from pipeline.broker import letters
from pipeline.broker.codes import Given
from pipeline.broker.letters import Choice, Pile
from pipeline.importing import Imported, import_stock
from schemas.codes import CodeMapped


def join(app: FastAPI) -> None:
    """Adds the pages to an app of the API, and makes it draw problems as pages for who looks with a browser."""
    ours: Services = app.state.services
    outside = Outside(ours.report, _who, ours.now, ours.watermark, ours.settings.times(), ours.warehouse.shard)
    site = Site(outside, secure_cookies=ours.settings.api.secure_cookies)
    live, problems = Live(ours.closing, lambda: ours.report("position", OPERATOR)), Problems(site)

    def piles() -> list[Pile]:
        with ours.asking_kafka():
            return letters.piles(ours.settings.kafka)

    def redrive(choice: Choice, dry_run: bool) -> list[Pile]:  # noqa: FBT001  # a word to broker.letters
        with ours.asking_kafka():
            return letters.redrive(ours.settings.kafka, choice, now=ours.now(), dry_run=dry_run)

    def give_meaning(mapping: CodeMapped, dry_run: bool) -> Given:  # noqa: FBT001  # a word to broker.codes
        return ours.give_meaning(mapping, dry_run=dry_run)

    def take_stock(seller: str, body: bytes, dry_run: bool) -> Imported:  # noqa: FBT001  # a word to pipeline.importing
        with ours.asking_kafka():
            return import_stock(ours.settings.kafka, seller, body, ours.now(), dry_run=dry_run)

    stream = Operators(site, live, lambda: ours.monitor.view, lambda: ours.scraper.view, ours.senders.look)
    shop, mine = Acting(site, ours, "seller", "/orders/"), Acting(site, ours, "buyer", "/buyer/orders/")
    for room in (
        SettingsPage(site, ours),
        EndpointPage(site, ours),
        Sellers(site, live, shop.act),
        Stock(site, SELLERS_HEAD, take_stock),
        Buyers(site, live, mine.act),
        stream,
        Letters(site, piles, redrive, HEAD),
        SendersPage(site, live, ours.senders.look, HEAD),
        Codes(site, give_meaning, ours.now, HEAD),
    ):
        app.router.routes.extend(room.routes())
    app.router.routes.append(site.assets.route())

    def draw(request: Request, problem: Problem) -> Response:
        return problems.draw(request, problem.kind.status, dict(problem.headers or {}), _came_as(request))

    app.state.draw_problem = draw


def _who(request: Request, role: Role) -> Viewer:
    return here(request, find_viewer(request, role))


def _came_as(request: Request) -> Role | None:
    with suppress(Problem):
        return find_viewer(request, *HOME_PAGES).role
    return None
