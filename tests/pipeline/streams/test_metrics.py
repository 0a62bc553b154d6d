"""What Prometheus is given by a worker's process."""

import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from structlog.testing import capture_logs

from pipeline.settings import Streams
from pipeline.streams import metrics

WORKER = """
import sys
from pipeline import settings
from pipeline.streams.app import run

sys.exit(run("measured", (), settings.load()))
"""


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_worker_gives_its_metrics_also_while_it_waits_for_kafka(free_port, tmp_path, monkeypatch):
    """Whoever looks for why nothing moves is answered from the first second on."""
    monkeypatch.setenv("ARUS_HOME", str(tmp_path))
    monkeypatch.setenv("ARUS_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("ARUS_STREAMS__METRICS_PORT", str(free_port))
    with subprocess.Popen([sys.executable, "-c", WORKER]) as process:
        try:
            told = asked(f"http://127.0.0.1:{free_port}/metrics")
        finally:
            process.send_signal(signal.SIGTERM)
    assert "# TYPE arus_records_total counter" in told
    assert process.returncode == 0


def asked(address: str, patience: float = 30.0) -> str:
    """Gives what an address answers once it does."""
    until = time.monotonic() + patience
    while True:
        try:
            return httpx.get(address).raise_for_status().text
        except httpx.ConnectError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_a_port_that_is_taken_is_told_and_stops_nothing():
    """Two jobs on one machine with one setting: the second works on and says what to set."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = Streams(metrics_port=taken.getsockname()[1])
        with capture_logs() as logs, metrics.served(where):
            pass
    [line] = logs
    assert line["log_level"] == "warning"
    assert "ARUS_STREAMS__METRICS_PORT" in line["why"]


def test_without_a_port_nothing_listens():
    """Zero is off."""
    with capture_logs() as logs, metrics.served(Streams()):
        pass
    assert logs == []
