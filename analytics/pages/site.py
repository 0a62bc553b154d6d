"""What all pages share: templates in each language, headers, files, and who reads a page in which language."""

import gzip
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from importlib.metadata import version
from mimetypes import guess_type
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from analytics.access import Role, Viewer
from analytics.pages import charts
from analytics.pages.words import LANGUAGES, Language, acts, anomalies, carriers, choose, names, senders, shop
from analytics.reports import REPORTS
from analytics.shards import WHOLE, Shard
from schemas.promises import PLAIN, Times

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"),
            *("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"),
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Cookie, Accept-Language"}
YEAR = 31_536_000
THEMES = ("light", "dark")
SPLITS, LONGEST = ("source", "channel"), 100
SMALL = 600
"""Bytes below which nothing is gained by compressing."""

Rows = list[dict[str, Any]]


class Reports(Protocol):
    """How pages ask for rows: a report's name, who asks, and its parameters."""

    def __call__(self, name: str, viewer: Viewer, **params: Any) -> Rows:  # noqa: ANN401  # a report's own
        """Gives the rows that this viewer may see."""


@dataclass(slots=True, frozen=True)
class Look:
    """One look at the state of things: who looks, in which language, at which instant.

    split: which part of a shop: the marketplace (`source`) and the `channel` that orders came from; empty: all of it.
    """

    viewer: Viewer
    language: Language
    now: int
    reports: Reports
    times: Times = PLAIN
    split: Mapping[str, str] = field(default_factory=dict)

    def ask(self, name: str, **params: Any) -> Rows:  # noqa: ANN401  # a report's own parameters
        """Asks for a report as the one who looks, of what is looked at; there is no way to ask as another."""
        split = {part: value for part, value in self.split.items() if part in REPORTS[name].parameters}
        return self.reports(name, self.viewer, **split, **params)

    def whole(self) -> "Look":
        """Gives the same look at the whole shop."""
        return replace(self, split={})

    def link(self, path: str, **more: str) -> str:
        """Gives an address that keeps what is looked at; what is empty is left out."""
        query = urlencode({name: value for name, value in {**more, **self.split}.items() if value})
        return f"{path}?{query}" if query else path


class Head(NamedTuple):
    """What the head of a page shows: who looks, where their first page is, their pages and which this is."""

    who: str = ""
    role: str = ""
    home: str = "/"
    doors: Sequence[tuple[str, str]] = ()
    door: str = ""
    narrow: bool = False


class Outside(NamedTuple):
    """What pages need from outside: rows, who a request comes from, the clock, up to when all is counted, by which
    times promises stand, and whose rows these are.
    """

    reports: Reports
    who: Callable[[Request, Role], Viewer]
    clock: Callable[[], int]
    watermark: Callable[[], int | None]
    times: Times = PLAIN
    shard: Shard = WHOLE


class Assets:
    """Our own style sheet, scripts and icons, kept in memory; an address changes with any of them."""

    def __init__(self, folder: Path = HERE / "static") -> None:
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        sheets = [path.read_bytes() for path in sorted((folder / "styles").glob("*.css"))]
        self._files = files | {"arus.css": b"\n".join(sheets)}
        self._packed = {name: gzip.compress(body, 9, mtime=0) for name, body in self._files.items()}
        self._digest = blake2b(b"".join(self._files.values()), digest_size=6).hexdigest()

    def url(self, name: str) -> str:
        """Gives the address of a file, valid for ever."""
        return f"/static/{self._digest}/{name}"

    def serve(self, request: Request) -> Response:
        """Answers with a file; of an older address too, as a page may be older than the server."""
        name = request.path_params["name"]
        if name not in self._files:
            raise HTTPException(404)
        headers = {"Cache-Control": f"public, max-age={YEAR}, immutable", "Vary": "Accept-Encoding"}
        body = self._files[name]
        if "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = self._packed[name], "gzip"
        return Response(body, media_type=guess_type(name)[0], headers=headers | {"X-Content-Type-Options": "nosniff"})

    def route(self) -> Route:
        """Gives the route of all files."""
        return Route("/static/{digest}/{name}", self.serve)


class Site:
    """Renders templates in each language for whoever looks."""

    def __init__(self, outside: Outside, *, secure_cookies: bool = False) -> None:
        self.outside, self.secure_cookies = outside, secure_cookies
        self.assets = Assets()
        self._templates = {code: self._environment(language) for code, language in LANGUAGES.items()}

    def look(self, request: Request, role: Role) -> Look:
        """Tells who looks. Raises what `who` raises when nobody of this role has signed in."""
        viewer = self.outside.who(request, role)
        outside, asked = self.outside, request.query_params
        split = {part: asked[part][:LONGEST] for part in SPLITS if asked.get(part) and role == "seller"}
        return Look(viewer, self.language(request), outside.clock(), outside.reports, outside.times, split)

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_callables(  # type: ignore[attr-defined]  # what the i18n extension adds
            language.text, language.ngettext, newstyle=True
        )
        environment.globals.update(
            {
                "say": language,
                "languages": LANGUAGES,
                "names": names,
                "acting": acts,
                "selling": shop,
                "sending": senders,
                "charts": charts,
                "asset": self.assets.url,
            },
            anomaly_detail=anomalies.detail,
            carrier_name=carriers.carrier_name,
            sender_name=carriers.sender_name,
            tracking_page=carriers.tracking_page,
            version=version("arus"),
        )
        return environment

    def again(self, look: Look) -> Look:
        """Gives the same look now."""
        return replace(look, now=self.outside.clock())

    def language(self, request: Request) -> Language:
        """Tells which language to answer in: as the address asks, as was chosen before, as the browser prefers."""
        wish, before = request.query_params.get("lang"), request.cookies.get("lang")
        return choose(wish, before, accept=request.headers.get("accept-language", ""))

    def pieces(self, template: str, language: Language) -> Any:  # noqa: ANN401  # macros are known by name alone
        """Gives the macros of a template, to be rendered one by one."""
        return self._templates[language.code].get_template(template).module

    def page(self, request: Request, template: str, head: Head, *, http_status: int = 200, **context: Any) -> Response:  # noqa: ANN401  # templates
        """Answers with a page, and remembers the language that the address asks for."""
        language = self.language(request)
        theme = request.cookies.get("theme", "")
        shared = {
            **head._asdict(),
            "theme": theme if theme in THEMES else "",
            "tongues": {code: f"?{request.url.include_query_params(lang=code).query}" for code in LANGUAGES},
            "now": self.outside.clock(),
            "shard": self.outside.shard,
        }
        body = self._templates[language.code].get_template(template).render(shared | context).encode()
        headers = HEADERS | PRIVATE | {"Content-Language": language.code}
        if len(body) > SMALL and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = gzip.compress(body, 5), "gzip"
        answer = HTMLResponse(body, http_status, headers)
        if request.query_params.get("lang") == language.code:
            answer.set_cookie("lang", language.code, max_age=YEAR, secure=self.secure_cookies, samesite="lax")
        return answer


def choice(request: Request, name: str, known: Collection[str]) -> str:
    """Reads a parameter that names one of few things; anything else counts as not given."""
    value = request.query_params.get(name, "")
    return value if value in known else ""
