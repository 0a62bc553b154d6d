"""The server that runs the gateway until it is told to stop."""

import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIGINT, SIGTERM, signal

import uvicorn

from pipeline.broker import BrokerError
from pipeline.gateway.app import build
from pipeline.gateway.connections import Connection
from pipeline.gateway.webhooks import Gateway
from pipeline.settings import Settings, SettingsError

GRACE = 2
"""Seconds that requests under way have to end when the gateway stops; as long as one waits for Kafka."""

Ready = Callable[[str], None]


def serve(settings: Settings, on_ready: Ready | None = None, listener: socket.socket | None = None) -> int:
    """Runs until SIGTERM or SIGINT and gives the exit code; tells its address once it listens.

    It listens whether Kafka is there or not; /readyz tells which. `listener` is a port that is open already.
    """
    try:
        application = build(settings)
        listener = listener or listen(settings.gateway.host, settings.gateway.port)
    except (SettingsError, BrokerError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # the one sentence that whoever started us must read
        return 1
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the gateway says itself when Kafka comes and goes
    with listener:
        Server(application, on_ready).run([listener])
    return 0


class Server(uvicorn.Server):
    """A server that tells when it listens, and that ends by returning, whichever signal stopped it."""

    def __init__(self, application: Gateway, on_ready: Ready | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                log_config=None,
                access_log=False,
                server_header=False,
                http=Connection,
                ws="none",
                proxy_headers=False,  # the address that a sender signs is gateway.public_url, not what a proxy says
                timeout_keep_alive=75,  # longer than the load balancers before it keep theirs
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen, then says so."""
        await super().startup(sockets)
        if self._on_ready and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stops at the first signal; uvicorn's own way would send it to us again once all is stopped."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal(number, self.handle_exit) for number in (SIGINT, SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal(number, handler)


def listen(host: str, port: int) -> socket.socket:
    """Opens a port. Raises OSError with a sentence when it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        help_ = "ARUS_GATEWAY__HOST and ARUS_GATEWAY__PORT set another place (port 0 = any free one)"
        raise OSError(f"the gateway cannot listen on {host}:{port}: {error.strerror}; {help_}") from error
