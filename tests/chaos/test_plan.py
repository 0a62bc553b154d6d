"""The plan of a storm, and the proxy it goes through."""

import asyncio
from itertools import pairwise

from tests.chaos.__main__ import plan
from tests.chaos.faults import FAULTS, NOTIFY, PROCESSES
from tests.chaos.proxy import Proxy


def test_every_fault_comes_once_before_any_comes_again():
    """And each time it strikes another victim, until all have had it."""
    rounds = list(plan("7", 6 * len(FAULTS)))
    for start in range(0, len(rounds), len(FAULTS)):
        assert {fault for fault, _ in rounds[start : start + len(FAULTS)]} == FAULTS.keys()
    assert {victim for fault, victim in rounds if fault == "kill"} == {*PROCESSES, NOTIFY}


def test_a_seed_tells_the_same_plan():
    """Another seed tells another."""
    assert list(plan("7", 40)) == list(plan("7", 40)) != list(plan("8", 40))


def test_one_fault_can_be_asked_for_alone():
    """Its victims still come in turn."""
    rounds = list(plan("7", 10, "freeze"))
    assert {fault for fault, _ in rounds} == {"freeze"}
    assert all(first != second for first, second in pairwise(victim for _, victim in rounds[:5]))


async def breaks(reader: asyncio.StreamReader) -> bool:
    """Tells whether a connection ends without a word."""
    try:
        return await reader.read(100) == b""
    except ConnectionError:
        return True


async def test_the_proxy_passes_on_slows_down_and_cuts():
    """What was open breaks, what is new is refused, and after mending all goes on."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(100):
                writer.write(data)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    with Proxy(server.sockets[0].getsockname()[1]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.delay = 0.05
        asked = loop.time()
        writer.write(b"hear")
        assert await reader.read(100) == b"hear"
        assert loop.time() - asked >= 2 * proxy.delay
        await asyncio.to_thread(proxy.cut)
        assert await breaks(reader)
        reader, refused = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await breaks(reader)
        proxy.mend()
        reader, again = await asyncio.open_connection("127.0.0.1", proxy.port)
        again.write(b"again")
        assert await reader.read(100) == b"again"
        for open_ in (writer, refused, again):
            open_.close()
    server.close()
    await server.wait_closed()
