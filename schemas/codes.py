"""What senders say that no table of ours knows, and what operators say that it means."""

from typing import Literal, NamedTuple, cast, get_args

from msgspec import Struct

from schemas.events import Event
from schemas.orders import StatusReported
from schemas.shipments import Milestone, PackageScanned
from schemas.statuses import BY_NAME

Kind = Literal["scan", "status"]

MEANINGS: dict[Kind, tuple[str, ...]] = {
    "scan": tuple(milestone for milestone in get_args(Milestone) if milestone != "unknown"),
    "status": tuple(status for status in BY_NAME if status != "unknown"),
}
"""What codes and words may mean: a milestone of a parcel, a status of an order."""


class Unknown(NamedTuple):
    """A carrier's code of scans, or a marketplace's word for a status of orders, which has no carrier."""

    kind: Kind
    source: str
    carrier: str
    code: str

    @property
    def key(self) -> bytes:
        """Names it: `code:generic/jne/U99`, `status:shopee/SPLIT`.

        No tracking number's key has a colon before its first slash.
        """
        if self.kind == "status":
            return f"status:{self.source}/{self.code}".encode()
        return f"code:{self.source}/{self.carrier}/{self.code}".encode()

    @property
    def keys(self) -> tuple[bytes, bytes]:
        """Gives the keys of what it may be told to mean: of this carrier, then of all."""
        return self.key, self._replace(carrier="").key


def is_of_codes(key: bytes) -> bool:
    """Tells the key of a code or word from that of a tracking number."""
    return key.startswith((b"code:", b"status:"))


class CodeMapped(Struct, gc=False):
    """A sender's code means this milestone, or its word this status: a record of topic `codes`, in each partition.

    An empty carrier: whoever carries the parcel. It counts for what has no meaning yet, and for nothing else. One of a
    status has milestone `unknown`.
    """

    source: str
    carrier: str
    code: str
    milestone: Milestone
    mapped_at: int
    status: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError on a status that is none."""
        if self.status and self.status not in MEANINGS["status"]:
            raise ValueError(f"{self.status!r} is no status")

    @property
    def of(self) -> Unknown:
        """What it gives a meaning."""
        return Unknown("status" if self.status else "scan", self.source, self.carrier, self.code)

    @property
    def means(self) -> str:
        """The status or the milestone."""
        return self.status or self.milestone

    def covers(self, unknown: Unknown) -> bool:
        """Tells whether it says what this means."""
        return self.of in (unknown, unknown._replace(carrier=""))


def mapped(unknown: Unknown, means: str, mapped_at: int) -> CodeMapped:
    """Says what a code or word means; raises ValueError when that is none of MEANINGS."""
    if means not in MEANINGS[unknown.kind]:
        raise ValueError(f"{means!r} is no meaning")
    if unknown.kind == "status":
        return CodeMapped(unknown.source, "", unknown.code, "unknown", mapped_at, means)
    return CodeMapped(unknown.source, unknown.carrier, unknown.code, cast("Milestone", means), mapped_at)


def unknown_in(event: Event) -> Unknown | None:
    """Gives what an event says that no table knows; None where it is known."""
    if event.type == "package_scanned":
        scan = cast("PackageScanned", event)
        return Unknown("scan", scan.source, scan.carrier, scan.code) if scan.milestone == "unknown" else None
    if event.type == "status_reported":
        told = cast("StatusReported", event)
        return Unknown("status", told.source, "", told.word) if told.status == "unknown" else None
    return None
