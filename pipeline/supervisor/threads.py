"""Blocking work beside the loop."""

import asyncio
import threading
from collections.abc import Callable


async def in_thread(work: Callable[..., object], *arguments: object) -> None:
    """Runs blocking work in a thread that does not hold up the end of the process, should it come first."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: Exception | None) -> None:
        if done.done():  # nobody waits any more
            return
        if error:
            done.set_exception(error)
        else:
            done.set_result(None)

    def run() -> None:
        problem: Exception | None = None
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001  # raised again where it is awaited
            problem = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, problem)

    threading.Thread(target=run, daemon=True).start()
    await done
