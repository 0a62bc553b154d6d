"""A seller's own system on this machine: it believes what the library of Standard Webhooks believes."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1zZWxsZXItb2YtdGVzdHM="


class Receiver:
    """Keeps each message once by its id; `status` is what it answers, `gate` holds its answers back."""

    def __init__(self, secret: str = SECRET) -> None:
        self.secret, self.status, self.headers = secret, 204, dict[str, str]()
        self.messages: dict[str, dict] = {}
        self.attempts: Counter[str] = Counter()
        self.refused: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        ours = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                ours.hear(dict(self.headers), body)
                ours.gate.wait(30)
                self.send_response(ours.status)
                for name, value in {**ours.headers, "content-length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

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
        return f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def hear(self, headers, body):
        name = {k.lower(): v for k, v in headers.items()}["webhook-id"]
        self.attempts[name] += 1
        try:
            told = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError as error:
            self.refused.append(str(error))
            return
        if self.status < 300:
            assert self.messages.setdefault(name, told) == told

    def kinds(self):
        return sorted(json.loads(json.dumps(told))["data"]["kind"] for told in self.messages.values())
