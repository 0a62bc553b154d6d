"""Recovery: which runs of a changelog are applied, and which never."""

from types import SimpleNamespace

import pytest

from pipeline.streams.reading.cursor import Chains, Partition
from pipeline.streams.state.recovery import BatchRecovery
from pipeline.streams.state.stores import MemoryStore
from pipeline.streams.testing import Given

TP = Partition("orders.log", 0)


class Recovering:
    """What BatchRecovery.apply needs of Faust, and nothing else."""

    _offsets = BatchRecovery._offsets
    apply = BatchRecovery.apply

    def __init__(self, *, in_recovery: bool, active: bool = True) -> None:
        self.store, chains = MemoryStore(), Chains()
        chains.open(TP, 0)
        self.app = SimpleNamespace(consumer=SimpleNamespace(chains=chains))
        self.in_recovery, self.ended = in_recovery, 0
        self.active_tps, self.standby_tps = ({TP}, set()) if active else (set(), {TP})
        self.active_offsets, self.standby_offsets = {TP: -1}, {TP: -1}
        self.tp_to_table = {TP: SimpleNamespace(apply=lambda _, rows, offset: self.store.write(rows, offset))}

    def _maybe_end(self) -> None:
        self.ended += 1

    def fetch(self, *records: tuple, end: int):
        chains = self.app.consumer.chains
        cursor = chains.cursors[TP]
        self.apply(chains.fetched(TP, cursor, cursor.fetched, end), [Given(*record) for record in records])


def test_a_whole_run_is_applied_and_its_end_is_remembered():
    """The last value of each key counts, deletions too; the offset is that before the run's end, markers included."""
    recovery = Recovering(in_recovery=True)
    recovery.fetch((b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"b", None), end=6)
    assert list(recovery.store.items()) == [(b"a", b"3")]
    assert (recovery.store.offset, recovery.active_offsets[TP], recovery.app.consumer.chains.cursors[TP].done) == (
        5,
        5,
        6,
    )


def test_our_own_changelog_read_late_is_not_applied():
    """Outside recovery the rows are newer than what is read: they must not be overwritten."""
    recovery = Recovering(in_recovery=False)
    recovery.fetch((b"a", b"old"), end=1)
    assert list(recovery.store.items()) == []
    assert recovery.active_offsets[TP] == -1


@pytest.mark.parametrize("in_recovery", [True, False])
def test_a_standby_follows_the_changelog_at_any_time(in_recovery):
    """Somebody else owns the partition; we keep its rows warm."""
    recovery = Recovering(in_recovery=in_recovery, active=False)
    recovery.fetch((b"a", b"1"), end=1)
    assert list(recovery.store.items()) == [(b"a", b"1")]
    assert recovery.standby_offsets[TP] == 0


def test_a_stale_run_is_not_applied():
    """What was fetched before a seek belongs to another life of the partition."""
    recovery = Recovering(in_recovery=True)
    chains = recovery.app.consumer.chains
    run = chains.fetched(TP, chains.cursors[TP], 0, 1)
    chains.open(TP, 0)
    recovery.apply(run, [Given(b"a", b"old")])
    assert list(recovery.store.items()) == []
