"""No message may reach our own network, whatever URL a seller sets and wherever its name leads."""

import asyncio
import ssl

import pytest

from pipeline.endpoints.guard import Forbidden, place_of, read_url
from pipeline.endpoints.posting import Poster
from tests.pipeline.endpoints.receiver import Receiver


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/a",
        "https://127.0.0.1/a",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://user:password@hooks.example/",
        "ftp://hooks.example/",
        "https:///nowhere",
        "hooks.example",
        "https://hooks.example/" + "a" * 1_000,
    ],
)
def test_urls_that_nobody_may_set(url):
    """Not https, not public, with a password in it, or no URL at all."""
    with pytest.raises(Forbidden):
        read_url(url, private=False)


def test_a_public_url_may_be_set():
    """By name or by address, with a port and a query."""
    assert read_url("https://hooks.example:8443/a?b=c", private=False).port == 8443
    assert read_url("https://93.184.216.34/", private=False)
    assert read_url("http://127.0.0.1:8000/", private=True)


def names(monkeypatch, *addresses):
    """Makes every name lead to these addresses."""

    async def look_up(host, port, **_):
        return [(2, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)


async def test_a_name_that_leads_inside_is_refused(monkeypatch):
    """Also when only one of its addresses does."""
    names(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(Forbidden, match="public internet"):
        await place_of("https://hooks.example/", private=False)


async def test_the_address_that_was_checked_is_the_one_that_is_asked(monkeypatch):
    """The name is looked up once: what it leads to a moment later does not matter."""
    names(monkeypatch, "93.184.216.34")
    place = await place_of("https://hooks.example:8443/a", private=False)
    assert str(place.url) == "https://93.184.216.34:8443/a"
    assert place.headers == {"host": "hooks.example:8443"}
    assert place.extensions == {"sni_hostname": "hooks.example"}


async def test_nothing_reaches_a_forbidden_place(monkeypatch):
    """A receiver inside hears nothing, and the outcome says why."""
    with Receiver() as inside:
        names(monkeypatch, "127.0.0.1")
        poster = Poster(ssl.create_default_context(), private=False)
        outcome = await poster.post(inside.url.replace("http://127.0.0.1", "https://hooks.example"), {}, b"{}")
        await poster.close()
    assert not outcome.is_taken
    assert "public internet" in outcome.answer
    assert not inside.attempts
