"""What an endpoint hears: a body of the specification's shape, signed with each secret that is live."""

import secrets
from base64 import b64encode
from typing import Any

from standardwebhooks import Webhook

from pipeline import codec
from schemas.endpoints import Endpoint, Sending
from schemas.messages import texts_of
from schemas.notices import Notice
from schemas.times import HOUR, SECOND, rfc3339, to_datetime

BOTH_SIGN = 24 * HOUR
"""After a secret is changed the one before it signs too for so long."""

TEST = "test"
"""The kind of what a seller sends to try an endpoint."""


def make_secret() -> str:
    """Makes a secret as the specification wants it: 32 random bytes."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def type_of(notice: Notice) -> str:
    """Gives the type of a message: `notice.shipped` of the seller's inbox, `message.shipped` of a word to a buyer."""
    return f"{'message' if is_message(notice) else 'notice'}.{notice.kind}"


def is_message(notice: Notice) -> bool:
    """Tells whether a notice is a word to a buyer, which the seller's own system is to bring."""
    return notice.audience.startswith("buyer:")


def body(sending: Sending) -> bytes:
    """Writes what is sent: the same bytes at each attempt."""
    notice = sending.notice
    data: dict[str, Any] = {
        "notice_id": notice.notice_id,
        "seller_id": sending.seller_id,
        "kind": notice.kind,
        "order_id": notice.order_id or None,
        "event_id": notice.event_id or None,
        "values": notice.values,
    }
    if is_message(notice):
        data |= {"buyer_id": notice.audience.partition(":")[2], "texts": texts_of(notice)}
    return codec.encode({"type": type_of(notice), "timestamp": rfc3339(notice.occurred_at), "data": data})


def headers(endpoint: Endpoint, sending_id: str, body: bytes, now: int) -> dict[str, str]:
    """Signs a body. After a change of the secret both sign, so that the receiver may change its own in between."""
    live = [endpoint.secret, *([endpoint.former] if endpoint.former and now < endpoint.former_until else [])]
    at, said = to_datetime(now), body.decode()
    return {
        "content-type": "application/json",
        "user-agent": "arus",
        "webhook-id": sending_id,
        "webhook-timestamp": str(now // SECOND),
        "webhook-signature": " ".join(Webhook(secret).sign(sending_id, at, said) for secret in live),
    }
