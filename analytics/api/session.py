"""Who asks: a bearer token, or the session cookie that `/enter` makes of one. Tokens never reach a log."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.security import HTTPBearer
from starlette.responses import RedirectResponse, Response

from analytics.access import Role, Viewer
from analytics.api import services
from analytics.api.forwarding import Elsewhere
from analytics.api.problems import Problem
from analytics.shards import node_of

HOME_PAGES: dict[Role, str] = {"seller": "/", "buyer": "/buyer", "operator": "/ops"}
"""Where each role lives. A browser keeps one session per role, so that one person can look at all three."""

KEPT = 30 * 86_400  # seconds that a browser keeps a session; its token may end earlier

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

bearer = HTTPBearer(auto_error=False, description="A token made by `arus token create`.")

router = APIRouter(include_in_schema=False)


def viewer_for(*roles: Role) -> Callable[..., Viewer]:
    """Makes the dependency of a door that these roles may open; of several sessions the first such role counts."""

    def find(request: Request, _told_in_openapi: Annotated[object, Depends(bearer)]) -> Viewer:
        return here(request, find_viewer(request, *roles))

    return find


def here(request: Request, viewer: Viewer) -> Viewer:
    """Gives the viewer back if this node keeps what they ask for; raises Elsewhere, which has the right one asked.

    An operator asks the node they came to, unless they name a seller.
    """
    owner = viewer.id or request.query_params.get("seller", "")
    shard = services.of(request).warehouse.shard
    request.state.may_be_anywhere = not owner
    if owner and not shard.keeps(owner):
        raise Elsewhere(node_of(owner, shard.of))
    return viewer


def find_viewer(request: Request, *roles: Role) -> Viewer:
    """Tells who asks. Raises a Problem: 401 for nobody, 403 for somebody of another role."""
    shown = request.headers.get("authorization")
    viewers = _sessions(request) if shown is None else [_read_bearer(request, shown)]
    if wish := request.query_params.get("as"):
        roles = tuple(role for role in roles if role == wish)
    if not viewers:
        raise Problem("unauthenticated", "Send a token: `Authorization: Bearer arus_…`.", headers=_challenge())
    allowed = [viewer for role in roles for viewer in viewers if viewer.role == role]
    if not allowed:
        who = " or ".join(roles) or "nobody"
        raise Problem("forbidden", f"This is for {who}; you came as {viewers[0].role}.")
    return allowed[0]


@router.get("/enter")
def enter(request: Request, token: Annotated[str, Query(max_length=4_096)]) -> Response:
    """Turns a token into a session and leads to the role's page; the token leaves the address bar."""
    return _enter(request, token)


@router.post("/enter")
def enter_by_form(request: Request, token: Annotated[str, Form(max_length=4_096)]) -> Response:
    """As `enter`, for a token typed into a page."""
    _refuse_foreign(request)
    return _enter(request, token.strip())


@router.post("/leave")
def leave(request: Request, role: Annotated[Role | None, Form()] = None) -> Response:
    """Ends the session of a role, or all of them."""
    _refuse_foreign(request)
    response = RedirectResponse("/", status_code=303)
    for each in HOME_PAGES if role is None else (role,):
        _keep(request, response, each, "", seconds=0)
    return response


def _enter(request: Request, token: str) -> Response:
    ours = services.of(request)
    viewer = ours.tokens.read(token, at=ours.now())
    if viewer is None:
        raise Problem("unauthenticated", "That token is wrong, has ended or was revoked.", headers=_challenge())
    response = RedirectResponse(HOME_PAGES[viewer.role], status_code=303, headers={"Cache-Control": "no-store"})
    _keep(request, response, viewer.role, token, seconds=KEPT)
    return response


def _read_bearer(request: Request, shown: str) -> Viewer:
    scheme, _, token = shown.partition(" ")
    ours = services.of(request)
    viewer = ours.tokens.read(token.strip(), at=ours.now()) if scheme.lower() == "bearer" else None
    if viewer is None:
        detail = "That token is wrong, has ended or was revoked."
        raise Problem("unauthenticated", detail, headers=_challenge('error="invalid_token"'))
    return viewer


def _sessions(request: Request) -> list[Viewer]:
    """Gives the viewers of the browser's sessions; a page of another site may only read with them."""
    ours = services.of(request)
    tokens = [request.cookies.get(_cookie(request, role), "") for role in HOME_PAGES]
    viewers = [viewer for token in tokens if (viewer := ours.tokens.read(token, at=ours.now()))]
    if viewers and request.method not in _SAFE:
        _refuse_foreign(request)
    return viewers


def _refuse_foreign(request: Request) -> None:
    """Refuses what another site's page makes a browser send (SameSite=Lax is the first lock, this is the second)."""
    origin = request.headers.get("origin", "").partition("://")[2]
    ours = request.headers.get("sec-fetch-site") == "same-origin" or origin == request.headers.get("host")
    if not ours:
        raise Problem("forbidden", "This must come from one of our own pages.")


def _cookie(request: Request, role: Role) -> str:
    """Names a role's cookie; behind HTTPS so that no other host and no plain HTTP can set it."""
    secure = services.of(request).settings.api.secure_cookies
    return f"__Host-arus-{role}" if secure else f"arus-{role}"


def _keep(request: Request, response: Response, role: Role, token: str, *, seconds: int) -> None:
    """Has the browser keep a role's session, out of reach of scripts; for no seconds: forget it."""
    secure = services.of(request).settings.api.secure_cookies
    name = _cookie(request, role)
    response.set_cookie(name, token, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _challenge(more: str = "") -> dict[str, str]:
    return {"WWW-Authenticate": f"Bearer {more}".strip()}


Anyone = Annotated[Viewer, Depends(viewer_for("seller", "buyer", "operator"))]
SellerOrOperator = Annotated[Viewer, Depends(viewer_for("seller", "operator"))]
