"""The command line: what each command promises before it does anything, and how it fails."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from agents.worker import JOBS
from analytics.access import OPERATOR, Tokens, Viewer
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.cli import output
from pipeline.cli.app import app
from pipeline.settings import Kafka, Settings, SettingsError, environment
from pipeline.simulate import demo
from pipeline.sources import SOURCES
from schemas.times import DAY

Arus = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def arus(tmp_path: Path) -> Arus:
    """Runs the command line as a process of its own, in an empty home and folder."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        ours = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ARUS_HOME": str(tmp_path / "home"), **environment}
        command = [sys.executable, "-m", "pipeline.cli", *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=ours, timeout=60)

    return run


def commands() -> Iterator[tuple[str, ...]]:
    """Gives every command, sub-commands too."""

    def walk(group, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, (*path, name))
            else:
                yield (*path, name)

    return walk(typer.main.get_command(app), ())


@pytest.mark.parametrize("command", tuple(commands()), ids=" ".join)
def test_help_shows_an_example(command: tuple[str, ...]) -> None:
    """Every command explains itself with an example of its own."""
    told = CliRunner().invoke(app, [*command, "--help"])
    assert told.exit_code == 0
    assert "Example: " in told.stdout
    assert f"arus {' '.join(command)}" in " ".join(told.stdout.split())


def test_help_needs_none_of_the_heavy_libraries() -> None:
    """`arus --help` is quick because it imports no server, no database and no client of Kafka."""
    code = "import sys; import pipeline.cli.app; print(sorted(m for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = ("duckdb", "pyarrow", "fastapi", "starlette", "faust", "aiokafka", "kafka", "pydantic", "msgspec")
    assert [name for name in heavy if f"'{name}'" in loaded] == []


def test_without_a_command_it_explains_itself(arus: Arus) -> None:
    """`arus` alone is wrong use, answered with the help."""
    told = arus()
    assert told.returncode == 2
    assert "Usage" in told.stdout + told.stderr


def test_wrong_use_is_exit_code_2(arus: Arus) -> None:
    """An option that is not there, or two that exclude each other, is wrong use."""
    assert arus("topics", "list", "--jsn").returncode == 2
    assert arus("token", "create", "--seller", "a", "--buyer", "b").returncode == 2
    assert arus("agents", "nonsense").returncode == 2


def test_a_problem_is_one_sentence(arus: Arus) -> None:
    """Without a Kafka the error says what helps, on standard error, with exit code 1."""
    told = arus("lag")
    assert told.returncode == 1
    assert told.stdout == ""
    assert told.stderr.startswith("arus: no Kafka: `arus up` starts its own")
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [("ARUS_GATEWAY__PORT", "many"), ("ARUS_LOG_LEVEL", "loud"), ("ARUS_KAFKA__PARTITIONS", "0")],
)
def test_a_wrong_setting_is_named(arus: Arus, setting: str, value: str) -> None:
    """A setting that cannot be is named in one line, and nothing starts."""
    told = arus("up", **{setting: value})
    assert told.returncode == 1
    assert setting.removeprefix("ARUS_").replace("__", ".").lower() in told.stderr
    assert "Traceback" not in told.stderr


def test_a_broken_file_is_named(arus: Arus, tmp_path: Path) -> None:
    """An arus.toml that is no TOML is one sentence."""
    (tmp_path / "arus.toml").write_text("[gateway\n")
    told = arus("sources", "list")
    assert told.returncode == 1
    assert told.stderr.startswith("arus: arus.toml cannot be read")


def test_a_broken_file_of_the_demo_is_named(arus: Arus, tmp_path: Path) -> None:
    """A demo.toml that somebody spoilt is one sentence that names it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "demo.toml").write_text("[[")
    told = arus("sources", "list")
    assert told.returncode == 1
    assert told.stderr.startswith(f"arus: {tmp_path}/home/demo.toml cannot be read")


def test_all_agents_run_until_they_are_told_to_end(own_kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """`arus agents` keeps every job in a process of its own, tells what they say, and ends them all."""
    where = environment(
        ARUS_HOME=str(tmp_path / "home"), ARUS_KAFKA__BOOTSTRAP_SERVERS=own_kafka.bootstrap, PYTHONUNBUFFERED="1"
    )
    command = [sys.executable, "-m", "pipeline.cli"]
    subprocess.run([*command, "topics", "create"], env=where, check=True, capture_output=True)
    with subprocess.Popen([*command, "agents"], env=where, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        ready = (json.loads(line)["job"] for line in running.stderr if '"worker.ready"' in line)
        assert {next(ready) for _ in JOBS} == set(JOBS)
        running.send_signal(signal.SIGTERM)
        running.stderr.read()
        assert running.wait(30) == 0


def test_an_unexpected_error_says_how_to_see_more(capsys) -> None:
    """What is no error of ours is a sentence with its kind, and a way to the traceback."""
    assert output.explain(ZeroDivisionError("division by zero")) == 1
    assert capsys.readouterr().err == "arus: ZeroDivisionError: division by zero (ARUS_LOG_LEVEL=debug shows where)\n"


def test_an_error_of_ours_is_only_its_words(capsys) -> None:
    """An error that explains itself is printed as it is, brackets and all."""
    output.explain(SettingsError("accounts.0 [x]: secrets is missing"))
    assert capsys.readouterr().err == "arus: accounts.0 [x]: secrets is missing\n"


def test_debug_shows_where(arus: Arus) -> None:
    """With log level debug the traceback comes too."""
    assert "Traceback" in arus("lag", ARUS_LOG_LEVEL="debug").stderr


@pytest.mark.parametrize(
    ("asked", "viewer"),
    [
        (("--seller", "toko-melati"), Viewer("seller", "toko-melati")),
        (("--buyer", "siti"), Viewer("buyer", "siti")),
        (("--operator",), OPERATOR),
    ],
)
def test_tokens(arus: Arus, tmp_path: Path, asked: tuple[str, ...], viewer: Viewer) -> None:
    """A token is a line of its own and is that viewer's, in this home."""
    token = arus("token", "create", *asked).stdout.strip()
    assert Tokens(tmp_path / "home").read(token, at=0) == viewer


def test_a_token_ends_or_is_taken_back(arus: Arus, tmp_path: Path) -> None:
    """After its days, or at once; what is no token is told."""
    tokens = Tokens(tmp_path / "home")
    short = arus("token", "create", "--operator", "--days", "0.5").stdout.strip()
    assert tokens.read(short, at=0) == OPERATOR
    assert tokens.read(short, at=time.time_ns() // 1_000_000 + DAY) is None
    assert arus("token", "revoke", short).returncode == 0
    assert tokens.read(short, at=0) is None
    assert arus("token", "revoke", "arus_nonsense").returncode == 1


def test_sources_as_json(arus: Arus, tmp_path: Path) -> None:
    """The senders are listed with the accounts of this home."""
    demo.open_shop(tmp_path / "home")
    listed = json.loads(arus("sources", "list", "--json").stdout)
    assert [row["source"] for row in listed] == list(SOURCES)
    assert {row["source"]: row["accounts"] for row in listed}["ninjavan"] == "toko-melati, rumah-elektrik"


def test_an_account_that_lacks_something(arus: Arus, tmp_path: Path) -> None:
    """`sources check` and `doctor` name the account and what it lacks."""
    (tmp_path / "arus.toml").write_text(
        '[[accounts]]\nsource = "tiktok_shop"\nname = "melati"\nsecrets = ["s"]\nseller = "melati"\n'
    )
    told = arus("sources", "check")
    assert told.returncode == 1
    assert "(tiktok_shop/melati): app_key is missing" in told.stdout
    found = json.loads(arus("doctor", "--json", ARUS_GATEWAY__PORT="0", ARUS_API__PORT="0").stdout)["findings"]
    assert [row["verdict"] for row in found if row["what"] == "accounts"] == ["ERR"]


def test_doctor_tells_where_each_setting_came_from(arus: Arus, tmp_path: Path) -> None:
    """Environment wins over file, file over default, and no secret is shown."""
    (tmp_path / "arus.toml").write_text('log_level = "warning"\n[gateway]\nport = 1234\n')
    told = arus("doctor", "--json", ARUS_GATEWAY__PORT="0", ARUS_API__PORT="0", ARUS_KAFKA__SASL_PASSWORD="hush-hush")
    rows = {row["name"]: (row["value"], row["came_from"]) for row in json.loads(told.stdout)["settings"]}
    assert told.returncode == 0
    assert rows["gateway.port"] == ("0", "environment")
    assert rows["log_level"] == ("warning", "arus.toml")
    assert rows["api.host"] == ("127.0.0.1", "default")
    assert rows["kafka.sasl_password"] == ("***", "environment")
    assert "hush-hush" not in told.stdout


def test_topics_and_lag_on_a_real_kafka(kafka: Kafka, arus: Arus) -> None:
    """Topics are made once, then found right, then listed with their keys."""
    where = {"ARUS_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
    assert arus("topics", "create", **where).returncode == 0
    assert arus("topics", "create", **where).stdout == "all topics are there\n"
    assert json.loads(arus("topics", "check", "--json", **where).stdout) == []
    listed = {row["name"]: row for row in json.loads(arus("topics", "list", "--json", **where).stdout)}
    assert listed["order.snapshots"]["kept"] == "compacted"
    assert isinstance(json.loads(arus("lag", "--json", **where).stdout), list)
    wrong = arus("topics", "check", **where, ARUS_KAFKA__PARTITIONS="3")
    assert wrong.returncode == 1
    assert "partitions" in wrong.stdout


def test_simulating_needs_somebody_who_sells(arus: Arus) -> None:
    """Without accounts there is nothing to simulate, and it is told how to get some."""
    told = arus("simulate", "--orders", "1")
    assert told.returncode == 2
    assert "arus demo" in told.stderr


def test_simulating_needs_a_gateway(arus: Arus, tmp_path: Path) -> None:
    """Without a running Arus and with no port to guess it is told what to do."""
    demo.open_shop(tmp_path / "home")
    told = arus("simulate", "--orders", "1", ARUS_GATEWAY__PORT="0")
    assert told.returncode == 1
    assert "--url" in told.stderr


def test_settings_of_the_demo_give_way_to_real_ones(tmp_path: Path, monkeypatch) -> None:
    """The demo's accounts count only while nothing else names any."""
    monkeypatch.chdir(tmp_path)
    demo.open_shop(tmp_path / "home")
    assert len(Settings(home=tmp_path / "home").accounts) > 10
    (tmp_path / "arus.toml").write_text('[[accounts]]\nsource = "ninjavan"\nname = "n"\nsecrets = ["s"]\n')
    assert [account.name for account in Settings(home=tmp_path / "home").accounts] == ["n"]
