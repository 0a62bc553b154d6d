"""The archive: webhooks and events as Parquet files by day, however long Kafka keeps them."""

ARCHIVED = (
    "webhooks.received",
    "orders",
    "payments",
    "shipments",
    "stock",
    "order.transitions",
    "anomalies",
    "notices",
    "endpoint.sendings",
    "stock.movements",
    "dead-letters",
)
"""The topics that are kept: those of which the warehouse is made, without those that Kafka keeps for ever."""


class ArchiveError(Exception):
    """The archive cannot be read or written; the message says where and what helps."""


class ArchiveBusyError(ArchiveError):
    """Another process writes the archive."""
