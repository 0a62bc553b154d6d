"""How a table leaves: as JSON or as one of EXPORTS, by `?format=` or else by `Accept`."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import IO, Annotated, Any, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from analytics import exports
from analytics.access import Role
from analytics.api.problems import Problem
from schemas.times import rfc3339

Format = Literal["json", "csv", "parquet", "arrow", "xlsx"]

_CHUNK = 1 << 18
_MEDIA: dict[str, Format] = {
    "*/*": "json",
    "application/*": "json",
    "application/json": "json",
    "text/html": "json",
    "text/*": "csv",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


class Asked(BaseModel):
    """Parameters of every table; one that is not known is an error, so that a slip of the pen is told."""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[Format | None, Field(description="else the Accept header decides")] = None
    spreadsheet: Annotated[bool, Field(description="CSV: texts that a spreadsheet would run get a leading '")] = False
    as_: Annotated[Role | None, Field(alias="as", description="with several sessions in one browser: which")] = None


def wanted(request: Request, asked: Asked) -> Format:
    """Tells the format to answer in. Raises a Problem (406) when the sender accepts none of ours."""
    if asked.format:
        return asked.format
    accepted = sorted(map(_weighed, (request.headers.get("accept") or "*/*").split(",")), reverse=True)
    found = next((_MEDIA[name] for weight, name in accepted if weight > 0 and name in _MEDIA), None)
    if found is None:
        raise Problem("not-acceptable", f"There are {', '.join(_MEDIA)}; or say ?format=json|csv|parquet|arrow|xlsx.")
    return found


def export(  # noqa: PLR0913  # a file is made of all of these
    name: str,
    how: Format,
    columns: exports.Columns,
    rows: Iterable[exports.Row],
    *,
    watermark: int | None,
    spreadsheet: bool = False,
) -> StreamingResponse:
    """Gives rows as a file; headers tell the watermark, and whether a sheet was too small for all."""
    chosen = exports.EXPORTS[how]
    if how == "csv":
        chosen = chosen._replace(write=partial(exports.write_csv, guard=spreadsheet))
    file, count = exports.make(chosen, columns, rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{chosen.suffix}"', "Arus-Rows": str(count)}
    if watermark is not None:
        headers["Arus-Watermark"] = rfc3339(watermark)
    if how == "xlsx" and count == exports.XLSX_ROWS:
        headers["Arus-Truncated"] = "a sheet holds no more rows"
    return StreamingResponse(_chunks(file), media_type=chosen.media_type, headers=headers)


FILES: dict[str, Any] = {
    export.media_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
    for export in exports.EXPORTS.values()
}
"""What a table's door declares in OpenAPI besides JSON."""


def _weighed(part: str) -> tuple[float, str]:
    """Reads one part of an Accept header: `text/csv;q=0.8`. Of equals the one with more to say wins."""
    name, *parameters = [piece.strip().lower() for piece in part.split(";")]
    try:
        return next((float(p[2:]) for p in parameters if p.startswith("q=")), 1.0), name
    except ValueError:
        return 0.0, name


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
