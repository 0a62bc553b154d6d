"""An HTTP server on this machine for tests that need somebody to talk to."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalServer:
    """Answers each request in a thread of its own with what `answer` gives; `gate` holds its answers back."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        ours = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                ours.handle(self, b"")

            def do_POST(self):
                ours.handle(self, self.rfile.read(int(self.headers["content-length"])))

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

    def handle(self, request, body):
        """Takes one request and answers it."""
        raise NotImplementedError


def reply(request, status, headers, body=b""):
    """Writes an answer."""
    request.send_response(status)
    for name, value in {**headers, "content-length": str(len(body))}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
