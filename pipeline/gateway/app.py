"""The gateway's door for servers and tests: `build` gives the ASGI application."""

import time
from collections.abc import Callable

from pipeline.gateway.webhooks import Gateway
from pipeline.settings import Settings


def now() -> int:
    """Gives the wall clock in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def build(settings: Settings, clock: Callable[[], int] = now) -> Gateway:
    """Gives the application. Raises SettingsError when an account lacks what its sender needs."""
    return Gateway(settings, clock)
