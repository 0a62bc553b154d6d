"""A delivery: one webhook exactly as it arrived."""

from msgspec import Struct, field

ASKED = "arus-asked"
"""The header of an answer that we asked a sender's API for: what was asked. No webhook can bring it along: the gateway
keeps only headers that it knows."""


class Delivery(Struct, gc=False):
    """One webhook, or one answer that we asked for, exactly as it arrived: a record and its place.

    In Kafka the key is `source/account/dedupe_id`, the value the raw body, and the rest travels in headers.
    """

    source: str
    account: str
    dedupe_id: str
    body: bytes
    received_at: int
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case; those that carry a secret are left out."""
    partition: int = -1
    offset: int = -1
    written_at: int = 0

    @property
    def key(self) -> bytes:
        """The record's key: re-deliveries meet in one partition."""
        return f"{self.source}/{self.account}/{self.dedupe_id}".encode()

    @property
    def asked(self) -> str:
        """Tells what of the sender's API this answers (`order/5764…`); empty when it is a webhook."""
        return self.headers.get(ASKED, "")

    def record_headers(self) -> list[tuple[str, bytes]]:
        """Gives the record headers that `read` understands."""
        told = [(f"http.{name}", value.encode()) for name, value in self.headers.items()]
        return [("received_at", str(self.received_at).encode()), *told]

    @classmethod
    def read(cls, key: bytes, body: bytes, headers: dict[str, bytes], *, at: tuple[int, int, int]) -> "Delivery":
        """Reads a record of `webhooks.received`. `at` is its (partition, offset, timestamp).

        Raises ValueError when it is no delivery.
        """
        try:
            source, account, dedupe_id = key.decode().split("/", 2)
            received_at = int(headers["received_at"])
        except (KeyError, ValueError) as error:
            message = "a record of webhooks.received without source, account, dedupe id or received_at"
            raise ValueError(message) from error
        told = {name[5:]: value.decode() for name, value in headers.items() if name.startswith("http.")}
        return cls(source, account, dedupe_id, body, received_at, told, *at)
