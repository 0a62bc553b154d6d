"""REPORTS: the named questions, each an .sql file whose first line says its name and what a row is."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from analytics.access import Viewer
from analytics.warehouse import SQL, Row, Warehouse

_HEAD = re.compile(r"-- (?P<name>\w+): (?P<promise>.+)")
_PARAMETER = re.compile(r"\$(\w+)")
_MARTS = "".join(file.read_text() for file in sorted((SQL / "marts").glob("*.sql")))
_GATED = re.findall(r"macro (\w+)\(role, viewer", _MARTS)
"""Marts that ask who looks."""
_ASKS = re.compile(rf"\b({'|'.join(_GATED)})\(")
_ASKS_FOR_ANOTHER = re.compile(rf"\b({'|'.join(_GATED)})\b(?!\(\$role, \$viewer[,)])")
_GOES_AROUND = re.compile(r"\b(raw|query|query_table)\b")

DEFAULTS = {"zone": "Asia/Jakarta", "by": "day", "limit": 100}


class ForbiddenError(Exception):
    """The viewer may not ask this question."""


class Report(NamedTuple):
    """One question: its sentence, its statement and the names of the values that are bound to it."""

    name: str
    promise: str
    sql: str
    operators_only: bool
    parameters: frozenset[str]


def read(file: Path) -> Report:
    """Reads a report's file. Raises ValueError when it could show a viewer the rows of another."""
    sql = file.read_text()
    head = _HEAD.match(sql)
    if head is None or head["name"] != file.stem:
        raise ValueError(f"{file}: the first line says `-- {file.stem}: what a row is`")
    operators_only = file.parent.name == "operators"
    if not operators_only:
        _check_gate(file, sql)
    parameters = frozenset(_PARAMETER.findall(_code(sql)))
    return Report(file.stem, head["promise"], sql, operators_only, parameters)


def _code(sql: str) -> str:
    return re.sub(r"--.*", "", sql)


def _check_gate(file: Path, sql: str) -> None:
    """Holds that a report reads rows through marts that ask who looks, and that it tells them the truth."""
    code = _code(sql)
    if not _ASKS.search(code) or _ASKS_FOR_ANOTHER.search(code) or _GOES_AROUND.search(code):
        raise ValueError(f"{file}: reads rows otherwise than through {', '.join(_GATED)}, each as ($role, $viewer)")


REPORTS: dict[str, Report] = {report.name: report for report in map(read, sorted((SQL / "reports").rglob("*.sql")))}


def run(warehouse: Warehouse, name: str, viewer: Viewer, **params: Any) -> list[Row]:  # noqa: ANN401  # bound as they are
    """Runs a report for a viewer; blocks, so call it in a thread. A parameter that is not given is null.

    Raises ForbiddenError when only operators may ask it, TypeError when it has no such parameter.
    """
    report = REPORTS[name]
    return warehouse.query(report.sql, _bound(report, viewer, params))


def _bound(report: Report, viewer: Viewer, params: Mapping[str, Any]) -> dict[str, Any]:
    if report.operators_only and viewer.role != "operator":
        raise ForbiddenError(f"{report.name} is for operators")
    if unknown := params.keys() - report.parameters:
        raise TypeError(f"{report.name} has no parameter {', '.join(sorted(unknown))}")
    given = {"role": viewer.role, "viewer": viewer.id, **DEFAULTS, **params}
    return {name: given.get(name) for name in report.parameters}
