"""A real Apache Kafka as a child process of ours: for development and one small machine."""

import signal
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.broker import BrokerError
from pipeline.broker.embedded import cache
from pipeline.broker.embedded.folder import Folder, explained
from pipeline.broker.embedded.jars import OnProgress, silent
from pipeline.broker.embedded.java import Kafka
from pipeline.broker.embedded.ports import HOST, can_listen, free_port
from pipeline.settings import Settings

ATTEMPTS = 3
"""A free port may be lost to somebody else before Kafka takes it, and a damaged cache be mended."""


class EmbeddedKafka:
    """One broker and its data folder: one node, one copy, this machine alone. Ends when this process ends.

    Port 0 is the one that the folder had before, or any free one. `start` after `stop` keeps port and data.
    """

    def __init__(  # noqa: PLR0913  # each is a choice of its own
        self,
        data: Path,
        cache: Path,
        port: int = 0,
        config: Mapping[str, str] | None = None,
        *,
        jars_from: str = "",
        on_progress: OnProgress = silent,
    ) -> None:
        self._folder, self._cache = Folder(data), cache
        self._port, self._config = port, dict(config or {})
        self._jars_from, self._on_progress = jars_from, on_progress
        self._kafka: Kafka | None = None

    @classmethod
    def of(cls, settings: Settings, on_progress: OnProgress = silent) -> Self:
        """Gives the broker of these settings."""
        kafka = settings.kafka
        return cls(
            settings.home / "kafka", settings.cache, kafka.port, jars_from=kafka.jars_from, on_progress=on_progress
        )

    @property
    def bootstrap(self) -> str:
        """Where clients find it, once it was started."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._kafka.pid if self._kafka and self._kafka.exit_code() is None else None

    def start(self, seconds: float = 60) -> Self:
        """Starts it and waits until it answers. Raises BrokerError with the reason and what helps."""
        self.stop()  # what ended by itself is tidied up
        kit = cache.prepare(self._cache, self._jars_from, self._on_progress)
        with explained(self._folder.path):
            self._folder.acquire()
            try:
                self._kafka = self._launch(kit, seconds)
            except BaseException:
                self._folder.release()
                raise
        return self

    def stop(self) -> None:
        """Ends it as a crash would, which takes no time: it comes back with all it has."""
        if self._kafka:
            self._kafka.end(signal.SIGKILL)
            self._kafka = None
            self._folder.release()

    def why(self) -> str:
        """Tells why it ended by itself."""
        return self._folder.why()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _launch(self, kit: cache.Kit, seconds: float) -> Kafka:
        for _ in range(ATTEMPTS):
            port = self._choose_port()
            self._folder.configure(port, free_port(port), self._config, kit.template)
            ahead = (f"-XX:AOTCache={kit.ahead}",) if kit.ahead.stat().st_size else ()
            command = (*ahead, "-cp", kit.classpath, "kafka.Kafka", self._folder.properties)
            kafka = Kafka(command, self._folder.log, self._folder.held)
            if kafka.ready(port, seconds):
                self._port = port
                self._folder.remember(kafka.pid, port)
                return kafka
            if not self._folder.lost_its_port():
                if kit.is_whole(deep=True):
                    break
                cache.mend(kit, self._jars_from, self._on_progress)
        raise BrokerError(self._folder.why())

    def _choose_port(self) -> int:
        """Gives the port that was asked for or used by this object before, else the folder's last, else a free one."""
        if self._port:
            if not can_listen(self._port):
                raise BrokerError(f"port {self._port} is taken by another program; ARUS_KAFKA__PORT=0 takes a free one")
            return self._port
        last = self._folder.last_port
        return last if last and can_listen(last) else free_port()


def bootstrap_of(data: Path) -> str | None:
    """Finds the broker that runs in a folder, started by whichever process; None if none does."""
    return Folder(data).running()
