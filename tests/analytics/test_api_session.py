"""Who may come in: bearer tokens, sessions of a browser, and what another site may not do with them."""

from dataclasses import replace

import httpx
import pytest

from analytics.access import OPERATOR, Viewer
from analytics.api.app import build
from tests.analytics.conftest import MELATI, SITI
from tests.analytics.seed import NOW

ORIGIN = "http://arus.test"


async def enter(browser, services, viewer):
    """Comes in by the link that a token makes."""
    return await browser.get("/enter", params={"token": services.tokens.make(viewer)})


def problem(answer):
    """Gives what a problem document says, having held that it is one."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["title"]
    assert document["detail"]
    return document["type"].removeprefix("urn:arus:problem:")


async def test_nobody_is_asked_who_they_are(client):
    """401, with how to say it."""
    async with client() as api:
        answer = await api.get("/v1/orders")
    assert problem(answer) == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("shown", ["Bearer", "Bearer ", "Bearer arus_x.y", "Basic YTpi", "arus_", "Bearer \x00", "é"])
async def test_a_wrong_token_is_nobody(client, shown):
    """Whatever is sent for a token, with the same answer."""
    async with client() as api:
        answer = await api.get("/v1/orders", headers={"Authorization": shown.encode()})
    assert problem(answer) == "unauthenticated"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_token_that_has_ended_is_nobody(client, services):
    """At the very instant."""
    token = services.tokens.make(MELATI, until=NOW)
    async with client() as api:
        answer = await api.get("/v1/orders", headers={"Authorization": f"Bearer {token}"})
    assert problem(answer) == "unauthenticated"


async def test_a_wrong_token_is_not_helped_by_a_session(client, services):
    """Who shows a token is judged by it alone."""
    async with client() as browser:
        await enter(browser, services, MELATI)
        answer = await browser.get("/v1/orders", headers={"Authorization": "Bearer arus_x.y"})
    assert problem(answer) == "unauthenticated"


@pytest.mark.parametrize(("viewer", "home"), [(MELATI, "/"), (SITI, "/buyer"), (OPERATOR, "/ops")])
async def test_entering_leads_to_the_roles_page(client, services, viewer, home):
    """The token leaves the address bar and stays where no script can read it."""
    async with client() as browser:
        answer = await enter(browser, services, viewer)
        assert (answer.status_code, answer.headers["location"]) == (303, home)
        cookie = answer.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=lax", "path=/"))
        assert "secure" not in cookie
        assert (await browser.get("/v1/notices")).status_code == 200


async def test_behind_https_no_other_host_can_set_a_session(services):
    """The cookie's name makes browsers insist on HTTPS, on this host and on no domain above it."""
    api = services.settings.api.model_copy(update={"secure_cookies": True})
    secure = replace(services, settings=services.settings.model_copy(update={"api": api}))
    transport = httpx.ASGITransport(build(secure))
    async with httpx.AsyncClient(transport=transport, base_url="https://arus.test") as browser:
        cookie = (await enter(browser, secure, MELATI)).headers["set-cookie"]
        assert cookie.startswith("__Host-arus-seller=")
        assert "; Secure" in cookie
        assert "domain" not in cookie.lower()
        assert (await browser.get("/v1/orders")).status_code == 200


async def test_a_wrong_token_does_not_enter(client):
    """No cookie is set."""
    async with client() as browser:
        answer = await browser.get("/enter", params={"token": "arus_wrong.token"})
    assert problem(answer) == "unauthenticated"
    assert "set-cookie" not in answer.headers


async def test_one_browser_may_be_seller_buyer_and_operator(client, services):
    """Each role has its own session; `as` picks one where several would do."""
    async with client() as browser:
        for viewer in (MELATI, SITI, OPERATOR):
            await enter(browser, services, viewer)
        sellers = (await browser.get("/v1/orders")).json()["orders"]
        buyers = (await browser.get("/v1/orders?as=buyer")).json()["orders"]
        assert {order["seller_id"] for order in sellers} == {MELATI.id}
        assert {order["buyer_id"] for order in buyers} == {SITI.id}
        assert (await browser.get("/v1/ops/lag")).status_code == 200


async def test_leaving_ends_the_sessions(client, services):
    """The cookies are gone."""
    async with client() as browser:
        await enter(browser, services, MELATI)
        assert (await browser.post("/leave", headers={"Origin": ORIGIN})).status_code == 303
        assert problem(await browser.get("/v1/orders")) == "unauthenticated"


async def test_leaving_one_role_keeps_the_others(client, services):
    """As a page's own button does."""
    async with client() as browser:
        await enter(browser, services, MELATI)
        await enter(browser, services, OPERATOR)
        await browser.post("/leave", data={"role": "seller"}, headers={"Origin": ORIGIN})
        assert (await browser.get("/v1/ops/lag")).status_code == 200
        assert problem(await browser.get("/v1/orders?as=seller")) == "forbidden"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Origin": "http://["}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_another_site_cannot_post_with_a_session(client, services, headers):
    """SameSite keeps the cookie at home; this holds where it does not."""
    async with client() as browser:
        await enter(browser, services, OPERATOR)
        assert problem(await browser.post("/leave", headers=headers)) == "forbidden"
        body = {"dry_run": True}
        answer = await browser.post("/v1/ops/dead-letters/redrive", json=body, headers=headers)
        assert problem(answer) == "forbidden"


async def test_a_revoked_session_ends_at_once(client, services):
    """The cookie holds the token, so it ends with it."""
    token = services.tokens.make(MELATI)
    async with client() as browser:
        await browser.get("/enter", params={"token": token})
        assert (await browser.get("/v1/orders")).status_code == 200
        services.tokens.revoke(token)
        assert problem(await browser.get("/v1/orders")) == "unauthenticated"


DOORS_OF = {
    "/v1/sales": {"seller", "operator"},
    "/v1/at-risk": {"seller", "operator"},
    "/v1/orders": {"seller", "buyer", "operator"},
    "/v1/notices": {"seller", "buyer", "operator"},
    "/v1/ops/lag": {"operator"},
    "/v1/ops/groups": {"operator"},
}


@pytest.mark.parametrize("door", DOORS_OF)
@pytest.mark.parametrize("viewer", [MELATI, SITI, OPERATOR], ids=lambda viewer: viewer.role)
async def test_a_door_opens_to_its_roles_alone(client, door, viewer):
    """403 for the others, whoever they are."""
    async with client(viewer) as api:
        answer = await api.get(door)
    if viewer.role in DOORS_OF[door]:
        assert answer.status_code == 200
    else:
        assert problem(answer) == "forbidden"


async def test_every_answer_is_guarded(client):
    """Pages, data, problems: no other site may frame it, run in it or guess its type."""
    async with client() as api:
        for path in ("/healthz", "/v1/orders", "/nowhere", "/openapi.json"):
            headers = (await api.get(path)).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe-inline' " not in headers["content-security-policy"].partition("script-src")[2]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "name"), [("GET", "/nowhere", "not-found"), ("DELETE", "/v1/orders", "method-not-allowed")]
)
async def test_every_no_is_a_problem_document(client, method, path, name):
    """Also those that no door of ours says."""
    async with client(MELATI) as api:
        assert problem(await api.request(method, path)) == name


async def test_a_viewer_without_an_id_cannot_be(services):
    """Not even by a token of our own."""
    with pytest.raises(ValueError, match="seller"):
        services.tokens.make(Viewer("seller", ""))
