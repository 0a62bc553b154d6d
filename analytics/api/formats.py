"""How a table leaves: as JSON or as one of EXPORTS, by `?format=` or else by `Accept`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, Annotated, Any, Literal

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from analytics import exports
from analytics.access import Role
from analytics.api import services
from analytics.api.problems import Problem
from schemas.times import rfc3339

Format = Literal["json", "csv", "parquet", "arrow", "xlsx"]

_FILES = {export.media_type.partition(";")[0]: name for name, export in exports.EXPORTS.items()}
_MEDIA = {"*/*": "json", "application/*": "json", "application/json": "json", "text/html": "json", **_FILES}

FILES: dict[str, Any] = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in _FILES}
"""What a table's door declares in OpenAPI besides JSON."""

_CHUNK = 1 << 18


class Plain(BaseModel):
    """Parameters of every door; one that is not known is an error, so that a slip of the pen is told."""

    model_config = ConfigDict(extra="forbid")

    as_: Annotated[Role | None, Field(alias="as", description="with several sessions in one browser: which")] = None


class Split(Plain):
    """Parameters of all that is made of orders: only of those from one marketplace, or one channel."""

    source: Annotated[str | None, Field(max_length=100, description="the marketplace", examples=["tiktok_shop"])] = None
    channel: Annotated[str | None, Field(max_length=100, description="as the sender names it", examples=["live"])] = (
        None
    )

    def split(self) -> dict[str, str | None]:
        """Gives what the reports need to know of it."""
        return {"source": self.source, "channel": self.channel}


class Asked(Plain):
    """Parameters of every table."""

    format: Annotated[Format | None, Field(description="else the Accept header decides")] = None
    spreadsheet: Annotated[bool, Field(description="CSV: texts that a spreadsheet would run get a leading '")] = False


def _check(asked: Annotated[Plain, Query()]) -> None:
    """Refuses parameters that are not known."""


NO_MORE = Depends(_check)
"""What a door declares that has no parameters of its own."""


@dataclass(frozen=True)
class Wanted:
    """How one answer leaves. The watermark was read before the rows, so they hold at least that."""

    format: str
    spreadsheet: bool
    watermark: int | None

    @property
    def file(self) -> bool:
        """Whether it leaves as a file."""
        return self.format != "json"

    def export(self, name: str, columns: exports.Columns, rows: Iterable[exports.Row]) -> StreamingResponse:
        """Gives rows as a file; headers tell the watermark, and whether a sheet was too small for all."""
        export = exports.EXPORTS[self.format]
        if self.format == "csv":
            export = export._replace(write=partial(exports.write_csv, guard=self.spreadsheet))
        file, count = exports.make(export, columns, rows)
        headers = {"Content-Disposition": f'attachment; filename="{name}.{export.suffix}"', "Arus-Rows": str(count)}
        if self.watermark is not None:
            headers["Arus-Watermark"] = rfc3339(self.watermark)
        if self.format == "xlsx" and count == exports.XLSX_ROWS:
            headers["Arus-Truncated"] = "a sheet holds no more rows"
        return StreamingResponse(_chunks(file), media_type=export.media_type, headers=headers)


def wanted(request: Request, asked: Asked) -> Wanted:
    """Tells how to answer; ask before rows are read. Raises a Problem (406) when the sender takes nothing of ours."""
    name = asked.format or _accepted(request.headers.get("accept") or "*/*")
    if name is None:
        raise Problem("not-acceptable", f"There are {', '.join(_MEDIA)}; or say ?format=json|csv|parquet|arrow|xlsx.")
    return Wanted(name, asked.spreadsheet, services.of(request).watermark())


def _accepted(header: str) -> str | None:
    """Gives the format that an Accept header likes best; of equals the first."""
    weighed = sorted(map(_weighed, header.split(",")), key=lambda part: part[0], reverse=True)
    return next((_MEDIA[media_type] for weight, media_type in weighed if weight > 0 and media_type in _MEDIA), None)


def _weighed(part: str) -> tuple[float, str]:
    """Reads one part of an Accept header: `text/csv;q=0.8`."""
    name, *parameters = [piece.strip().lower() for piece in part.split(";")]
    try:
        return next((float(p[2:]) for p in parameters if p.startswith("q=")), 1.0), name
    except ValueError:
        return 0.0, name


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
