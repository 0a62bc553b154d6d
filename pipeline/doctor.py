"""How this machine stands: every setting with where it came from, and what would keep Arus from working."""

import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from pipeline.broker import BrokerError, admin
from pipeline.broker.embedded import bootstrap_of
from pipeline.completion import standing
from pipeline.settings import DEMO, TOML, Settings, SettingsError
from pipeline.sources import check as check_accounts
from pipeline.sources.apis import api_of
from pipeline.supervisor.running import Place

LOW_DISK = 2 << 30
"""Bytes: less room than that fills up within days."""


class Setting(NamedTuple):
    """One setting as it counts."""

    name: str
    value: str
    came_from: str


class Finding(NamedTuple):
    """One thing that was looked at; `verdict` is OK, WARN or ERR."""

    what: str
    verdict: str
    detail: str


def settings_of(settings: Settings) -> Iterator[Setting]:
    """Gives every setting, secrets masked, with where it came from."""
    told = {
        "environment": EnvSettingsSource(Settings, env_prefix="ARUS_", env_nested_delimiter="__")(),
        str(TOML): TomlConfigSettingsSource(Settings)(),
        str(settings.home / DEMO): {"accounts": settings.accounts} if (settings.home / DEMO).exists() else {},
    }
    for path, value in _leaves(settings, ()):
        origin = next((name for name, given in told.items() if _holds(given, path)), "default")
        yield Setting(".".join(path), value, origin)


def _leaves(section: BaseModel, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for name in type(section).model_fields:
        value, here = getattr(section, name), (*path, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, here)
        elif name == "accounts":
            yield here, ", ".join(f"{account.source}/{account.name}" for account in value)
        else:
            yield (
                here,
                "***"
                if isinstance(value, SecretStr) and value.get_secret_value()
                else ""
                if value is None or value == ()
                else str(value),
            )


def _holds(given: Any, path: tuple[str, ...]) -> bool:  # noqa: ANN401  # what a file or the environment said
    for name in path:
        if not isinstance(given, dict) or name not in given:
            return False
        given = given[name]
    return True


def findings(settings: Settings) -> Iterator[Finding]:
    """Looks at everything once; a look that itself fails is a finding too."""
    for what, look in LOOKS.items():
        try:
            yield Finding(what, *look(settings))
        except (OSError, BrokerError, SettingsError) as error:
            yield from (Finding(what, "ERR", line) for line in str(error).splitlines())


def _python(settings: Settings) -> tuple[str, str]:
    del settings
    version = ".".join(map(str, sys.version_info[:3]))
    return ("OK" if (3, 11) <= sys.version_info < (3, 14) else "ERR"), f"{version} at {sys.executable}"


def _disk(settings: Settings) -> tuple[str, str]:
    place = next(folder for folder in (settings.home.absolute(), *settings.home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return ("OK" if free > LOW_DISK else "WARN"), f"{free / (1 << 30):.1f} GB free for {settings.home}"


def _cache(settings: Settings) -> tuple[str, str]:
    if settings.kafka.bootstrap_servers:
        return "OK", "not needed: another Kafka is named"
    jars = len(list(Path(settings.cache).glob("kafka/*/jars/*.jar")))
    return (
        ("OK", f"{jars} jars in {settings.cache}")
        if jars
        else ("WARN", f"{settings.cache} is empty: the first start needs a network")
    )


def _running(settings: Settings) -> tuple[str, str]:
    running = Place(settings.home).read()
    return "OK", f"process {running.pid}: {running.gateway}, {running.api}" if running else "nothing runs in this home"


def _ports(settings: Settings) -> tuple[str, str]:
    if Place(settings.home).read():
        return "OK", "in use by the Arus that runs in this home"
    taken = [
        f"{where.host}:{where.port}"
        for where in (settings.gateway, settings.api)
        if not _is_free(where.host, where.port)
    ]
    return ("ERR", f"{', '.join(taken)} is taken by another program") if taken else ("OK", "free")


def _is_free(host: str, port: int) -> bool:
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        return False
    return True


def _kafka(settings: Settings) -> tuple[str, str]:
    named = settings.kafka.bootstrap_servers or bootstrap_of(settings.home / "kafka")
    if not named:
        return "OK", "embedded: starts with `arus up`"
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": named})
    with admin.connect(kafka) as door:
        problems, warning = door.check_topics(), door.warning()
    if problems:
        return "ERR", "; ".join(problems)
    return ("WARN", f"{named}: {warning}") if warning else ("OK", f"{named} answers, its topics are as they must be")


def _accounts(settings: Settings) -> tuple[str, str]:
    if not settings.accounts:
        return "WARN", f"none: {TOML} names senders' accounts, `arus demo` makes some to play with"
    check_accounts(settings)
    return "OK", f"{len(settings.accounts)} have what their senders need"


def _asked(settings: Settings) -> tuple[str, str]:
    """Looks at the senders whose API is asked: whether somebody asks, and whether they answer."""
    names = [f"{account.source}/{account.name}" for account in settings.accounts if api_of(account)]
    if not names:
        return "OK", "none: no account has credentials under [accounts.api]"
    standings = standing.read(settings.home, time.time_ns() // 1_000_000)
    if not standings:
        return "WARN", f"{', '.join(names)}: nobody asks them here; `arus up` or `arus complete` does"
    if stopped := [f"{told.account}: {told.why} ({told.open} questions wait)" for told in standings if told.why]:
        return "ERR", "; ".join(stopped)
    return "OK", ", ".join(f"{told.account} answers ({told.open} questions open)" for told in standings)


LOOKS: dict[str, Callable[[Settings], tuple[str, str]]] = {
    "Python": _python,
    "disk": _disk,
    "cache": _cache,
    "running": _running,
    "ports": _ports,
    "Kafka": _kafka,
    "accounts": _accounts,
    "asked": _asked,
}
"""What is looked at, in this order."""
