"""Every private name of Faust, mode and aiokafka that is touched: an upgrade that moves one fails here."""

import ast
import inspect
from importlib.metadata import version
from pathlib import Path

import aiokafka
import faust
import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer import fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from faust.tables.base import Collection
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer
from faust.transport.drivers import aiokafka as driver
from mode.services import ServiceTask

import pipeline.streams

CALLED = {
    (consumer.Consumer, "_is_changelog_tp"): "self, tp",
    (driver.AIOKafkaConsumerThread, "_ensure_consumer"): "self",
    (TableManager, "_update_channels"): "self",
    (Recovery, "_set_recovery_ended"): "self",
    (fetcher.Fetcher, "_create_fetch_waiter"): "self",
    (fetcher.Fetcher, "_notify"): "self, future",
    (fetcher.Fetcher, "end_offsets"): "self, partitions, timeout_ms",
    (fetcher.FetchResult, "check_assignment"): "self, tp",
    (fetcher.FetchResult, "has_more"): "self",
    (fetcher.FetchResult, "_update_position"): "self",
    (fetcher.FetchError, "check_raise"): "self",
    (fetcher.PartitionRecords, "_consume_aborted_up_to"): "self, batch_offset",
    (fetcher.PartitionRecords, "_contains_abort_marker"): "self, next_batch",
    (SubscriptionState, "fetch_context"): "self",
    (SubscriptionState, "is_assigned"): "self, tp",
    (GroupCoordinator, "fetch_committed_offsets"): "self, partitions",
    (GroupCoordinator, "request_rejoin"): "self",
    (GroupCoordinator, "check_errors"): "self",
    (AIOKafkaClient, "bootstrap"): "self",
    (AIOKafkaClient, "send"): "self, node_id, request, group",
    (AIOKafkaClient, "coordinator_lookup"): "self, coordinator_type, coordinator_key",
    (AIOKafkaClient, "add_topic"): "self, topic",
    (AIOKafkaClient, "force_metadata_update"): "self",
    (AIOKafkaClient, "fetch_all_metadata"): "self",
}
"""Methods that are called, with their parameters; of aiokafka's client also those that look public."""

OVERRIDDEN = {
    (consumer.Consumer, "_drain_messages"): "self, fetcher",
    (consumer.Consumer, "on_partitions_revoked"): "self, revoked",
    (consumer.Consumer, "perform_seek"): "self",
    (consumer.Consumer, "resume_flow"): "self",
    (consumer.Consumer, "stop_flow"): "self",
    (consumer.Consumer, "verify_all_partitions_active"): "self",
    (consumer.Consumer, "wait_empty"): "self",
    (consumer.ThreadDelegateConsumer, "seek_wait"): "self, partitions",
    (driver.Consumer, "_new_consumer_thread"): "self",
    (driver.AIOKafkaConsumerThread, "_create_worker_consumer"): "self, transport",
    (faust.App, "_new_transport"): "self",
    (faust.App, "on_rebalance_start"): "self",
    (faust.App, "on_rebalance_end"): "self",
    (Collection, "_new_store"): "self",
    (Recovery, "_set_recovery_started"): "self",
    (Recovery, "_build_highwaters"): "self, consumer, tps, destination, title",
    (Recovery, "_seek_offsets"): "self, consumer, tps, offsets, title",
    (Recovery, "_wait"): "self, coro, timeout",
    (Recovery, "on_partitions_revoked"): "self, revoked",
    (Recovery, "on_rebalance"): "self, assigned, revoked, newly_assigned, generation_id",
    (faust.Schema, "loads_key"): "self, app, message, loads, serializer",
    (faust.Schema, "loads_value"): "self, app, message, loads, serializer",
}
"""Methods that ours take the place of, with their parameters."""

KEPT = {
    (aiokafka.AIOKafkaConsumer, "_isolation_level"): "isolation_level=self._isolation_level",
    (aiokafka.AIOKafkaConsumer, "_fetch_max_wait_ms"): "fetch_max_wait_ms=self._fetch_max_wait_ms",
    (aiokafka.AIOKafkaConsumer, "_fetcher"): "self._fetcher = Fetcher(",
    (aiokafka.AIOKafkaConsumer, "_coordinator"): "self._coordinator = GroupCoordinator(",
    (aiokafka.AIOKafkaConsumer, "_closed"): "self._closed = True",
    (
        aiokafka.AIOKafkaConsumer,
        "_request_timeout_ms",
    ): "self._fetcher.end_offsets(partitions, self._request_timeout_ms)",
    (fetcher.Fetcher, "_isolation_level"): "OffsetRequest(-1, self._isolation_level, list(topic_data.items()))",
    (fetcher.Fetcher, "_fetch_max_wait_ms"): "self._fetch_max_wait_ms,",
    (fetcher.Fetcher, "_fetch_min_bytes"): "self._fetch_min_bytes,",
    (fetcher.Fetcher, "_records"): "self._records[tp] = FetchResult(",
    (fetcher.Fetcher, "_closed"): "self._closed = True",
    (fetcher.Fetcher, "_subscriptions"): "self._subscriptions.reassignment_in_progress",
    (fetcher.Fetcher, "_wait_consume_future"): "self._notify(self._wait_consume_future)",
    (fetcher.FetchResult, "_partition_records"): "self._partition_records = partition_records",
    (fetcher.PartitionRecords, "_records"): "self._records = records",
    (fetcher.PartitionRecords, "_records_iterator"): "self._records_iterator = self._unpack_records()",
    (fetcher.PartitionRecords, "next_fetch_offset"): "self.next_fetch_offset = next_batch.next_offset",
    (fetcher.PartitionRecords, "_check_crcs"): "if self._check_crcs and not next_batch.validate_crc()",
    (fetcher.PartitionRecords, "_isolation_level"): "self._isolation_level == READ_COMMITTED",
    (fetcher.PartitionRecords, "_aborted_producers"): "self._aborted_producers.discard(next_batch.producer_id)",
    (fetcher.PartitionRecords, "_tp"): "self._tp = tp",
    (consumer.Consumer, "_active_partitions"): "tps = self._active_partitions",
    (TableManager, "_recovery"): "self._recovery = Recovery(",
    (Recovery, "active_offsets"): "tp: highwater - offsets[tp]",
    (Recovery, "signal_recovery_end"): "await self._wait(self.signal_recovery_end.wait())",
}
"""Attributes that are read or set, with what their owner does with them."""


def parameters(function: object) -> str:
    function = function.fun if isinstance(function, ServiceTask) else function
    return ", ".join(name for name, p in inspect.signature(function).parameters.items() if p.kind is not p.VAR_KEYWORD)


@pytest.mark.parametrize(
    ("package", "wanted"), [("faust-streaming", "0.15.3"), ("mode-streaming", "0.7.1"), ("aiokafka", "0.14.0")]
)
def test_the_versions_are_those_that_were_read(package, wanted):
    """A new version is welcome after its source was read, the soaks have run, and this line was changed."""
    assert version(package) == wanted


@pytest.mark.parametrize(("where", "wanted"), [*CALLED.items(), *OVERRIDDEN.items()], ids=lambda v: str(v)[-40:])
def test_methods_have_the_parameters_that_we_count_on(where, wanted):
    """What is called or overridden is still there and takes the same."""
    owner, name = where
    assert parameters(getattr(owner, name)) == wanted


@pytest.mark.parametrize(("where", "wanted"), KEPT.items(), ids=lambda v: str(v)[-40:])
def test_attributes_mean_what_we_count_on(where, wanted):
    """What is read or set is still used for the same."""
    assert wanted in inspect.getsource(where[0])


def test_aiokafkas_builder_says_when_a_batch_is_full():
    """None says so; the first record always fits."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, -1, -1, 0, 100)
    assert builder.append(0, 1, b"k", b"v" * 200, []) is not None
    assert builder.append(1, 1, b"k", b"v", []) is None


def test_fausts_own_slurping_is_a_task_that_can_be_replaced():
    """Recovery takes whole batches from the consumer; Faust's task must not take from its queue beside it."""
    assert isinstance(Recovery._slurp_changelogs, ServiceTask)


def test_nothing_private_is_touched_that_is_not_listed_here():
    """Each private name of somebody else's that our code mentions stands in one of the lists above."""
    listed = {name for _, name in (*CALLED, *OVERRIDDEN, *KEPT)}
    touched = set()
    for file in Path(pipeline.streams.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
                own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                touched |= set() if own else {node.attr}
    assert touched - {"_exit"} <= listed  # os._exit is public, whatever its name says
