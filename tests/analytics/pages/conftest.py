"""A server of pages, a real Chromium and pages of it that watch what they load and say.

On a laptop without Chromium these tests are skipped with a sentence; where CI is set they must run.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.analytics.pages.server import VIEWERS

PLACES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Served:
    """A server process on a home of its own; killed and started again it has the same port, orders and tokens."""

    def __init__(self, home: Path) -> None:
        self._home, self.port = home, 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.analytics.pages.server", str(self._home), str(self.port)]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout
        told = json.loads(self._process.stdout.readline())
        self.port, self.tokens = told["port"], told["tokens"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("pages"))
    yield server
    server.kill()


def find_chromium() -> str:
    """Finds Chromium where ARUS_TEST_CHROMIUM says, else on the path; skips the test when there is none."""
    found = os.environ.get("ARUS_TEST_CHROMIUM") or next(filter(None, map(shutil.which, PLACES)), None)
    if found:
        return found
    sentence = "no Chromium on this machine: install it, or say where it is in ARUS_TEST_CHROMIUM"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for a module's tests; it ends with them, as its loop would be in the way of other tests' loops."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """A page of somebody who has signed in, and all that it loaded and complained about."""

    def __init__(self, page: Page) -> None:
        self.page, self.loaded, self.complaints = page, list[str](), list[str]()
        page.on("request", lambda request: self.loaded.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)


@pytest.fixture
def visit(served, chromium) -> Iterator[Callable[..., Page]]:
    """Opens a page as somebody: `visit("seller", "/")`. Whatever it loads must come from us, and nothing may fail."""
    visitors: list[Visitor] = []

    def open_page(who: str, path: str, *, lang: str = "en", calm: bool = True, before=None, **how) -> Page:
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "locale": {"en": "en-GB", "id": "id-ID"}[lang], **how},
            base_url=served.url,
        )
        context.set_default_timeout(15_000)
        if who:
            role = VIEWERS[who].role
            context.add_cookies([{"name": f"arus-{role}", "value": served.tokens[who], "url": served.url}])
        page = context.new_page()
        visitor = Visitor(page)
        if calm:
            visitors.append(visitor)
        if before:
            before(page)
        page.goto(path)
        return page

    yield open_page
    for visitor in visitors:
        strangers = [url for url in visitor.loaded if not url.startswith(served.url)]
        assert not strangers, strangers
        assert not visitor.complaints, visitor.complaints
    for context in chromium.contexts:
        context.close()
