"""The demo's endpoint, in place of a seller's own system: it believes what the shop's secret has signed alone."""

import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from standardwebhooks import Webhook, WebhookVerificationError

MOST_HEARD = 200
MOST_BYTES = 64 << 10

PATH = "/arus-demo"
"""Where it listens: so an address of an earlier start is known again."""


class Heard(NamedTuple):
    """One message that was verified."""

    webhook_id: str
    type: str
    order_id: str


class Listener:
    """Listens on this machine alone as long as it is entered, at any free port; keeps the newest messages."""

    def __init__(self) -> None:
        self.secret = ""
        self.heard: deque[Heard] = deque(maxlen=MOST_HEARD)
        self.refused = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where messages go; a browser finds there which ones came."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def hear(self, headers: dict[str, str], body: bytes) -> bool:
        """Takes a message; False when nobody has signed it with the secret."""
        try:
            told: Any = Webhook(self.secret).verify(body, headers) if self.secret else None
        except WebhookVerificationError:
            told = None
        if told is None:
            self.refused += 1
            return False
        name = next(value for header, value in headers.items() if header.lower() == "webhook-id")
        self.heard.appendleft(Heard(name, told["type"], told["data"]["order_id"] or ""))
        return True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            # some more than it takes is read: a connection closed over unread bytes is reset, its answer may be lost
            body = self.rfile.read(min(int(length), 2 * MOST_BYTES)) if length.isdecimal() else b""
            if not length.isdecimal() or int(length) > MOST_BYTES:
                self.close_connection = True
                self._reply(413)
                return
            self._reply(204 if listener.hear(dict(self.headers), body) else 401)

        def do_GET(self) -> None:
            lines = [f"{len(listener.heard)} messages came, each verified; {listener.refused} were refused", ""]
            lines += ["  ".join(heard) for heard in list(listener.heard)]
            self._reply(200, "\n".join(lines))

        def _reply(self, status: int, text: str = "") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain; charset=utf-8")
            if status != 204:  # noqa: PLR2004  # which has no body
                self.send_header("content-length", str(len(body)))
            if self.close_connection:
                self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
