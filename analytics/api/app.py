"""The app: the JSON doors, the session, the pages where there are some, and what guards them all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from analytics.api import forwarding, health, problems, session
from analytics.api.headers import SecurityHeaders
from analytics.api.operators import codes, gateways, lag, letters, queues, senders, topics
from analytics.api.services import Services
from analytics.api.shop import commands, endpoint, metrics, notices, orders, raw, sales, settings, stock, stock_file

ABOUT = """
What happened to every order, what is late and what was earned.

Send `Authorization: Bearer arus_…`; a token is a role and, for sellers and buyers, one id: nobody sees another's.
Money is minor units and a currency. Times are RFC 3339 in UTC; a day is a day on the seller's calendar.
Tables come as JSON, CSV, Parquet, Arrow or XLSX, by `?format=` or `Accept`. Errors are RFC 9457 problem documents.
"""

DOORS = (
    commands.router,
    orders.router,
    raw.router,
    stock.router,
    stock_file.router,
    settings.router,
    endpoint.router,
    sales.router,
    metrics.router,
    notices.router,
    lag.router,
    gateways.router,
    senders.router,
    queues.router,
    topics.router,
    letters.router,
    codes.router,
    health.router,
    session.router,
)

_LARGEST = 1 << 16  # bytes of a body; nobody needs to send more


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """Has the bell look for news while the app runs, and hangs up on the other nodes when it ends."""
    services: Services = app.state.services
    ringing = asyncio.create_task(services.bell.run(notices.look_for_news(services)))
    try:
        yield
    finally:
        ringing.cancel()
        await app.state.asking.aclose()


def build(services: Services) -> FastAPI:
    """Puts the app together around its services; pages join by `analytics.pages.join(app)`."""
    app = FastAPI(
        lifespan=_running,
        title="Arus",
        version="1",
        description=ABOUT,
        docs_url=None,  # its scripts come from another host
        redoc_url=None,  # as above
        redirect_slashes=False,
        max_body_size=_LARGEST,
    )
    app.state.services = services
    app.state.registry = CollectorRegistry()
    app.state.registry.register(health.Lag(services.monitor))
    app.state.registry.register(senders.Gauges(services.senders, services.now))
    problems.install(app)
    for door in DOORS:
        app.include_router(door)
    app.state.asking = forwarding.client()
    app.add_middleware(
        forwarding.Forwarding, services.warehouse.shard, services.settings.analytics.shards, app.state.asking
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(health.Measured, app.state.registry)
    return app
