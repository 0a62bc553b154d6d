"""Kafka's jars: pinned by sha256 in kafka.lock, fetched once."""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from pipeline.broker import BrokerError

LOCK = Path(__file__).with_name("kafka.lock")
ROOTS = (
    "org.apache.kafka:kafka_2.13:4.2.2",  # 4.3 and 4.4 lose the ends of transactions: see broker.hanging
    "org.slf4j:slf4j-simple:1.7.36",  # needs no configuration file and starts sooner than log4j's binding
)
"""What is chosen; all else in kafka.lock is what these need."""

OnProgress = Callable[[int, int, str], None]
"""Called with (bytes done, bytes in all, what was just done)."""


def silent(done: int, total: int, name: str) -> None:
    """Shows no progress."""


class Pin(NamedTuple):
    """One jar, exactly: a line `group:artifact:version size sha256` of kafka.lock."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @classmethod
    def read(cls, line: str) -> "Pin":
        """Reads a line of kafka.lock."""
        name, size, sha256 = line.split()
        group, artifact, version = name.split(":")
        return cls(group, artifact, version, int(size), sha256)

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version} {self.size} {self.sha256}"

    @property
    def file(self) -> str:
        """The name of the jar's file."""
        return f"{self.artifact}-{self.version}.jar"

    def fits(self, file: Path, *, deep: bool = True) -> bool:
        """Tells whether a file is this jar: by its size, and if `deep` by its sha256."""
        if not file.is_file() or file.stat().st_size != self.size:
            return False
        return not deep or hashlib.sha256(file.read_bytes()).hexdigest() == self.sha256


def pins() -> tuple[Pin, ...]:
    """Gives the jars of kafka.lock."""
    return tuple(map(Pin.read, LOCK.read_text().splitlines()))


def fetch(folder: Path, url: str = "", on_progress: OnProgress = silent, wanted: Iterable[Pin] | None = None) -> None:
    """Fills the folder with the jars that are wanted, else those of kafka.lock; a damaged one is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [pin for pin in wanted or pins() if not pin.fits(folder / pin.file)]
    total, done = sum(pin.size for pin in missing), 0
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, ThreadPoolExecutor(8) as pool:
        work = {pool.submit(_fetch, pin, folder, Path(scratch), url or repository()): pin for pin in missing}
        try:
            for future in as_completed(work):
                future.result()
                done += work[future].size
                on_progress(done, total, work[future].file)
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch(pin: Pin, folder: Path, scratch: Path, url: str) -> None:
    """Takes a jar from the user's own Maven folder if it is the pinned one, else from the repository."""
    from jgo.constants import default_maven_repo

    found = default_maven_repo() / pin.group.replace(".", "/") / pin.artifact / pin.version / pin.file
    if not pin.fits(found):
        found = _download(pin, scratch, url)
    Path(shutil.copyfile(found, scratch / pin.file)).replace(folder / pin.file)


def _download(pin: Pin, scratch: Path, url: str) -> Path:
    from requests import RequestException

    host = urlsplit(url).hostname
    try:
        jar = _ask(pin, scratch, url)
    except RequestException as error:
        raise BrokerError(
            f"{pin.file} of the embedded Kafka cannot be fetched from {host}: is there a network? It is needed once. "
            "ARUS_KAFKA__JARS_FROM names a Maven mirror, ARUS_KAFKA__BOOTSTRAP_SERVERS another Kafka."
        ) from error
    except RuntimeError as error:
        raise BrokerError(f"{host} does not give {pin.file}; ARUS_KAFKA__JARS_FROM names a Maven mirror") from error
    if not pin.fits(jar):
        raise BrokerError(f"{pin.file} from {host} is not the one that kafka.lock pins; it was not used")
    return jar


def _ask(pin: Pin, scratch: Path, url: str, attempts: int = 3) -> Path:
    """Fetches a jar with jgo, which only warns of a wrong checksum and writes in place: into a new folder each time."""
    from requests import RequestException

    component = (
        _maven(Path(tempfile.mkdtemp(dir=scratch)), url).project(pin.group, pin.artifact).at_version(pin.version)
    )
    try:
        return Path(component.artifact().resolve())
    except RequestException:
        if attempts == 1:
            raise
    time.sleep(0.5)
    return _ask(pin, scratch, url, attempts - 1)


def _maven(folder: Path, url: str) -> Any:  # noqa: ANN401  # jgo is loaded only when something must be fetched
    from jgo.maven import MavenContext

    return MavenContext(repo_cache=folder, local_repos=[], remote_repos={"central": url}, timeout=30)


def repository(settings: Path | None = None) -> str:
    """Gives the Maven repository to fetch from: the mirror in the user's ~/.m2/settings.xml, else Maven Central."""
    from jgo.constants import MAVEN_CENTRAL_URL

    settings = settings or Path.home() / ".m2" / "settings.xml"
    if not settings.exists():
        return str(MAVEN_CENTRAL_URL)
    root = ET.parse(settings).getroot()  # noqa: S314  # the user's own file
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    logins = {server.findtext("id"): server for server in root.iter("server")}
    for mirror in root.iter("mirror"):
        of = {name.strip() for name in mirror.findtext("mirrorOf", "").split(",")}
        if of & {"*", "external:*", "central"} and "!central" not in of:
            url = mirror.findtext("url", "").strip().rstrip("/")
            return _with_login(url, logins.get(mirror.findtext("id")))
    return str(MAVEN_CENTRAL_URL)


def _with_login(url: str, server: ET.Element | None) -> str:
    if server is None or not server.findtext("username"):
        return url
    name, password = (quote(server.findtext(part, ""), safe="") for part in ("username", "password"))
    return url.replace("://", f"://{name}:{password}@", 1)


def resolve(scratch: Path) -> list[Pin]:
    """Finds out what ROOTS need, by Maven's own rules, and fetches it: the one place that chooses versions."""
    from jgo.maven import PythonResolver

    context = _maven(scratch, repository())
    # without "!" each coordinate would also be a BOM, and log4j's puts kafka-clients 3.8 beside the newer Kafka
    roots, needed = PythonResolver().resolve([context.create_dependency(f"{root}!") for root in ROOTS])
    return sorted(_pin(dependency.artifact) for dependency in (*roots, *needed))


def _pin(artifact: Any) -> Pin:  # noqa: ANN401  # as _maven
    raw = artifact.resolve().read_bytes()
    sha256 = hashlib.sha256(raw).hexdigest()
    return Pin(artifact.groupId, artifact.artifactId, artifact.version, len(raw), sha256)
