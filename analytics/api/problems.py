"""PROBLEMS: every way in which a door says no, as RFC 9457 problem documents."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:arus:problem:"


class Kind(NamedTuple):
    """One kind of problem; its name in PROBLEMS is the end of its `type`."""

    status: int
    title: str


PROBLEMS: dict[str, Kind] = {
    "unauthenticated": Kind(401, "Say who you are"),
    "forbidden": Kind(403, "Not for you"),
    "not-found": Kind(404, "There is no such thing"),
    "method-not-allowed": Kind(405, "Not that way"),
    "not-acceptable": Kind(406, "No such format"),
    "conflict": Kind(409, "Not as things stand"),
    "gone": Kind(410, "It is no longer kept"),
    "too-large": Kind(413, "Too large"),
    "invalid": Kind(422, "A parameter is wrong"),
    "too-many": Kind(429, "Too many"),
    "internal": Kind(500, "Our mistake"),
    "unavailable": Kind(503, "Not now"),
}

_BY_STATUS = {kind.status: name for name, kind in PROBLEMS.items()}


class Problem(Exception):
    """A door says no: which kind of problem, and a sentence for whoever asked."""

    def __init__(self, name: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:  # noqa: ANN401  # RFC 9457 lets a problem carry members of its own
        super().__init__(detail)
        self.name, self.detail, self.headers, self.more = name, detail, headers, more

    @property
    def kind(self) -> Kind:
        """Its row of PROBLEMS."""
        return PROBLEMS[self.name]

    def document(self) -> dict[str, Any]:
        """Gives the problem document."""
        status, title = self.kind
        return {"type": TYPE + self.name, "title": title, "status": status, "detail": self.detail, **self.more}


class WrongParameter(BaseModel):
    """One parameter that was wrong."""

    where: str = Field(examples=["query.tab"])
    why: str


class ProblemDocument(BaseModel):
    """RFC 9457: what went wrong, for a program (`type`) and for a person (`detail`)."""

    type: str = Field(examples=[TYPE + "not-found"])
    title: str
    status: int
    detail: str
    errors: list[WrongParameter] | None = None


def told(*names: str) -> dict[int | str, dict[str, Any]]:
    """Declares in OpenAPI which problems a door may answer with, besides those of every door that asks who you are."""
    return only("unauthenticated", "forbidden", "invalid", *names)


def only(*names: str) -> dict[int | str, dict[str, Any]]:
    """Declares in OpenAPI which problems a door may answer with."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    kinds = [PROBLEMS[name] for name in names]
    return {kind.status: {"description": kind.title, "content": {MEDIA_TYPE: {"schema": schema}}} for kind in kinds}


def install(app: FastAPI) -> None:
    """Makes the app answer every error with a problem document."""
    app.add_exception_handler(Problem, _answer)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(Exception, _answer_mistake)
    app.openapi = partial(_document, app)  # type: ignore[method-assign]  # as FastAPI's guide tells to extend it


def answer(problem: Problem) -> Response:
    """Gives the response that carries a problem."""
    return JSONResponse(problem.document(), problem.kind.status, problem.headers, MEDIA_TYPE)


def draw(request: Request, problem: Problem) -> Response:
    """Answers a page's visitor with a page, if there are pages; everybody else with the document."""
    page = getattr(request.app.state, "draw_problem", None)
    if page is None or request.url.path.startswith("/v1/") or "text/html" not in request.headers.get("accept", ""):
        return answer(problem)
    drawn: Response = page(request, problem)
    return drawn


def _document(app: FastAPI) -> dict[str, Any]:
    """Gives the app's OpenAPI document with the shape of problems in it."""
    document = FastAPI.openapi(app)
    shape = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= {"ProblemDocument": shape, **shape.pop("$defs", {})}
    return document


async def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  # how Starlette types its handlers
    return draw(request, error)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # as above
    name = _BY_STATUS.get(error.status_code)
    if name is None:
        phrase = HTTPStatus(error.status_code).phrase
        document = {"type": "about:blank", "title": phrase, "status": error.status_code, "detail": str(error.detail)}
        return JSONResponse(document, error.status_code, error.headers, MEDIA_TYPE)
    detail = f"{request.method} {request.url.path[:200]}: {error.detail}."
    return draw(request, Problem(name, detail, headers=error.headers))


async def _answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as above
    wrong = [{"where": ".".join(map(str, e["loc"]))[:200], "why": e["msg"]} for e in error.errors()[:20]]
    detail = "; ".join(f"{e['where']}: {e['why']}" for e in wrong)
    return draw(request, Problem("invalid", detail, errors=wrong))


async def _answer_mistake(request: Request, error: Exception) -> Response:
    log.error("api.failed", path=request.url.path, exc_info=error)
    return draw(request, Problem("internal", "Something of ours failed; the log of `arus analytics` tells what."))
