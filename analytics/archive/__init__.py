"""The archive: webhooks and events as Parquet files by day, however long Kafka keeps them."""

ARCHIVED = ("webhooks.received", "orders", "payments", "shipments")
"""The topics that are kept: what all others are made from, and the events in the form they had then."""


class ArchiveError(Exception):
    """The archive cannot be read or written; the message says where and what helps."""


class ArchiveBusyError(ArchiveError):
    """Another process writes the archive."""
