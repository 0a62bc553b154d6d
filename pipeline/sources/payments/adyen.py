"""Adyen, standard webhooks: event code and success → what happened to the money. Each item bears its own signature.

Codes of docs.adyen.com, webhook types, as of 2026-11. One request may hold several items; one that does not prove
itself refuses all. The signature covers eight fields and not the time. Adyen's platform webhooks sign the raw body in a
header whose name no public source confirms: they are not understood. A code that is not in the table tells nothing of
an order's money (reports, payouts, disputes won …).
"""

import hmac
from decimal import Decimal
from typing import Any

import orjson

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.reading import Reading, digest_of, read
from pipeline.sources.source import Refused, Request, Retries, Signed, Source, Untranslatable
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.ids import digest
from schemas.money import minor_units
from schemas.times import MINUTE, SECOND

CODES = {
    "AUTHORISATION": "payment_paid",
    "CAPTURE": "payment_paid",
    "CAPTURE_FAILED": "payment_failed",
    "CANCELLATION": "payment_expired",
    "OFFER_CLOSED": "payment_expired",
    "REFUND": "refund_settled",
    "REFUND_FAILED": "refund_failed",
    "REFUNDED_REVERSED": "refund_failed",
    "NOTIFICATION_OF_CHARGEBACK": "chargeback_opened",
    "CHARGEBACK": "chargeback_opened",
}

FAILED = {"AUTHORISATION": "payment_failed", "CAPTURE": "payment_failed", "REFUND": "refund_failed"}
"""What a code says whose `success` is false; others then say that nothing happened."""

_NONE = ("CVE", "DJF", "GNF", "IDR", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")

DECIMALS = dict.fromkeys(_NONE, 0) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
"""How many decimals Adyen's minor units have; of currencies that are not here two."""


def _items(body: Reading) -> list[Reading]:
    """Gives what one request notifies of; an item may also come alone."""
    inside = [item.inside("NotificationRequestItem") for item in body.each("notificationItems")]
    return [body] if body.get("notificationItems") is None else inside


class InItems:
    """HMAC-SHA256 of eight fields of each item, by a hexadecimal key, in its `additionalData.hmacSignature`."""

    headers = ()

    def verify(self, account: Account, request: Request) -> None:
        """Raises Refused unless the body can be read and each of its items is signed by a live key."""
        try:
            items = _items(read(request.body))
        except Untranslatable as error:
            raise Refused("unreadable", f"{error.detail}; without it there is no signature") from error
        keys = [_key(secret) for secret in account.live_secrets()]
        for item in items:
            given = item.inside("additionalData").get("hmacSignature")
            if not isinstance(given, str) or not given:
                raise Refused("missing_signature", "an item has no additionalData.hmacSignature")
            if not signatures.matches(given, (_proof(item, key) for key in keys)):
                raise Refused("bad_signature", "an item's hmacSignature is of another item or key")
        if not items:
            raise Refused("missing_signature", "notificationItems is empty: nothing is signed")

    def sign(self, body: bytes, account: Account, at: int, url: str = "") -> Signed:
        """Gives the body with each item signed by the newest key."""
        del at, url
        whole, key = read(body), _key(account.live_secrets()[0])
        for item in _items(whole):
            more = item.inside("additionalData").value
            item.value["additionalData"] = {**more, "hmacSignature": _proof(item, key)}
        return Signed(orjson.dumps(whole.value), {})


def _key(secret: str) -> bytes:
    try:
        return bytes.fromhex(secret)
    except ValueError as error:
        raise ValueError("an HMAC key of Adyen is hexadecimal, as its Customer Area shows it") from error


def _proof(item: Reading, key: bytes) -> str:
    amount = item.inside("amount")
    signed = [
        *(item.get(name) for name in ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")),
        *(amount.get(name) for name in ("value", "currency")),
        *(item.get(name) for name in ("eventCode", "success")),
    ]
    message = ":".join(_text(value) for value in signed)
    return signatures.base_64(hmac.digest(key, message.encode(errors="replace"), "sha256"))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives one event for each item that moves an order's money."""
    telling = Telling(delivery, account)
    manual = account.extra("capture") == "manual"
    told = (_event(telling, item, manual=manual) for item in _items(read(delivery.body)))
    return [event for event in told if event]


def _event(telling: Telling, item: Reading, *, manual: bool) -> Event | None:
    code = item.id("eventCode")
    succeeded = _text(item.get("success")) == "true"
    kind = (CODES if succeeded else FAILED).get(code)
    if kind is None or not item.words("merchantReference"):
        return None
    if kind == "payment_paid" and code == "AUTHORISATION" and manual:
        kind = "payment_authorized"
    order, reference = telling.order(item.id("merchantReference")), item.id("pspReference")
    at = item.optional_instant("eventDate") or telling.received_at
    payment, told = item.words("originalReference") or reference, _money(item.inside("amount"))
    if kind.startswith("refund"):
        refund = reference if code == "REFUND" else payment
        return telling.event(kind, (order, reference, kind), order, at, refund_id=refund, **told)
    told["method"] = item.words("paymentMethod")
    return telling.event(kind, (order, reference, code, kind), order, at, payment_id=payment, **told)


def _money(amount: Reading) -> dict[str, Any]:
    """Reads an amount in Adyen's minor units into ours."""
    currency, value = amount.currency(), amount.get("value")
    if type(value) is not int or not 0 <= value <= 10**15:
        raise amount.wrong("value", "must be a whole number of minor units")
    exact = Decimal(value).scaleb(-DECIMALS.get(currency, 2))
    return {"amount": minor_units(exact, currency), "currency": currency}


def dedupe_id(request: Request) -> str:
    """Gives the same for each retry, which repeats the items."""
    try:
        return digest_of([item.value for item in _items(read(request.body))], request.body)
    except Untranslatable:
        return digest(request.body)


def _check(account: Account) -> None:
    if account.extra("capture") not in ("", "manual", "automatic"):
        raise ValueError("capture must be automatic or manual")


SOURCE = Source(
    id="adyen",
    title="Adyen",
    tells="payments, refunds and chargebacks",
    docs="https://docs.adyen.com/development-resources/webhooks",
    setup="The secret is the HMAC key of a standard webhook, hexadecimal as it is shown.",
    scheme=InItems(),
    translate=translate,
    dedupe_id=dedupe_id,
    takes={"capture": "manual, where an authorisation is not yet money; else automatic"},
    check_account=_check,
    unconfirmed="the header that signs platform webhooks: only standard webhooks are understood",
    sample='{"live":"false","notificationItems":[{"NotificationRequestItem":{"eventCode":"AUTHORISATION","success":"true",'
    '"eventDate":"$iso","pspReference":"PSP$order","merchantAccountCode":"Toko","merchantReference":"$order",'
    '"paymentMethod":"visa","amount":{"currency":"IDR","value":150000}}}]}',
    retries=Retries(
        deadline=10,
        success="2xx",
        after=(9, 18, 27, *(minutes * MINUTE // SECOND for minutes in (2, 5, 10, 15, 30, 60, 120, 240, 480))),
        note="then every eight hours for up to 30 days, one queue for each endpoint",
    ),
    tables={"eventCode": CODES, "eventCode without success": FAILED},
)
