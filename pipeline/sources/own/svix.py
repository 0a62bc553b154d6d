"""Svix: a seller's own system that sends through it, in our words as Standard Webhooks does; its headers bear its name.

Headers and retries of docs.svix.com, as of 2026-11. Its retries are those of its default settings.
"""

from pipeline.sources import signatures
from pipeline.sources.own import standard_webhooks, words
from pipeline.sources.source import Request, Retries, Source
from schemas.times import HOUR, MINUTE, SECOND


def dedupe_id(request: Request) -> str:
    """Gives the id of the message, which Svix keeps over retries."""
    return words.message_id(request.headers.get("svix-id", ""))


SOURCE = Source(
    id="svix",
    title="Svix",
    tells="anything, from a seller's own system that sends through Svix in our words",
    docs="https://docs.svix.com/receiving/verifying-payloads/how-manual",
    setup="The secret is that of the endpoint, with its whsec_.",
    scheme=signatures.StandardWebhooks(prefix="svix"),
    translate=standard_webhooks.translate,
    dedupe_id=dedupe_id,
    needs={"seller": "its webhooks speak for this seller and no other"},
    example={"seller": "toko-melati"},
    kept_headers=("svix-id", "svix-timestamp"),
    retries=Retries(
        deadline=15,
        success="2xx",
        after=(5, *(span // SECOND for span in (5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR))),
    ),
    sample=standard_webhooks.SOURCE.sample,
    tables=words.TABLES,
)
