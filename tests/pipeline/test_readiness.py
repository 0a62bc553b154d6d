"""A worker tells that it is ready by a file; a killed one leaves its own behind."""

import os
import threading
from pathlib import Path

from pipeline.cli.running import when_ready


def test_the_file_of_a_killed_worker_may_go_while_it_is_looked_at(tmp_path, monkeypatch):
    """The new worker removes it when it starts: whoever waits goes on waiting, for the new worker's word."""
    file = tmp_path / "run" / "tracking.ready"
    file.parent.mkdir()
    file.write_text("another")
    looks, read = [], Path.read_text

    def vanishes(path: Path) -> str:
        looks.append(path)
        if len(looks) == 1:
            path.unlink()
        if len(looks) == 3:
            path.write_text(str(os.getpid()))
        return read(path)

    monkeypatch.setattr(Path, "read_text", vanishes)
    told = threading.Event()
    when_ready(tmp_path, "tracking", told.set)
    assert told.wait(10)
    assert len(looks) == 3
