"""TOPICS: every topic, what its key is, what it holds and how long. All have the same number of partitions."""

from typing import NamedTuple

DAY_MS = 86_400_000


class Topic(NamedTuple):
    """One topic. `keep_days` is None where the topic is compacted: the newest value of each key stays.

    `changelog_of`: the group that keeps a table in it, and reads it only when it takes the table over.
    """

    name: str
    key: str
    holds: str
    keep_days: int | None = 30
    changelog_of: str = ""

    def configs(self) -> dict[str, str]:
        """Gives Kafka's topic configs; replication and partitions come from the settings."""
        if self.keep_days is None:
            return {"cleanup.policy": "compact", "max.message.bytes": "2097152"}
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.keep_days * DAY_MS),
            "max.message.bytes": "2097152",
        }


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("webhooks.received", "source/account/dedupe id", "raw bodies, exactly as they arrived"),
        Topic("orders", "order_id", "events of shops, sellers and buyers"),
        Topic("payments", "order_id", "events of payments and refunds"),
        Topic("shipments", "order_id", "events of parcels whose order is known"),
        Topic(
            "scans",
            "carrier/tracking number",
            "carriers' scans, the bindings of tracking numbers to orders, and by order_id statuses that no table knows",
        ),
        Topic("commands", "order_id", "what sellers, buyers and automation ask of an order"),
        Topic("sellers", "seller_id", "what each seller has set", None),
        Topic("command.answers", "order_id", "what became of each command"),
        Topic(
            "codes",
            "code:source/carrier/code or status:source/word",
            "what operators say that a sender's code or word means",
            None,
        ),
        Topic("stock", "seller_id/sku", "what sellers count and receive"),
        Topic(
            "order.snapshots",
            "order_id",
            "the state of each order; the changelog of table orders",
            None,
            "arus-tracking",
        ),
        Topic("order.corrections", "order_id", "states that were folded anew, each for one that is wrong"),
        Topic("order.transitions", "order_id", "one change of an order's status each"),
        Topic("anomalies", "order_id", "one contradiction each, with both pieces of evidence"),
        Topic("notices", "audience", "one line of somebody's inbox each"),
        Topic("endpoints", "audience", "where each seller's own system hears what the inbox is told", None),
        Topic("endpoint.wishes", "audience", "what sellers want sent once more, and which endpoints work again"),
        Topic("endpoint.standings", "audience", "which endpoints fail, and which are paused", None),
        Topic("stock.movements", "seller_id/sku", "what an order newly does with an article"),
        Topic(
            "stock.levels",
            "seller_id/sku",
            "where each article stands; the changelog of table levels",
            None,
            "arus-stock",
        ),
        Topic("dead-letters", "as it was", "records that some step could not take, untouched", 90),
        Topic("dead-letters.redriven", "partition/offset of the letter", "which dead letters were sent once more", 90),
        Topic(
            "intake.seen",
            "source/account/dedupe id",
            "which deliveries intake has taken; changelog of table seen",
            5,
            "arus-intake",
        ),
        Topic(
            "matching.numbers",
            "carrier/tracking number",
            "bindings and parked scans; changelog of table numbers",
            None,
            "arus-intake",
        ),
        Topic(
            "endpoint.sendings",
            "sending_id",
            "how each message to an endpoint stands; the sender's own memory",
            30,
            "arus-endpoints",
        ),
        Topic(
            "promises.clocks",
            "order_id",
            "what each order has promised and what was told of it; changelog of table clocks",
            None,
            "arus-promises",
        ),
        Topic(
            "stock.orders",
            "order_id",
            "what each order was last told to do with its articles; changelog of table moved",
            None,
            "arus-stock",
        ),
    )
}
"""The business topics and the changelogs of our tables, which are topics like any other."""
