"""The chain of finished runs: nothing is skipped, whatever is dropped, fails or comes late."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.streams.reading.cursor import FEW, Chains, Partition

TP = Partition("orders", 0)


def chains_at(offset: int = 0) -> Chains:
    chains = Chains()
    chains.open(TP, offset)
    return chains


def fetch(chains: Chains, start: int, end: int):
    return chains.fetched(TP, chains.cursors[TP], start, end)


def test_finished_runs_move_the_position():
    """A run that was claimed and finished is behind us."""
    chains = chains_at(5)
    run = fetch(chains, 5, 9)
    assert chains.claim(run)
    chains.finish(run, done=True)
    assert chains.cursors[TP].done == 9
    assert chains.take_rewinds([TP]) == {}


def test_many_small_runs_may_be_in_hand_but_two_large_ones_are_enough():
    """Or two records would be the most that a transaction could take where they come one by one."""
    chains = chains_at(0)
    small = [fetch(chains, n, n + 1) for n in range(9)]
    cursor = chains.cursors[TP]
    assert not cursor.is_full()
    large = fetch(chains, 9, 9 + FEW)
    assert cursor.is_full()
    for run in small:
        chains.claim(run)
        chains.finish(run, done=True)
    assert set(cursor.live) == {large}
    assert not cursor.is_full(), "one is worked on, and none waits"


def test_a_failed_run_is_read_again_and_so_is_all_behind_it():
    """After a failure the partition goes back to where the last finished run ended."""
    chains = chains_at()
    first, second, third = fetch(chains, 0, 3), fetch(chains, 3, 6), fetch(chains, 6, 9)
    assert all(chains.claim(run) for run in (first, second, third))
    chains.finish(first, done=True)
    chains.finish(second, done=False)
    assert not chains.continues(third)
    chains.finish(third, done=False)
    assert chains.take_rewinds([TP]) == {TP: 3}


def test_a_run_that_was_dropped_on_the_way_stops_those_behind_it():
    """Faust clears queues silently: the run behind the missing one is refused, and the gap is read again."""
    chains = chains_at()
    fetch(chains, 0, 3)
    behind = fetch(chains, 3, 6)
    assert not chains.claim(behind)
    assert chains.take_rewinds([TP]) == {TP: 0}


def test_a_run_that_nobody_holds_is_found_lost():
    """What was fetched, is not done, and is in nobody's hands must be read again; told once."""
    chains = chains_at()
    held = fetch(chains, 0, 3)
    assert chains.find_lost() == []
    del held
    assert chains.find_lost() == [TP]
    assert chains.find_lost() == []
    assert chains.take_rewinds([TP]) == {TP: 0}


def test_runs_from_before_a_seek_are_stale():
    """A new chain makes runs of the old one worthless: they neither pass nor move anything."""
    chains = chains_at()
    old = fetch(chains, 0, 3)
    chains.open(TP, 0)
    assert not chains.claim(old)
    chains.finish(old, done=True)
    assert chains.cursors[TP].done == 0
    assert chains.take_rewinds([TP]) == {}


def test_a_fetch_that_returns_after_a_rebalance_is_dropped():
    """Its cursor is no longer the partition's: half recovered rows are not worked on."""
    chains = chains_at()
    cursor = chains.cursors[TP]
    chains.close()
    assert chains.fetched(TP, cursor, 0, 3) is None
    chains.open(TP, 0)
    assert chains.fetched(TP, cursor, 0, 3) is None


def test_a_fetch_that_does_not_join_on_is_a_gap():
    """Records that start elsewhere than the last fetch ended are not taken for the next ones."""
    chains = chains_at()
    fetch(chains, 0, 3)
    assert fetch(chains, 4, 6) is None
    assert chains.take_rewinds([TP]) == {TP: 0}


def test_only_our_partitions_are_read_again():
    """A partition that was revoked meanwhile is somebody else's."""
    chains = chains_at()
    chains.finish(fetch(chains, 0, 3), done=False)
    assert chains.take_rewinds([]) == {}


def test_several_runs_may_be_done_together():
    """A run may stand behind an end that will be done in the same transaction."""
    chains = chains_at()
    first, second = fetch(chains, 0, 3), fetch(chains, 3, 6)
    assert chains.claim(first)
    assert chains.claim(second)
    assert chains.continues(first)
    assert not chains.continues(second)
    assert chains.continues(second, first.end)


STEPS = st.lists(st.sampled_from(["fetch", "claim", "done", "fail", "drop", "seek", "rewind"]), max_size=60)


@given(STEPS)
def test_whatever_happens_every_record_is_finished_in_order_and_none_is_skipped(steps):  # noqa: C901  # one if a step
    """The offsets that were finished are 0, 1, 2 … without a gap and without a repetition."""
    chains, fetched, claimed, finished = chains_at(), [], [], []

    def restart(offset: int) -> None:
        chains.open(TP, offset)

    for step in steps:
        if step == "fetch":
            start = chains.cursors[TP].fetched
            fetched.append(fetch(chains, start, start + 2))
        if step == "claim" and fetched:
            run = fetched.pop(0)
            claimed += [run] if chains.claim(run) else []
        if step in ("done", "fail") and claimed:
            run = claimed.pop(0)
            if step == "done" and chains.continues(run):
                finished += range(run.start, run.end)
            chains.finish(run, done=step == "done" and chains.continues(run))
        if step == "drop" and fetched:
            fetched.pop(0)
        if step == "seek":
            restart(chains.cursors[TP].done)
        if step == "rewind":
            for offset in chains.take_rewinds([TP]).values():
                restart(offset)
    assert finished == list(range(len(finished)))
    assert chains.cursors[TP].done == len(finished)
