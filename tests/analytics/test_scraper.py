"""The scraper: gateways are looked at, and one that does not answer is part of the view."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from analytics.scraper import Scraper, connect
from pipeline.gateway.counters import Counters

URL = "http://operator:secret@gateway-1:8600/"


class Clock:
    at = 1_000

    def __call__(self):
        return self.at


def counters(refused: int) -> str:
    """Gives what a gateway says that refused so many."""
    ours = Counters(lambda: 0.0)
    ours.door("xendit", "kopi").refused("bad_signature").inc(refused)
    return ours.text().decode()


def refuse(url):
    raise ConnectionError("connection refused")


def test_a_gateway_is_named_without_its_password():
    """What a page shows, everybody may read over the operator's shoulder."""
    assert [gateway.name for gateway in Scraper((URL,), Clock()).view] == ["gateway-1:8600"]


def test_a_silent_gateway_leaves_its_last_counts_with_since_when():
    """The first vain look tells since when, the last one why; an answer ends it."""
    clock, text = Clock(), counters(2)
    scraper = Scraper((URL,), clock)
    scraper.scrape(URL, lambda _: text)
    for clock.at in (2_000, 3_000):
        scraper.scrape(URL, refuse)
    [silent] = scraper.view
    assert (silent.at, silent.silent_since, silent.reason) == (1_000, 2_000, "ConnectionError: connection refused")
    assert silent.totals["xendit", "kopi", "bad_signature"] == 2
    scraper.scrape(URL, lambda _: text)
    assert (scraper.view[0].silent_since, scraper.view[0].at) == (None, 3_000)


def test_nonsense_is_not_an_answer():
    """Something else at a gateway's address is told as such."""
    scraper = Scraper((URL,), Clock())
    scraper.scrape(URL, lambda _: "<html>")
    assert "no counters" in scraper.view[0].reason


@pytest.fixture
def server():
    """Serves a gateway's counters at /metrics, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/metrics" else 404)
            self.end_headers()
            self.wfile.write(counters(3).encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_metrics_are_fetched_over_http(server):
    """With or without a slash at the end; another answer than 200 is raised."""
    fetch = connect()
    assert "bad_signature" in fetch(server)
    assert "bad_signature" in fetch(f"{server}/")
    with pytest.raises(ValueError, match="404"):
        fetch(f"{server}/elsewhere")
