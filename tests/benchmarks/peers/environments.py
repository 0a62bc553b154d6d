"""Where peers run: a virtual environment or a folder of jars of their own, made once, in the cache of the broker."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.broker import BrokerError
from pipeline.broker.embedded import cache, jars, java
from pipeline.settings import Settings
from tests.benchmarks.peers.registry import COMPILER, KAFKA_STREAMS, Peer

JOBS = Path(__file__).parent / "jobs"
UV = Path(sys.prefix) / "uv" / "bin" / "uv"
JVM = (
    *("-Xmx1g", "-XX:+UseParallelGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"),
    *("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"),
)
LANGUAGE = "-21"  # the newest that this compiler knows

Say = Callable[[str], object]


class Absent(Exception):
    """A peer cannot run here; the message says why."""


def command(peer: Peer, settings: Settings, say: Say) -> list[str]:
    """Gives what starts a peer's job; what that takes is fetched at first use. Raises Absent."""
    try:
        if peer.job.endswith(".java"):
            return _java(settings, peer.job, say)
        python = _python(settings, peer.needs, say) if peer.needs else sys.executable
    except (BrokerError, OSError) as error:
        raise Absent(str(error)) from error
    return [str(python), str(JOBS / peer.job)]


def _python(settings: Settings, needs: tuple[str, ...], say: Say) -> Path:
    """Makes an environment of wheels alone, with the Python that runs Arus."""
    place = settings.cache / "peers" / hashlib.sha256(f"{sys.version} {needs}".encode()).hexdigest()[:16]
    python, ready = place / "bin" / "python", place / "ready"
    if not ready.exists():
        say(f"fetching {', '.join(needs)}")
        _uv("venv", "--clear", "--python", sys.executable, str(place))
        _uv("pip", "install", "--only-binary", ":all:", "--compile-bytecode", "--python", str(python), *needs)
        ready.touch()
    return python


def _uv(*arguments: str) -> None:
    done = subprocess.run([UV, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Absent(" ".join(done.stderr.split())[-300:])


def _java(settings: Settings, job: str, say: Say) -> list[str]:
    """Compiles a job against Kafka Streams and the jars of the embedded broker."""
    kit = cache.prepare(settings.cache, settings.kafka.jars_from)
    source, pins = JOBS / job, (*KAFKA_STREAMS, COMPILER)
    folder = settings.cache / "peers" / "java"
    if not all(pin.fits(folder / pin.file) for pin in pins):
        say(f"fetching {', '.join(pin.file for pin in pins)}")
        jars.fetch(folder, settings.kafka.jars_from, wanted=pins)
    classpath = ":".join([kit.classpath, *(str(folder / pin.file) for pin in KAFKA_STREAMS)])
    classes = folder / hashlib.sha256(source.read_bytes() + classpath.encode()).hexdigest()[:16]
    if not classes.exists():
        made = folder / "new"
        shutil.rmtree(made, ignore_errors=True)
        compiler = ("-jar", folder / COMPILER.file, LANGUAGE, "-cp", classpath, "-d", made, source)
        if java.run(compiler, folder / "compiler.log"):
            raise Absent((folder / "compiler.log").read_text()[-300:])
        made.rename(classes)
    return [str(java.runtime()), *JVM, "-cp", f"{classes}:{classpath}", source.stem]
