"""J&T Express, the contract of its Malaysian open platform: code of a scan → milestone.

Codes of J&T's documentation as MasyukAI/KakKay packages/jnt has them (blobs 7886eb99, 61f9d779). The body is a form
with one field, `bizContent`: JSON, one parcel or a list. For codes 201 and 300 to 306 the documentation's own pages
disagree, so a scan's words are asked first, and what they do not tell is unknown. A scan's own `timeZone` counts,
whatever country it was made in; without one it is Malaysian time. J&T Indonesia's push is not publicly documented.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, timedelta, timezone, tzinfo
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from pipeline.settings import Account
from pipeline.sources.proofs import Hashed
from pipeline.sources.reading import Reading, read
from pipeline.sources.source import Manners, Refused, Request, Retries, Source
from pipeline.sources.telling import Parcel, Telling, once
from pipeline.sources.zones import TAKES, check_zone, zone_of
from schemas.deliveries import Delivery
from schemas.events import Event

MALAYSIA = ZoneInfo("Asia/Kuala_Lumpur")

CODES = {
    "10": "picked_up",
    "20": "in_transit",  # departed
    "30": "at_hub",
    "94": "out_for_delivery",
    "100": "delivered",
    "110": "delayed",  # problematic
    "172": "return_started",
    "173": "returned",
    "200": "delivered",  # collected
    "400": "picked_up",  # from cargo
    "401": "customs",
    "402": "customs",
    "403": "at_hub",
    "404": "at_hub",
    "405": "at_hub",
}

DISPUTED = ("201", "300", "301", "302", "303", "304", "305", "306")
"""Codes that one page of the documentation gives another meaning than the other."""

WORDS = {
    "damage": "damaged",
    "lost": "lost",
    "dispos": "lost",
    "reject": "delivery_failed",
    "customs": "customs",
    "collected": "delivered",
}
"""What a disputed code means, by what its words have in them."""

RETURNING = ("172", "173")

OFFSET = re.compile(r"GMT([+-])(\d\d):(\d\d)")


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one scan for each detail of each parcel."""
    telling = Telling(delivery, account)
    return once(event for parcel in _parcels(delivery.body) for event in _scans(telling, parcel))


def _parcels(body: bytes) -> Iterator[Reading]:
    """Reads the parcels of a form; also of its JSON alone, as J&T's pages print it."""
    content = _content(body)
    form = read(b'{"bizContent":' + content + b"}" if content else body)
    content_is = type(form.get("bizContent"))
    if content_is is list:
        yield from form.each("bizContent")
    else:
        yield form.inside("bizContent") if content_is is dict else form


def _scans(telling: Telling, data: Reading) -> Iterator[Event]:
    parcel = Parcel("jnt", data.id("billCode"), telling.order_if_ours(data.optional_id("txlogisticId")))
    zone = zone_of(telling.account, MALAYSIA)
    for detail in data.each("details"):
        code, words = detail.id("scanTypeCode", "scanType"), detail.words("desc", "scanTypeName", "scanType")
        yield telling.scanned(
            parcel,
            detail.instant("scanTime", assume=_zone(detail) or zone),
            _milestone(code, f"{detail.words('scanTypeName')} {words}"),
            stamp=detail.words("scanTime"),
            code=code,
            words=words,
            location=detail.place("scanNetworkName", "scanNetworkCity", "scanNetworkProvince"),
            returning=code in RETURNING,
            proof=detail.link("sigPicUrl"),
        )


def _zone(detail: Reading) -> tzinfo | None:
    told = detail.words("timeZone")
    if not told:
        return None
    if told == "GMT":
        return UTC
    parts = OFFSET.fullmatch(told)
    if not parts or int(parts[2]) > 14:  # noqa: PLR2004  # no zone is farther from Greenwich
        raise detail.wrong("timeZone", "is no zone such as GMT+08:00")
    offset = timedelta(hours=int(parts[2]), minutes=int(parts[3]) % 60)
    return timezone(offset if parts[1] == "+" else -offset)


def _milestone(code: str, words: str) -> str:
    if code in DISPUTED:
        return next((milestone for part, milestone in WORDS.items() if part in words.lower()), "unknown")
    return CODES.get(code, "unknown")


def _content(body: bytes) -> bytes:
    """Gives what is in the form's one field, byte for byte; nothing when there is none, or more than one."""
    try:
        form = parse_qs(body.decode("latin-1"), encoding="latin-1", max_num_fields=20)
    except ValueError:
        return b""
    told = form.get("bizContent", [])
    return told[0].encode("latin-1") if len(told) == 1 else b""


def _proof(request: Request, secret: str) -> str:
    """Gives the MD5 of what the form's one field holds, decoded, and the secret, in base64."""
    content = _content(request.body)
    if not content:
        raise Refused("unreadable", "the body is no form with one field bizContent")
    hashed = hashlib.md5(content + secret.encode(), usedforsecurity=False)
    return base64.b64encode(hashed.digest()).decode()


def _form(body: bytes) -> bytes:
    """Puts JSON into a form as J&T does; a `bizContent` around it is the form's, as J&T's pages print it."""
    told = json.loads(body)
    content = json.dumps(told["bizContent"]) if isinstance(told, dict) and "bizContent" in told else body
    return urlencode({"bizContent": content}).encode()


SOURCE = Source(
    id="jnt",
    title="J&T Express (Malaysia)",
    tells="scans of parcels",
    docs="https://open.jtexpress.my",
    setup="The secret is the private key of the API account.",
    scheme=Hashed("digest", _proof, _form),
    translate=translate,
    check_account=check_zone,
    takes=TAKES,
    orders_by="nobody",
    sample='{"billCode":"TRIAL$order","txlogisticId":"$order","details":[{"scanTime":"$iso",'
    '"scanTypeCode":"94","scanType":"On Delivery","desc":"Parcel out for delivery."}]}',
    unconfirmed="J&T Indonesia's push; codes 201 and 300 to 306, whose words are asked; retries",
    # It reads the answer's body: anything but code 1 is a failure to it.
    manners=Manners(body=json.dumps({"code": "1", "msg": "success", "data": "SUCCESS", "requestId": "arus"}).encode()),
    retries=Retries(deadline=None, success='JSON with "code": "1"', note="not told"),
    tables={"scanTypeCode": CODES, "words of a disputed code": WORDS},
)
