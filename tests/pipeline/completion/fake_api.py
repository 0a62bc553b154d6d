"""A sender's API on this machine: it is asked over HTTP, and can be ill, silent or late."""

import json
import threading
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeApi:
    """What all fakes have in common; `ails` are answers that it gives instead of its own, one for each call."""

    def __init__(self) -> None:
        self.access, self.refresh = "access-1", "refresh-1"
        self.renewals = 0
        self.asked: Counter[str] = Counter()
        self.refused: list[str] = []
        self.ails: deque[tuple[int, dict, dict]] = deque()
        self.gate = threading.Event()
        self.gate.set()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self._answer(b"")

            def do_POST(self):
                self._answer(self.rfile.read(int(self.headers["content-length"])))

            def _answer(self, body):
                fake.gate.wait(30)
                status, headers, told = fake.answer(self.path, dict(self.headers), body)
                written = json.dumps(told).encode()
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(written))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(written)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def expire(self):
        """Makes the access token that is out there no longer good."""
        self.access = f"access-{self.renewals + 2}"

    def new_tokens(self):
        """Gives out tokens in the place of those that there are."""
        self.renewals += 1
        self.access, self.refresh = f"access-{self.renewals + 1}", f"refresh-{self.renewals + 1}"
        return {"access_token": self.access, "refresh_token": self.refresh}

    def answer(self, target, headers, body):
        """Gives status, headers and what is told."""
        raise NotImplementedError
