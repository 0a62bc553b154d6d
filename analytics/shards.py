"""Shards: which of several analytics nodes keeps whose rows. Each has those of its sellers and of its buyers."""

from functools import lru_cache
from hashlib import md5
from typing import NamedTuple

from pipeline.settings import Settings


class Shard(NamedTuple):
    """A node's share: the `number`th of so many, from 0. The only one of one keeps everything."""

    number: int = 0
    of: int = 1

    def keeps(self, *owners: str) -> bool:
        """Tells whether what belongs to any of these sellers or buyers is kept here."""
        return self.of == 1 or any(node_of(owner, self.of) == self.number for owner in owners)

    @property
    def job(self) -> str:
        """The name of its loader's job: each node reads all partitions, so each is a consumer group of its own."""
        return f"loading-{self.number}" if self.number else "loading"

    @property
    def group(self) -> str:
        """The name of its loader's consumer group."""
        return f"arus-{self.job}"


WHOLE = Shard()


def configured(settings: Settings) -> Shard:
    """Gives the share that the settings give this node."""
    return Shard(settings.analytics.shard, max(1, len(settings.analytics.shards)))


def node_of(owner: str, nodes: int) -> int:
    """Tells which of so many nodes a seller or buyer asks."""
    return key_of(owner) % nodes


@lru_cache(maxsize=1 << 16)
def key_of(owner: str) -> int:
    """Gives the number of an id, as the warehouse's macro `key_of` does: rows and requests must agree for good."""
    return int.from_bytes(md5(owner.encode(), usedforsecurity=False).digest()[8:], "little")
