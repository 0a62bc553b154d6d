"""What can be done on an order's page: forms without a script, and what became of the last one."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from analytics.access import Role
from analytics.api.problems import Problem
from analytics.api.services import Services
from analytics.api.shop import asking
from analytics.pages import orders
from analytics.pages.site import Look, Site
from analytics.pages.words.acts import ACTS, Act, Field
from schemas.commands import COMMANDS, Answer
from schemas.facts import Order
from schemas.ids import digest
from schemas.money import typed
from schemas.offers import missing, offers

Made = dict[str, Any]

MOST_ASKED = 10
"""Answers that a page lists."""

_SHAPES: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind.shape) for name, kind in COMMANDS.items()}


def acts(look: Look, order: Order, address: str) -> list[Made]:
    """Gives what this side can do now, what is urgent first; `seen` tells what the form was made from."""
    role = look.viewer.role
    if role == "operator":
        return []
    offered = offers(order, role, asking.terms_in(look.ask("terms", order_id=order.order_id)))
    found = [_act(name, act, address, order) for name, act in ACTS[role].items() if name in offered]
    return sorted(found, key=lambda act: not act["is_primary"])


def _act(name: str, act: Act, address: str, order: Order) -> Made:
    return {**act._asdict(), "name": name, "address": f"{address}/{name}", "seen": seen(order)}


def seen(order: Order) -> str:
    """Names what is answered so far: a form sent twice is one command, one filled in again after an answer another."""
    return digest(*sorted(order.answers))


def checked(look: Look, order: Order) -> Made:
    """Gives what to check before an order is confirmed: what is missing, and what is left of each article."""
    lines = order.details.lines if order.details else []
    levels = {line.sku: look.ask("stock", sku=line.sku, seller=order.seller[3], limit=1) for line in lines if line.sku}
    stock = [
        {"name": line.name or line.sku, "quantity": line.quantity, **_level(levels.get(line.sku, []))} for line in lines
    ]
    return {"missing": missing(order), "stock": stock}


def _level(rows: list[Made]) -> Made:
    return {name: rows[0][name] for name in ("state", "available")} if rows else dict(asking.UNCOUNTED)


def told(order: Order, request: Request) -> Made | None:
    """Gives what became of the command that the address names: done, refused or waiting; None if it names none."""
    command = request.query_params.get("answer", "")
    if not command:
        return None
    answer = order.answers.get(f"{order.order_id}/{command}")
    return {"state": "waiting"} if answer is None else _told(answer)


def asked(look: Look, order: Order) -> list[Made]:
    """Gives what the one who looks has asked lately, the latest first; an operator sees what everybody has."""
    answers = asking.asked_by(order, look.viewer)
    names_askers = look.viewer.role == "operator"
    return [
        {**_told(a), "label": _label(a), "asker": a.by if names_askers else "", "at": a.decided_at}
        for a in answers[:MOST_ASKED]
    ]


def _label(answer: Answer) -> str:
    """Names a command as its own side does; what nobody has a button for is called by its name."""
    acts = (ACTS.get(answer.by, {}), *ACTS.values())
    return next((each[answer.name].label for each in acts if answer.name in each), answer.name)


def _told(answer: Answer) -> Made:
    since, by = answer.values.get("since", ""), answer.values.get("by", "")
    return {
        "state": "refused" if answer.refused else "done",
        "rule": answer.refused,
        "since": int(since) if since.isdecimal() else None,
        "by": by,
        "status": answer.values.get("status", ""),
        "left": int(answer.values["left"]) if answer.values.get("left", "").isdecimal() else None,
        "currency": answer.values.get("currency", "IDR"),
    }


class Acting:
    """Takes a form of an order's page. One that another site's page sends is refused where the session is read."""

    def __init__(self, site: Site, ours: Services, role: Role, base: str) -> None:
        self._site, self._ours, self._role, self._base = site, ours, role, base

    async def act(self, request: Request) -> Response:
        """Asks what the form says, and leads back to the order with what became of it."""
        look = await run_in_threadpool(self._site.look, request, self._role)
        order_id, name = request.path_params["order_id"], request.path_params["command"]
        act = ACTS[self._role].get(name)
        if act is None:
            raise Problem("not-found", f"Nobody can {name} here.")
        form = {key: str(value) for key, value in (await request.form()).items()}
        rows = look.ask("order", order_id=order_id) if any(field.kind == "amount" for field in act.fields) else []
        payload = _payload(name, act, form, rows[0]["currency"] if rows else "IDR")
        key = digest(form.get("seen", "")[:100], name, repr(sorted(payload.items())))
        command_id, _ = await asking.ask(self._ours, look.viewer, asking.Wish(order_id, name, payload, key))
        address = f"{orders.address(order_id, self._base)}?answer={command_id.rpartition('/')[2]}"
        return RedirectResponse(address, status_code=303)


def _payload(name: str, act: Act, form: Mapping[str, str], currency: str) -> Made:
    """Reads a form as the command's payload. Raises a Problem when it does not fit."""
    given = {field.name: value for field in act.fields if (value := _value(field, form, currency)) is not None}
    if act.answers:
        given["accept"] = form.get("accept", "")
    for hidden in ("case_id", "package_id"):
        if form.get(hidden):
            given[hidden] = form[hidden]
    try:
        shape = _SHAPES[name].validate_python(given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
        raise Problem("invalid", wrong) from error
    made: Made = _SHAPES[name].dump_python(shape, mode="json")
    return made


def _value(field: Field, form: Mapping[str, str], currency: str) -> Any:  # noqa: ANN401  # as the field has it
    value = form.get(field.name, "").strip()
    if field.kind == "yes":
        return bool(value)
    if field.kind == "amount":
        with suppress(ValueError):  # the shape says what is wrong with it
            return typed(value, currency)
        return value or None
    return value
