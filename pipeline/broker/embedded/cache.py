"""What is fetched and made once per machine: Kafka's jars, a formatted folder to copy, Java's ahead-of-time cache."""

import fcntl
import hashlib
import shutil
import signal
import tempfile
from pathlib import Path
from typing import NamedTuple

from pipeline.broker import BrokerError
from pipeline.broker.embedded import java
from pipeline.broker.embedded.folder import Folder, explained, kafka_id
from pipeline.broker.embedded.jars import LOCK, OnProgress, fetch, pins, silent
from pipeline.broker.embedded.ports import free_port

KEPT = 3
"""Ahead-of-time caches of 65 MB each, of several environments that share this machine."""

TRAINING = "starting Kafka once so that it starts quickly from now on"


class Kit(NamedTuple):
    """All that a broker needs to run."""

    home: Path

    @property
    def jars(self) -> Path:
        """The folder of the pinned jars."""
        return self.home / "jars"

    @property
    def template(self) -> Path:
        """What a freshly formatted broker has in its folder, but for its names."""
        return self.home / "formatted"

    @property
    def classpath(self) -> str:
        """The jars in a fixed order, as the ahead-of-time cache demands."""
        return ":".join(sorted(str(self.jars / pin.file) for pin in pins()))

    @property
    def ahead(self) -> Path:
        """The ahead-of-time cache: classes loaded and linked before, for this build of Java and these files alone."""
        stamps = [f"{pin.file} {(self.jars / pin.file).stat().st_mtime_ns}" for pin in pins()]
        return self.home / f"{hashlib.sha256(f'{java.fingerprint()} {stamps}'.encode()).hexdigest()[:16]}.aot"

    def is_whole(self, *, deep: bool = False) -> bool:
        """Tells whether everything is there: by name and size, and if `deep` by content."""
        if not self.template.exists() or not all(pin.fits(self.jars / pin.file, deep=deep) for pin in pins()):
            return False
        return _sealed(self.ahead, deep=deep)


def prepare(cache: Path, url: str = "", on_progress: OnProgress = silent) -> Kit:
    """Gives the kit; the first time on a machine it is fetched and made, which takes a network and some 20 seconds."""
    kit = Kit(cache.absolute() / "kafka" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16])
    return kit if kit.is_whole() else mend(kit, url, on_progress)


def mend(kit: Kit, url: str = "", on_progress: OnProgress = silent) -> Kit:
    """Makes anew what is missing or damaged, and leaves alone what is whole."""
    with explained(kit.home):
        kit.home.mkdir(parents=True, exist_ok=True)
        with (kit.home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of several that start together one works, the others wait
            if not kit.is_whole(deep=True):
                for left in kit.home.glob("tmp*"):  # by one who was killed
                    shutil.rmtree(left)
                fetch(kit.jars, url, on_progress)
                if not kit.template.exists() or not _sealed(kit.ahead, deep=True):
                    size = sum(pin.size for pin in pins())
                    on_progress(size, size, TRAINING)
                    _train(kit)
    return kit


def _train(kit: Kit) -> None:
    """Formats a folder with Kafka's own tool, keeps it, and lets Java watch a start and a stop."""
    with tempfile.TemporaryDirectory(dir=kit.home) as scratch, Folder(Path(scratch, "data")) as folder:
        port, ahead = free_port(), Path(scratch, "ahead")
        folder.configure(port, free_port(port), {}, None)
        tool = ("-cp", kit.classpath, "kafka.tools.StorageTool", "format", "-t", kafka_id(), "-c", folder.properties)
        if java.run(tool, folder.log):
            raise BrokerError(folder.why())
        if not kit.template.exists():
            folder.copy_formatted(Path(scratch, "template")).replace(kit.template)
        watched = (f"-XX:AOTCacheOutput={ahead}", "-cp", kit.classpath, "kafka.Kafka", folder.properties)
        kafka = java.Kafka(watched, folder.log, folder.held)
        if not kafka.ready(port, 60):
            raise BrokerError(folder.why())
        kafka.end(signal.SIGTERM, 120)  # what was seen is written at the end
        ahead.touch()  # an empty one: none can be made here, Kafka starts slower
        _seal(ahead, kit.ahead)


def _seal(made: Path, file: Path) -> None:
    """Puts a file in its place together with what its content must be."""
    raw = made.read_bytes()
    file.with_suffix(".seal").write_text(f"{len(raw)} {hashlib.sha256(raw).hexdigest()}")
    made.replace(file)
    for old in sorted(file.parent.glob("*.aot"), key=lambda other: other.stat().st_mtime)[:-KEPT]:
        old.unlink()


def _sealed(file: Path, *, deep: bool) -> bool:
    try:
        size, sha256 = file.with_suffix(".seal").read_text().split()
    except (OSError, ValueError):
        return False
    if not file.is_file() or file.stat().st_size != int(size):
        return False
    return not deep or hashlib.sha256(file.read_bytes()).hexdigest() == sha256
