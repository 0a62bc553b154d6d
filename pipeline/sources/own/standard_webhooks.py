"""A seller's own system, by the specification of standardwebhooks.com: it tells our events in our words.

The body is `{"type": …, "timestamp": …, "data": {…}}`: the type of an event, with dots or underscores; when it
happened; and the event's own fields.
"""

from pipeline.settings import Account
from pipeline.sources import signatures
from pipeline.sources.own import words
from pipeline.sources.reading import read
from pipeline.sources.source import Request, Retries, Source
from pipeline.sources.telling import Telling
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.times import MINUTE, SECOND


def translate(delivery: Delivery, account: Account) -> list[Event]:
    """Gives the one event that a seller's own system tells."""
    body = read(delivery.body)
    kind = words.kind_of(body.id("type"))
    at = body.optional_instant("timestamp")
    at = delivery.received_at if at is None else at
    return [words.tell(Telling(delivery, account), kind, body.inside("data"), at, (delivery.dedupe_id,))]


def dedupe_id(request: Request) -> str:
    """Gives the sender's own id of the message, which the specification keeps over retries."""
    return words.message_id(request.headers.get("webhook-id", ""))


SOURCE = Source(
    id="standard_webhooks",
    title="Standard Webhooks",
    tells="anything, from a seller's own system in our words",
    docs="https://www.standardwebhooks.com",
    setup="The secret is 24 to 64 random bytes in base64, with or without whsec_ before it, or an ed25519 key: whpk_ "
    "to check, whsk_ to sign.",
    scheme=signatures.StandardWebhooks(),
    translate=translate,
    dedupe_id=dedupe_id,
    needs={"seller": "its webhooks speak for this seller and no other"},
    example={"seller": "toko-melati"},
    sample='{"type": "order.confirmed", "timestamp": "$iso", "data": {"order_id": "$order"}}',
    kept_headers=("webhook-id", "webhook-timestamp"),
    retries=Retries(
        deadline=15,
        success="2xx",
        after=(5, *(minutes * MINUTE // SECOND for minutes in (5, 30, 120, 300, 600, 840, 1200, 1440))),
        note="as the specification advises; 410 ends it, 429, 502 and 504 slow it down",
    ),
    tables=words.TABLES,
)
