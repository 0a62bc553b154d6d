"""What operators say of senders' codes that no table of ours knows."""

from msgspec import Struct

from schemas.shipments import Milestone


class CodeMapped(Struct, gc=False):
    """A sender's code means this milestone: a record of topic `codes`, a copy in each of its partitions.

    An empty carrier: whoever carries the parcel. It counts for scans whose code has no meaning yet, and for no others.
    """

    source: str
    carrier: str
    code: str
    milestone: Milestone
    mapped_at: int

    @property
    def key(self) -> bytes:
        """The record's key."""
        return code_key(self.source, self.carrier, self.code)

    def covers(self, source: str, carrier: str, code: str) -> bool:
        """Tells whether it says what this code of this parcel means."""
        return (self.source, self.code) == (source, code) and self.carrier in ("", carrier)


def code_key(source: str, carrier: str, code: str) -> bytes:
    """Names a sender's code: `generic/jne/U99`; no tracking number's key has a colon before its first slash."""
    return f"code:{source}/{carrier}/{code}".encode()
