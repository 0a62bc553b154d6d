"""A dead letter: a record that some step cannot take, kept untouched with the reason."""

from msgspec import Struct, convert


class DeadLetter(Struct, omit_defaults=True, gc=False):
    """What the headers of a record of topic `dead-letters` say; its key and value are the original bytes.

    step: gateway, intake, matching, tracking, loading. cause: one short word for grouping; detail: one sentence.
    """

    step: str
    cause: str
    detail: str
    topic: str
    partition: int
    offset: int
    buried_at: int

    def headers(self) -> list[tuple[str, bytes]]:
        """Gives the record headers: `dead.step`, `dead.cause` and so on."""
        return [(f"dead.{name}", str(getattr(self, name)).encode()) for name in self.__struct_fields__]

    @classmethod
    def read(cls, headers: dict[str, bytes]) -> "DeadLetter":
        """Reads back what `headers` wrote. Raises KeyError when the record is no dead letter."""
        text = {name: headers[f"dead.{name}"].decode() for name in cls.__struct_fields__}
        return convert(text, cls, strict=False)


class Redriven(Struct, gc=False):
    """A dead letter was sent once more: the value of topic `dead-letters.redriven`, keyed by `partition/offset`."""

    partition: int
    offset: int
    redriven_at: int

    @property
    def key(self) -> bytes:
        """The record's key: where the letter lies."""
        return f"{self.partition}/{self.offset}".encode()
