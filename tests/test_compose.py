"""docker-compose.yml and what stands beside it say what is true of the code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY, generate_latest

from pipeline import sources
from pipeline.gateway.counters import Counters
from pipeline.settings import load

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docs" / "compose"
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "arus"}


def test_it_is_the_whole_of_arus():
    """Three brokers, two gateways, two workers of each job, one who asks, analytics and those who watch."""
    copies = {name: service.get("deploy", {}).get("replicas", 1) for name, service in SERVICES.items()}
    assert copies == {
        **dict.fromkeys(("kafka-1", "kafka-2", "kafka-3", "topics", "gateway-1", "gateway-2"), 1),
        **dict.fromkeys(("intake", "tracking", "stock", "promises", "endpoints"), 2),
        **dict.fromkeys(("completion", "analytics", "prometheus", "grafana"), 1),
    }


@pytest.mark.parametrize("name", OURS)
def test_its_environment_is_settings_that_there_are(name, monkeypatch, tmp_path):
    """A variable that Arus does not know, or a value it refuses, fails here and not in a container."""
    monkeypatch.chdir(tmp_path)
    for variable, value in OURS[name]["environment"].items():
        monkeypatch.setenv(variable, str(value))
    kafka = load().kafka
    assert len(kafka.bootstrap_servers.split(",")) == kafka.replication == 3


@pytest.mark.parametrize("name", OURS)
def test_its_commands_are_those_of_arus(name):
    """What a container is told to run, `arus` knows."""
    told = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *OURS[name]["command"], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def test_every_service_tells_whether_it_is_well():
    """Each has a health check; ours without one have that of the image; making topics ends by itself."""
    for name, service in SERVICES.items():
        assert name in OURS or "healthcheck" in service
    assert "\nHEALTHCHECK " in (ROOT / "Dockerfile").read_text()


def test_whoever_asks_senders_waits_for_credentials_and_keeps_its_tokens():
    """Without credentials `arus complete` would end at once; some senders take a refresh token only once."""
    asks = SERVICES["completion"]
    assert asks["profiles"] == ["completion"]
    assert "completion:/var/lib/arus" in asks["volumes"]


def test_nothing_is_open_to_other_machines():
    """Every port is bound to this machine."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_sample_account_is_a_good_one(monkeypatch):
    """The senders' file that is mounted is read without a complaint."""
    monkeypatch.chdir(COMPOSE)
    assert load().accounts
    sources.check(load())


def test_the_dashboard_asks_for_figures_that_there_are():
    """Every metric of a panel is one that a process gives."""
    import analytics.api.health
    import analytics.loading

    given = generate_latest(REGISTRY) + Counters(lambda: 0.0).text()
    known = set(re.findall(r"arus_\w+", given.decode() + Path(analytics.api.health.__file__).read_text()))
    panels = json.loads((COMPOSE / "grafana" / "dashboards" / "arus.json").read_text())["panels"]
    asked = {
        name for panel in panels for target in panel["targets"] for name in re.findall(r"arus_\w+", target["expr"])
    }
    assert asked
    assert {name.removesuffix("_bucket") for name in asked} <= known


def test_the_image_holds_every_room():
    """The Dockerfile copies the packages that the wheel holds, and the build may see them."""
    dockerfile, allowed = (ROOT / "Dockerfile").read_text(), (ROOT / ".dockerignore").read_text().split()
    for room in ("schemas", "pipeline", "agents", "analytics"):
        assert f"COPY {room} /arus/{room}" in dockerfile
        assert f"!{room}" in allowed
