"""FAULTS: what can happen to a running Arus. Each does its harm and gives the instant from which it must recover."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import psutil

from tests.chaos.ground import PATIENCE, Ground
from tests.journeys.system import until

WORKERS = ("agents intake", "agents tracking", "agents stock")
PROCESSES = ("gateway", *WORKERS, "analytics")
NOTIFY = "notify"
"""It has no place in the way of an order; in its rounds a seller's own system listens."""

AWAY = 8.0
"""Seconds that a frozen worker stays away: longer than its group waits for it."""

CUT, SLOW, FULL, WRONG = 4.0, 6.0, 4.0, 3.0
"""Seconds without a connection, with a slow one, with a full disk, with a wrong clock."""

HALF_AN_HOUR = 1_800


class Fault(NamedTuple):
    """One fault and those that it can happen to, each in its turn."""

    strike: Callable[[Ground, str], float]
    victims: tuple[str, ...] = ("",)

    @property
    def promise(self) -> str:
        """Tells in a sentence what happens."""
        return (self.strike.__doc__ or "").partition("\n")[0]


def kill(ground: Ground, victim: str) -> float:
    """A process is killed (-9); the supervisor starts it again."""
    ground.process(victim).kill()
    return time.monotonic()


def end(ground: Ground, victim: str) -> float:
    """A process is ended by TERM, and must end in good order; the supervisor starts it again."""
    process = ground.process(victim)
    process.terminate()
    process.wait(PATIENCE)
    return time.monotonic()


def freeze(ground: Ground, victim: str) -> float:
    """A process stands still (STOP) until others have given it up, and wakes up (CONT) as if nothing had been."""
    process = ground.process(victim)
    process.suspend()
    time.sleep(AWAY)
    process.resume()
    return time.monotonic()


def join(ground: Ground, victim: str) -> float:
    """A second worker of the same job joins, takes its share, and leaves in good order."""
    with ground.second(victim):
        ground.probe()
    return time.monotonic()


def kill_broker(ground: Ground, _: str) -> float:
    """Kafka is killed (-9) and started again."""
    ground.broker.stop()
    struck = time.monotonic()
    ground.broker.start()
    return struck


def end_broker(ground: Ground, _: str) -> float:
    """Kafka is ended by TERM and started again."""
    process = psutil.Process(ground.broker.pid)
    process.terminate()
    process.wait(PATIENCE)
    struck = time.monotonic()
    ground.broker.start()
    return struck


def freeze_broker(ground: Ground, _: str) -> float:
    """Kafka stands still (STOP) with all connections open, and wakes up (CONT)."""
    process = psutil.Process(ground.broker.pid)
    process.suspend()
    time.sleep(AWAY)
    process.resume()
    return time.monotonic()


def suspend(ground: Ground, _: str) -> float:
    """All processes and Kafka stand still (STOP) and wake up together (CONT), as on a machine that slept."""
    asleep = [*ground.processes().values(), psutil.Process(ground.broker.pid)]
    for act, seconds in (("suspend", AWAY), ("resume", 0.0)):
        for process in asleep:
            with suppress(psutil.NoSuchProcess):  # a command that was at its end
                getattr(process, act)()
        time.sleep(seconds)
    return time.monotonic()


def cut(ground: Ground, _: str) -> float:
    """Every connection to Kafka breaks, and none can be made for some seconds."""
    ground.proxy.cut()
    time.sleep(CUT)
    ground.proxy.mend()
    return time.monotonic()


def slow(ground: Ground, _: str) -> float:
    """Every packet to and from Kafka takes a fifth of a second for a while."""
    ground.proxy.delay = 0.2
    time.sleep(SLOW)
    ground.proxy.mend()
    return time.monotonic()


def fill_disk(ground: Ground, victim: str) -> float:
    """A process may not write to files for some seconds, as when the disk is full."""
    process = ground.process(victim)
    soft, hard = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (1, hard))
    time.sleep(FULL)
    if process.is_running():
        process.rlimit(psutil.RLIMIT_FSIZE, (soft, hard))
    return time.monotonic()


def jump_ahead(ground: Ground, victim: str) -> float:
    """A process's clock jumps half an hour ahead, and after some seconds back."""
    return _jump(ground, victim, HALF_AN_HOUR)


def jump_back(ground: Ground, victim: str) -> float:
    """A process's clock jumps half an hour back, and after some seconds ahead again."""
    return _jump(ground, victim, -HALF_AN_HOUR)


def _jump(ground: Ground, victim: str, seconds: int) -> float:
    clock = ground.clocks / victim.replace(" ", "-")
    clock.write_text(str(seconds))
    time.sleep(WRONG)
    clock.unlink()
    return time.monotonic()


def lose_state(ground: Ground, victim: str) -> float:
    """The folder with a worker's tables is deleted, and the worker killed: Kafka has it all."""
    process = ground.process(victim)
    process.suspend()
    shutil.rmtree(ground.home / "tables" / victim.removeprefix("agents "))
    process.kill()
    return time.monotonic()


def damage_file(ground: Ground, _: str) -> float:
    """The warehouse's file is overwritten; analytics must say what helps, and `arus rebuild` must help."""
    said, file = ground.log("analytics").count("`arus rebuild` makes it anew"), ground.home / "arus.duckdb"
    process = ground.process("analytics")
    process.suspend()
    with file.open("r+b") as warehouse:
        warehouse.write(os.urandom(16_384))
    process.kill()
    struck = time.monotonic()
    until(lambda: ground.log("analytics").count("`arus rebuild` makes it anew") > said, PATIENCE)
    mended = ground.run("rebuild", "--json", patience=PATIENCE)
    assert mended.returncode == 0, mended.stderr
    return struck


def damage_log(ground: Ground, _: str) -> float:
    """The warehouse's write-ahead log is overwritten in its midst; what it held comes from Kafka once more."""
    log = ground.home / "arus.duckdb.wal"
    until(lambda: log.exists() and log.stat().st_size > 1_000, PATIENCE)
    process = ground.process("analytics")
    process.send_signal(signal.SIGSTOP)
    with log.open("r+b") as file:
        file.seek(log.stat().st_size // 2)
        file.write(os.urandom(64))
    process.kill()
    return time.monotonic()


FAULTS: dict[str, Fault] = {
    "kill": Fault(kill, (*PROCESSES, NOTIFY)),
    "term": Fault(end, (*PROCESSES, NOTIFY)),
    "freeze": Fault(freeze, (*PROCESSES, NOTIFY)),
    "join": Fault(join, WORKERS),
    "broker-kill": Fault(kill_broker),
    "broker-term": Fault(end_broker),
    "broker-freeze": Fault(freeze_broker),
    "suspend": Fault(suspend),
    "cut": Fault(cut),
    "slow": Fault(slow),
    "disk-full": Fault(fill_disk, (*WORKERS, "analytics")),
    "clock-ahead": Fault(jump_ahead, PROCESSES),
    "clock-back": Fault(jump_back, PROCESSES),
    "state-lost": Fault(lose_state, WORKERS),
    "file-damaged": Fault(damage_file),
    "log-damaged": Fault(damage_log),
}
