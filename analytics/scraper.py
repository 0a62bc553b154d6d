"""The one scraper of gateways' counters: every few seconds, a thread for each gateway, however many people look."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

import structlog

from analytics.gateways import Gateway, History, read

log = structlog.get_logger()

EVERY = 3.0  # seconds between two looks at a gateway
PATIENCE = 2.0  # seconds that a gateway has to answer

Fetch = Callable[[str], str]


def connect() -> Fetch:
    """Gives a way to fetch a gateway's metrics that keeps its connection. It raises whatever goes wrong."""
    import httpx

    client = httpx.Client(timeout=PATIENCE, trust_env=False)  # gateways are ours: no proxy stands between

    def fetch(url: str) -> str:
        answer = client.get(f"{url.rstrip('/')}/metrics")
        if answer.is_success:
            return answer.text
        raise ValueError(f"it answers {answer.status_code}")

    return fetch


class Scraper:
    """Scrapes and keeps what it saw last; whoever looks takes `view`, which never changes under their eyes."""

    def __init__(self, urls: Sequence[str], now: Callable[[], int], connect: Callable[[], Fetch] = connect) -> None:
        self._now, self._connect = now, connect
        self._seen = {url: Gateway(_name(url)) for url in urls}
        self._histories = {url: History() for url in urls}
        self._stop = threading.Event()

    @property
    def view(self) -> tuple[Gateway, ...]:
        """Gives each gateway as it was last seen."""
        return tuple(self._seen.values())

    def start(self) -> None:
        """Begins to scrape."""
        for url in self._seen:
            threading.Thread(target=self._run, args=(url,), name="scraper", daemon=True).start()

    def stop(self) -> None:
        """Ends the scraping; does not wait for an answer that is under way."""
        self._stop.set()

    def scrape(self, url: str, fetch: Fetch) -> None:
        """Takes one look. A gateway that does not answer is part of the view, not an error."""
        before, history = self._seen[url], self._histories[url]
        try:
            counted = read(fetch(url))
        except Exception as error:  # noqa: BLE001  # whatever comes instead of counters, the page must say so and go on
            at, reason = self._now(), f"{type(error).__name__}: {error}"
            if before.silent_since is None:
                log.warning("scraper.gateway_silent", gateway=before.name, reason=reason)
            silent_since = at if before.silent_since is None else before.silent_since
            self._seen[url] = before._replace(lately=history.lately(at), silent_since=silent_since, reason=reason)
        else:
            at = self._now()
            history.see(at, counted)
            self._seen[url] = Gateway(before.name, at, *counted, history.lately(at), history.last_at)

    def _run(self, url: str) -> None:
        look = partial(self.scrape, url, self._connect())
        while not self._stop.is_set():
            look()
            self._stop.wait(EVERY)


def _name(url: str) -> str:
    """Gives a gateway's address as it may be shown: without a password that stands in it."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}" or url
