"""Keys go where every other producer would send them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as theirs
from hypothesis import given
from hypothesis import strategies as st

from pipeline.streams.work.partitions import murmur2, partition_of


@given(st.binary(max_size=64))
def test_the_hash_is_kafkas(key):
    """It is that of Java and aiokafka, for any key."""
    assert murmur2(key) == theirs(key) & 0xFFFFFFFF


@pytest.mark.parametrize("count", [1, 3, 8, 24])
@given(key=st.binary(min_size=1, max_size=40))
def test_a_key_has_the_partition_that_other_producers_give_it(key, count):
    """The gateway's producer, kafka-python and Java agree with us."""
    every = list(range(count))
    assert partition_of(key, count) == DefaultPartitioner()(key, every, every)
