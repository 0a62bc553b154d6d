"""The file in which a process tells that it works: its command waits for it, and a container's health check asks."""

import os
from pathlib import Path


class ReadyFile:
    """Says while it is there that the process works whose id it holds; a killed process leaves its own behind."""

    def __init__(self, home: Path, job: str) -> None:
        self._path = home / "run" / f"{job}.ready"

    def write(self) -> None:
        """Tells that this process works."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(str(os.getpid()))

    def remove(self) -> None:
        """Tells that it does not, or not yet."""
        self._path.unlink(missing_ok=True)

    def is_ours(self) -> bool:
        """Tells whether it is this process that works."""
        try:
            return self._path.read_text() == str(os.getpid())
        except FileNotFoundError:  # not written yet, or a killed worker's, just removed
            return False
