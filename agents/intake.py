"""Intake: each delivery once, as events, to the topics where they belong."""

from collections.abc import Iterator

from agents.addressing import has_place, messages
from pipeline.settings import Settings
from pipeline.sources import FILES, Untranslatable, account_of, translate
from pipeline.stopping import MustStop
from pipeline.streams.agent import Agent, Batch, Message, Record, Rows, Table, agent
from schemas.deliveries import Delivery
from schemas.events import Event
from schemas.times import DAY


class NoAccounts(MustStop):
    """Webhooks wait for a worker that knows no account at all: it was started without its arus.toml."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"a webhook of {name} waits, and this worker knows no account at all: there is no arus.toml where it was "
            "started, or it names none; give it the one that the gateway has and start it anew, until then nothing "
            "is read and nothing is lost"
        )


def intake_agent(settings: Settings) -> Agent:
    """Gives the agent that takes what the settings' accounts send."""
    accounts = {(account.source, account.name): account for account in settings.accounts}
    deliveries_seen: Table[int] = Table(
        "seen",
        changelog="intake.seen",
        decode=int,
        encode=lambda taken_at: str(taken_at).encode(),
        keep_ms=settings.streams.seen_days * DAY,
        written_at=int,
    )

    def read(batch: Batch, record: Record) -> list[Event]:
        at = (batch.partition, record.offset, record.timestamp)
        try:
            delivery = Delivery.read(record.key or b"", record.value or b"", dict(record.headers), at=at)
        except ValueError as error:
            raise Untranslatable("no_delivery", str(error)) from error
        if not accounts and delivery.source not in FILES:
            raise NoAccounts(f"{delivery.source}/{delivery.account}")
        account = accounts.get((delivery.source, delivery.account)) or account_of(delivery, settings)
        events = translate(delivery, account)
        homeless = next((event for event in events if not has_place(event)), None)
        if homeless is not None:
            raise Untranslatable(
                "no_order", f"{homeless.type} names neither an order nor an article nor a tracking number"
            )
        return events

    @agent("webhooks.received", table=deliveries_seen)
    def intake(batch: Batch, seen: Rows[int]) -> Iterator[Message]:
        """Takes each delivery once and tells what it says as events; what nobody can read is buried."""
        for record in batch:
            key = record.key or b""
            if seen.get(key) is not None:
                continue
            try:
                events = read(batch, record)
            except Untranslatable as error:
                batch.bury(record, error.cause, error.detail)
                continue
            # A buried delivery is not remembered, so that it can be driven again.
            seen.put(key, record.timestamp)
            for event in events:
                yield from messages(event)

    return intake
