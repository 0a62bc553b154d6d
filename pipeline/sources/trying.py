"""Trying a sender: a saved request judged step by step as gateway and intake would, and a signed sample to send."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta, timezone
from string import Template
from typing import NamedTuple

from pipeline.settings import Account, Settings, SettingsError
from pipeline.sources import SOURCES, Refused, Request, Source, Untranslatable, translate
from pipeline.sources.rsa import KeysWanted
from schemas import times
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.times import SECOND

_SEEN = 60
_STAMPS = re.compile(r"(?<![0-9a-zA-Z])(\d{10}|\d{13})(?![0-9a-zA-Z])|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)")
INDIA = timezone(timedelta(hours=5, minutes=30))


class Step(NamedTuple):
    """One step of a trial. `verdict`: ok, or failed (what follows would not happen), or a hint to why."""

    step: str
    verdict: str
    detail: str


def fill(sample: str, order: str, at: int) -> bytes:
    """Gives a sender's sample as it would write it of that order at that instant."""
    moment = times.to_datetime(at)
    told = {
        "order": order,
        "seconds": at // SECOND,
        "millis": at,
        "iso": times.rfc3339(at),
        "date": moment.strftime("%Y%m%d"),
        "time": moment.strftime("%H%M%S"),
        "ist": moment.astimezone(INDIA).strftime("%d %m %Y %H:%M:%S"),
    }
    return Template(sample).substitute(told).encode()


def read_request(raw: bytes) -> tuple[str, str, Request]:
    """Reads an HTTP request as it was saved: method, path, and the request. Raises ValueError when it is none.

    Of a body that an editor ended with a new line, only as much is taken as its Content-Length says.
    """
    head, gap, body = raw.partition(b"\r\n\r\n") if b"\r\n\r\n" in raw else raw.partition(b"\n\n")
    first, *lines = head.decode("latin-1").splitlines() or [""]
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/") or not gap:  # noqa: PLR2004  # method, address, version
        raise ValueError(
            "the file is no HTTP request: it begins with a line such as POST /webhooks/ninjavan/toko HTTP/1.1, then "
            "headers, an empty line, and the body as it came"
        )
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"{line[:_SEEN]!r} is no header: it has no colon")
        name = name.strip().lower()
        headers[name] = "\n".join(filter(None, (headers.get(name), value.strip())))
    length = headers.get("content-length", "")
    if length.isdigit() and not body[int(length) :].strip():
        body = body[: int(length)]
    path, _, query = parts[1].partition("?")
    url = f"https://{headers.get('host', '')}{path}" if path.startswith("/") else path
    return parts[0], path, Request(body, headers, url, 0, query)


def check_request(settings: Settings, source: str, raw: bytes, *, now: int, account: str = "") -> Iterator[Step]:
    """Tells step by step what the gateway and intake would make of a saved request. Raises SettingsError, ValueError.

    An instant that is signed counts as if the request came when it was signed; that it is old is told.
    """
    method, path, request = read_request(raw)
    ours, sender = account_of(settings, source, account or _name_in(path)), SOURCES[source]
    if settings.gateway.public_url:
        request = request._replace(url=settings.gateway.public_url.rstrip("/") + f"/webhooks/{source}/{ours.name}")
    yield Step("read", "ok", f"{method} {path}: {len(request.headers)} headers, {len(request.body)} bytes of body")
    yield Step("account", "ok", f"{source}/{ours.name}: {len(ours.secrets)} live secrets, seller {ours.seller or '-'}")
    if sender.is_challenge(request):
        yield Step("answer", "ok", f"{sender.manners.kept}: no webhook, the sender only tries the address")
        return
    yield from _signed(sender, ours, request)
    request = request._replace(received_at=now)
    refused = _refused(sender, ours, request)
    if refused and refused.reason == "stale" and (at := _its_time(sender, ours, request)):
        yield Step("instant", "hint", f"{refused.detail}: it was sent {times.rfc3339(at)}, and counts here as of then")
        request, refused = request._replace(received_at=at), None
    if refused:
        yield Step("compared", "failed", f"{refused.reason}: {refused.detail}")
        yield from _hints(settings, sender, ours, request)
        yield Step("answer", "failed", f"{getattr(sender.manners, refused.reason)}")
        return
    yield Step("compared", "ok", "a live secret of this account proves it")
    yield Step("answer", "ok", f"{sender.manners.kept}: kept as {sender.dedupe_id(request)}")
    yield from understood(sender, ours, request)


def understood(sender: Source, account: Account, request: Request) -> Iterator[Step]:
    """Tells what intake makes of a proved request."""
    kept = {n: v for n, v in request.headers.items() if n in ("content-type", *sender.kept_headers)}
    delivery = Delivery(
        sender.id, account.name, sender.dedupe_id(request), request.body, request.received_at, kept, 0, 0, 0
    )
    try:
        events = translate(delivery, account)
    except Untranslatable as error:
        yield Step("understood", "failed", f"a dead letter: {error.cause}: {error.detail}")
        return
    if not events:
        yield Step("understood", "ok", "it tells nothing that Arus follows; it is kept")
    for event in events:
        yield Step("understood", "hint" if _is_unmapped(event) else "ok", _told(event))


def _is_unmapped(event: Event) -> bool:
    return "unknown" in (getattr(event, "milestone", ""), getattr(event, "status", ""))


def _told(event: Event) -> str:
    """Writes an event as a line: what, of which order, when, and all else that it says."""
    envelope = {"event_id", "type", "order_id", "occurred_at", "received_at", "source", "evidence", "rank", "version"}
    told = {name: getattr(event, name) for name in event.__dataclass_fields__ if name not in envelope}
    rest = ", ".join(f"{name}={value}" for name, value in told.items() if value not in ("", None, 0, False, ()))
    return f"{event.type} of {event.order_id or 'no order yet'} at {times.rfc3339(event.occurred_at)}: {rest}"


def _name_in(path: str) -> str:
    parts = path.strip("/").split("/")
    return parts[2] if len(parts) == 3 and parts[0] == "webhooks" else ""  # noqa: PLR2004  # webhooks, source, account


def account_of(settings: Settings, source: str, name: str = "") -> Account:
    """Gives the account of that name, or the only one of that sender. Raises SettingsError naming those there are."""
    found = [one for one in settings.accounts if one.source == source and (not name or one.name == name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in settings.accounts if one.source == source)
    if source not in SOURCES:
        raise SettingsError(f"there is no source {source!r}; there are {', '.join(SOURCES)}")
    if not names:
        raise SettingsError(f"no account of {source} is set up: arus.toml names it under [[accounts]]")
    raise SettingsError(f"which account of {source}? --account is one of {names}")


def _signed(sender: Source, account: Account, request: Request) -> Iterator[Step]:
    """Tells what must prove the request, and what is there of it."""
    how = (type(sender.scheme).__doc__ or "").split("\n")[0]
    body = f"{len(request.body)} bytes, beginning {request.body[:_SEEN]!r}, ending {request.body[-8:]!r}"
    yield Step("signed", "ok", f"{how} The body is {body}")
    try:
        names = sender.scheme.headers or tuple(sender.scheme.sign(request.body, account, request.received_at).headers)
    except ValueError:
        names = ()
    for name in map(str.lower, names):
        value = request.headers.get(name, "")
        seen = f"{value[:4]}… ({len(value)} characters)" if value else "is not there"
        yield Step("signed", "ok" if value else "hint", f"header {name} {seen}")


def _refused(sender: Source, account: Account, request: Request) -> Refused | None:
    try:
        sender.scheme.verify(account, request)
    except KeysWanted as wanted:
        return Refused("bad_signature", f"{wanted.detail}; they are fetched by the gateway, `secrets` may pin one")
    except Refused as error:
        return error
    return None


def _its_time(sender: Source, account: Account, request: Request) -> int | None:
    """Finds the instant at which a request that is too old now would have been believed."""
    for value in request.headers.values():
        for found in _STAMPS.finditer(value):
            told = found[0]
            at = times.parse(told) if not told.isdigit() else int(told) * (SECOND if len(told) == 10 else 1)  # noqa: PLR2004
            if _refused(sender, account, request._replace(received_at=at)) is None:
                return at
    return None


def _hints(settings: Settings, sender: Source, account: Account, request: Request) -> Iterator[Step]:
    """Tries what often went wrong, and tells what would prove the request."""
    tries: list[tuple[str, Account, Request]] = [
        ("with a new line at the end of the body", account, request._replace(body=request.body + b"\n")),
        (
            "without the white space at the end of the body: an editor or a proxy added it",
            account,
            request._replace(body=request.body.rstrip()),
        ),
        (
            "with https:// in the address: set gateway.public_url",
            account,
            request._replace(url=request.url.replace("http://", "https://")),
        ),
    ]
    trimmed = tuple(secret.strip().strip("'\"") for secret in account.live_secrets())
    tries.append(("with the secret without blanks or quotes around it", _with(account, trimmed), request))
    tries += [
        (f"by the secret of the account {other.name}", other, request)
        for other in settings.accounts
        if other.source == sender.id and other is not account
    ]
    for what, owner, changed in tries:
        if (changed != request or owner is not account) and _proved_some_time(sender, owner, changed):
            yield Step("compared", "hint", f"it would be proved {what}")


def _proved_some_time(sender: Source, account: Account, request: Request) -> bool:
    error = _refused(sender, account, request)
    return error is None or (error.reason == "stale" and _its_time(sender, account, request) is not None)


def _with(account: Account, secrets: Sequence[str]) -> Account:
    return Account.model_validate({**account.model_dump(), "secrets": secrets})
