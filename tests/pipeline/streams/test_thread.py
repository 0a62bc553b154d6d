"""The thread that fetches: it can be woken, and takes what the group has to tell."""

from types import SimpleNamespace

import pytest
from aiokafka.errors import GroupAuthorizationFailedError

from pipeline.streams.agent import agent
from pipeline.streams.app import WorkerError
from pipeline.streams.reading.thread import FetchThread, GroupLost


def test_an_error_of_the_group_ends_the_worker():
    """The coordinator of aiokafka waits for ever until its error is taken, and the worker would stand still with it."""

    def check_errors() -> None:
        raise GroupAuthorizationFailedError("arus-tracking")

    with pytest.raises(GroupLost, match="arus-tracking"):
        FetchThread._must_belong(None, SimpleNamespace(check_errors=check_errors))


async def test_a_worker_that_its_group_threw_out_says_so_and_ends(stage, monkeypatch):
    """What the coordinator tells reaches whoever started the worker."""

    @agent(stage.topic("in"))
    def nothing(batch):
        """Does nothing."""
        return []

    async with stage.worker(nothing) as worker:
        await worker.ready.wait()

        def refuse(self, coordinator) -> None:
            raise GroupLost("the group does not keep this worker")

        monkeypatch.setattr(FetchThread, "_must_belong", refuse)
        with pytest.raises(WorkerError, match="does not keep this worker"):
            await worker._task
