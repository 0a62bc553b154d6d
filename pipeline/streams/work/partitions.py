"""Which partition a key belongs to: Kafka's own rule, as every producer around us follows it."""

import struct
from functools import lru_cache

_SEED, _MIX, _WORD = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF


@lru_cache(maxsize=1 << 16)
def partition_of(key: bytes, partitions: int) -> int:
    """Gives the partition of a key: murmur2, as Java's producer has it."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """Gives the hash that Kafka takes of a key."""
    words, rest = divmod(len(key), 4)
    h = _SEED ^ len(key)
    for word in struct.unpack_from(f"<{words}I", key):
        k = word * _MIX & _WORD
        h = h * _MIX & _WORD ^ ((k ^ k >> 24) * _MIX & _WORD)
    if rest:
        h = (h ^ int.from_bytes(key[-rest:], "little")) * _MIX & _WORD
    h = (h ^ h >> 13) * _MIX & _WORD
    return h ^ h >> 15
