"""The supervisor on small real processes: started, awaited, restarted, ended; with no Kafka of its own."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipeline.settings import Api, Gateway, Kafka, Settings, SettingsError
from pipeline.supervisor import Supervisor
from pipeline.supervisor.child import Spec, StartError, read_line
from pipeline.supervisor.running import AlreadyRunning, Place, Running

WORKING = """
    import sys, time
    from pipeline.supervisor.attached import Supervision
    Supervision(int(next(a for a in sys.argv if a.startswith("--supervised=")).split("=")[1])).ready()
    time.sleep(600)
"""


class Told:
    """Remembers what a person would have read."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def say(self, level: str, text: str) -> None:
        self.lines.append((level, text))

    def progress(self, _done: int, _total: int, text: str) -> None:
        self.lines.append(("progress", text))


def script(tmp_path: Path, name: str, code: str) -> Spec:
    file = tmp_path / f"{name}.py"
    file.write_text(textwrap.dedent(code))
    return Spec(name, (sys.executable, str(file)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        kafka=Kafka(bootstrap_servers="127.0.0.1:1"),
        gateway=Gateway(port=0),
        api=Api(port=0),
    )


def processes(name: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if any(name in part for part in p.info["cmdline"] or ())]


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  # other processes set no events of ours
            await asyncio.sleep(0.02)


async def test_everything_is_ready_and_then_ends(tmp_path: Path, settings: Settings) -> None:
    """Every child has said that it is ready when on_ready is called, and none is left at the end."""
    specs = [script(tmp_path, name, WORKING) for name in ("one", "two")]
    seen: list[Running] = []

    async def ready(running: Running) -> None:
        seen.append(running)
        assert all(processes(str(tmp_path / spec.name)) for spec in specs)
        assert Place(settings.home).read() == running
        os.kill(os.getpid(), signal.SIGTERM)

    await Supervisor(settings, Told(), lambda _: None, specs).run(ready)

    assert seen[0].gateway.startswith("http://127.0.0.1:")
    assert not processes(str(tmp_path))
    assert Place(settings.home).read() is None


async def test_a_killed_child_comes_back(tmp_path: Path, settings: Settings) -> None:
    """A child that was killed is started again, and the console says so."""
    told = Told()

    async def ready(_: Running) -> None:
        (first,) = processes(str(tmp_path / "one"))
        first.kill()
        await until(lambda: [p for p in processes(str(tmp_path / "one")) if p.pid != first.pid])
        await until(lambda: sum(text == "one is ready" for _, text in told.lines) == 2)
        os.kill(os.getpid(), signal.SIGINT)

    await Supervisor(settings, told, lambda _: None, [script(tmp_path, "one", WORKING)]).run(ready)

    assert ("warning", "one ended (killed by SIGKILL); starting it again in 0.2 s") in told.lines


async def test_a_child_that_cannot_start_says_why(tmp_path: Path, settings: Settings) -> None:
    """The last words of a child that ends before it is ready become the error, and the others end too."""
    broken = script(tmp_path, "broken", "import sys; sys.exit('port 8600 is taken')")

    with pytest.raises(StartError, match="broken did not start: port 8600 is taken"):
        await Supervisor(settings, Told(), lambda _: None, [script(tmp_path, "one", WORKING), broken]).run(_never)

    assert not processes(str(tmp_path))


async def test_a_stubborn_child_is_killed(tmp_path: Path, settings: Settings, monkeypatch) -> None:
    """A child that ignores SIGTERM does not hold up the end."""
    monkeypatch.setattr("pipeline.supervisor.crew.GRACE", 0.2)
    deaf = script(
        tmp_path, "deaf", "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)" + textwrap.dedent(WORKING)
    )

    async def ready(_: Running) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    await Supervisor(settings, Told(), lambda _: None, [deaf]).run(ready)

    assert not processes(str(tmp_path / "deaf"))


async def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, settings: Settings) -> None:
    """A port that somebody else has is one sentence with a way out."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = settings.model_copy(update={"gateway": Gateway(port=other.getsockname()[1])})
        with pytest.raises(SettingsError, match=r"gateway\.port: .* cannot be taken .* ARUS_GATEWAY__PORT=0"):
            await Supervisor(taken, Told(), lambda _: None, [script(tmp_path, "one", WORKING)]).run(_never)


async def test_two_cannot_run_in_one_home(tmp_path: Path, settings: Settings) -> None:
    """A second start in the same home is refused with the address of the first."""

    async def ready(running: Running) -> None:
        with pytest.raises(AlreadyRunning, match=f"Arus runs already in .*{running.api}"):
            await Supervisor(settings, Told(), lambda _: None, []).run(_never)
        os.kill(os.getpid(), signal.SIGTERM)

    await Supervisor(settings, Told(), lambda _: None, [script(tmp_path, "one", WORKING)]).run(ready)


RUN = """
    import asyncio, sys
    from pathlib import Path
    from pipeline.settings import Api, Gateway, Kafka, Settings
    from pipeline.supervisor import Supervisor
    from pipeline.supervisor.child import Spec

    class Quiet:
        def say(self, *_): pass
        def progress(self, *_): pass

    async def ready(running):
        print("ready", flush=True)

    home, child = map(Path, sys.argv[1:])
    settings = Settings(home=home, kafka=Kafka(bootstrap_servers="x:1"), gateway=Gateway(port=0), api=Api(port=0))
    spec = Spec("one", (sys.executable, str(child)))
    asyncio.run(Supervisor(settings, Quiet(), lambda _: None, [spec]).run(ready))
"""


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    """No process outlives a supervisor that was killed -9, and the next one starts in the same home."""
    child, run = script(tmp_path, "one", WORKING), script(tmp_path, "run", RUN)
    command = [*run.command, str(tmp_path / "home"), str(tmp_path / "one.py")]
    for _ in range(2):
        first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert first.stdout.readline() == "ready\n"
        assert processes(child.command[1])
        first.kill()
        first.communicate()
    deadline = time.monotonic() + 10
    while (left := processes(str(tmp_path / "one.py"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (json.dumps({"level": "warning", "event": "kafka.lost", "seconds": 3}), ("warning", "kafka.lost seconds=3")),
        ("Traceback (most recent call last):", ("info", "Traceback (most recent call last):")),
        ('["a list"]', ("info", '["a list"]')),
    ],
)
def test_lines_of_logs(line: str, read: tuple[str, str]) -> None:
    """A line in our form tells its level; any other is kept as it is."""
    assert read_line(line) == read


async def _never(_: Running) -> None:
    raise AssertionError("must not become ready")


def test_a_child_ends_although_its_supervisor_never_read_that_it_was_ready(tmp_path):
    """A supervisor that was killed at that moment resets the line; an orphan would hold its ports and its files."""
    ours, theirs = socket.socketpair()
    child = script(tmp_path, "early", WORKING)
    command = [*child.command, f"--supervised={theirs.fileno()}"]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], pass_fds=[theirs.fileno()])
    theirs.close()
    try:
        assert ours.recv(64, socket.MSG_PEEK)
        ours.close()
        assert process.wait(20) == -signal.SIGTERM
    finally:
        process.kill()
