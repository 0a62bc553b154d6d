"""Settings: `arus.toml`, then the environment (`ARUS_*`, `__` between levels); nothing else reads the environment."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

TOML = Path("arus.toml")
DEMO = "demo.toml"
"""The accounts that `arus demo` makes in a home; they count while no others are set."""


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which, where it came from and what would be right."""


class Section(BaseModel):
    """A part of the settings; a name it does not know is an error."""

    model_config = ConfigDict(extra="forbid")


class Kafka(Section):
    """Which Kafka to use. Without bootstrap servers Arus starts its own, on this machine alone."""

    bootstrap_servers: str = Field("", description="host:port,…; empty starts the embedded broker")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    sasl_username: str = Field("", description="who we are to the broker")
    sasl_password: SecretStr = Field(SecretStr(""), description="its password")
    tls_ca: Path | None = Field(None, description="file of the authorities to trust; empty trusts the system's")
    tls_certificate: Path | None = Field(None, description="file of our own certificate, where the broker asks for one")
    tls_key: Path | None = Field(None, description="file of its key")
    port: int = Field(0, description="port of the embedded broker; 0 = the one it had, or any free one")
    jars_from: str = Field(
        "", description="Maven repository of its jars; empty = the mirror in ~/.m2/settings.xml, else Maven Central"
    )
    partitions: int = Field(8, ge=1, le=1024, description="of every topic; changing it later needs a rebuild")
    replication: int = Field(1, ge=1, le=9, description="copies of every topic; 3 on more than one broker")


class Gateway(Section):
    """Where senders' webhooks come in."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 = every one")
    port: int = Field(8600, description="0 = any free one")
    public_url: str = Field("", description="how senders reach it, where a signature covers the URL (Shopee)")
    max_body_bytes: int = Field(1 << 20, description="a larger webhook is answered 413")


class Api(Section):
    """Where people look."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 = every one")
    port: int = Field(8700, description="0 = any free one")
    gateways: tuple[str, ...] = Field((), description="URLs of gateways whose counters the Stream page shows")
    secure_cookies: bool = Field(False, description="true behind HTTPS")


class Streams(Section):
    """How the agents run."""

    store: Literal["rocksdict", "memory"] = Field("rocksdict", description="rocksdict (on disk) or memory")
    lanes: int = Field(8, ge=1, description="partitions that one agent works on side by side")
    fetch_bytes: int = Field(2 << 20, description="most bytes of one partition in one batch")
    cached_rows: int = Field(2_000, description="decoded rows kept per partition and generation")
    session_timeout: float = Field(6.0, description="seconds after which a silent worker loses its partitions")
    standby_replicas: int = Field(0, ge=0, description="workers that keep a copy of another's state")
    seen_days: int = Field(5, ge=4, description="how long a delivery is remembered as taken")
    metrics_host: str = Field("127.0.0.1", description="address of the agents' metrics; 0.0.0.0 = every one")
    metrics_port: int = Field(0, ge=0, le=65535, description="port of the agents' metrics, one per process; 0 = none")


class Promises(Section):
    """When people are told that a promise comes near or is broken."""

    near: Annotated[tuple[float, ...], NoDecode] = Field(
        (0.5, 0.8), description="shares of a promise's time after which it is near, each told once; `[]` = none"
    )
    late_hours: float = Field(
        24.0, gt=0, description="what could have been told so long ago is not told any more, as after a rebuild"
    )

    @field_validator("near", mode="before")
    @classmethod
    def _listed(cls, near: Any) -> Any:  # noqa: ANN401  # the environment's text, or the file's list
        """Reads what the environment says: `0.5,0.8`, with or without brackets."""
        return [share for share in near.strip("[] ").split(",") if share.strip()] if isinstance(near, str) else near

    @field_validator("near")
    @classmethod
    def _within(cls, near: tuple[float, ...]) -> tuple[float, ...]:
        """Refuses what is no share."""
        if wrong := [share for share in near if not 0.01 <= share <= 0.99]:  # noqa: PLR2004  # the whole is no longer near
            message = f"{wrong[0]:g} is no share of a promise's time: from 0.01 to 0.99, such as 0.8"
            raise ValueError(message)
        return tuple(sorted(set(near)))

    @property
    def percents(self) -> tuple[int, ...]:
        """The shares in percent, smallest first."""
        return tuple(round(share * 100) for share in self.near)


class Archive(Section):
    """Where webhooks and events are kept as Parquet files, however long Kafka keeps them."""

    path: Path | None = Field(None, description="its folder; empty = archive in the home")
    every: float = Field(300.0, gt=0, description="seconds after which `arus archive run` looks for what is new")


class Account(BaseModel):
    """One sender's account: who sends to /webhooks/{source}/{name}. What a sender needs besides is kept in extras."""

    model_config = ConfigDict(extra="allow", frozen=True)

    source: str
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")
    secrets: tuple[SecretStr, ...] = Field(
        (), description="every live one, newest first; env:NAME reads the environment"
    )
    seller: str = Field("", description="our seller; needed where the payload names no shop")
    orders: str = Field(
        "",
        description="whose order ids this sender's references are, e.g. tiktok_shop; empty = its own; of several, "
        "with commas between, the first is that of an id which names none",
    )

    api: Mapping[str, SecretStr] = Field(
        {}, description="credentials of the sender's API, where its webhooks leave out what we need to know"
    )

    @field_validator("secrets", mode="before")
    @classmethod
    def _read_environment(cls, secrets: list[str]) -> list[str]:
        return [_from_environment(secret) if secret.startswith("env:") else secret for secret in secrets]

    @field_validator("api", mode="before")
    @classmethod
    def _read_credentials(cls, told: dict[str, Any]) -> dict[str, str]:
        given = {name: str(value) for name, value in told.items()}
        return {name: _from_environment(value) if value.startswith("env:") else value for name, value in given.items()}

    def credential(self, name: str) -> str:
        """Gives in the clear what the account says under `api`; empty when it does not."""
        value = self.api.get(name)
        return value.get_secret_value() if value else ""

    def live_secrets(self) -> tuple[str, ...]:
        """Gives the secrets in the clear, newest first."""
        return tuple(secret.get_secret_value() for secret in self.secrets)

    def extra(self, name: str) -> str:
        """Gives what this sender needs besides (`app_key`, `url`, `header` …); empty when it is not set."""
        return str((self.__pydantic_extra__ or {}).get(name, ""))

    def told(self, name: str) -> Any:  # noqa: ANN401  # TOML may hold anything
        """Gives what it says besides under this name, as it is written there: a text, a number, a table; or None."""
        return (self.__pydantic_extra__ or {}).get(name)

    def extras(self) -> frozenset[str]:
        """Gives the names of what it says besides."""
        return frozenset(self.__pydantic_extra__ or {})

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Whose orders this sender may name; the first is that of an id which names no namespace."""
        return tuple(name.strip() for name in self.orders.split(",") if name.strip()) or (self.source,)

    @property
    def namespace(self) -> str:
        """Whose order ids this sender's references are, unless they say so themselves."""
        return self.namespaces[0]


def _from_environment(secret: str) -> str:
    name = secret.removeprefix("env:")
    value = os.environ.get(name)
    if not value:
        message = f"secret {secret!r}: the environment has no {name}"
        raise ValueError(message)
    return value


class Settings(BaseSettings):
    """All settings. `load` reads them and explains what is wrong."""

    model_config = SettingsConfigDict(
        env_prefix="ARUS_", env_nested_delimiter="__", toml_file=TOML, extra="forbid", frozen=True
    )

    home: Path = Field(Path(".arus"), description="state of this machine: broker, tables, warehouse, keys")
    cache: Path = Field(
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "arus",
        description="what was fetched once: the broker's jars",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error")
    kafka: Kafka = Kafka()
    gateway: Gateway = Gateway()
    api: Api = Api()
    streams: Streams = Streams()
    promises: Promises = Promises()
    archive: Archive = Archive()
    accounts: tuple[Account, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code wins, then the environment, then the file, then what the demo made."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls), DemoAccounts(settings_cls)

    def account(self, source: str, name: str) -> Account | None:
        """Finds the account of a webhook's address."""
        return next((a for a in self.accounts if a.source == source and a.name == name), None)


class DemoAccounts(PydanticBaseSettingsSource):
    """The accounts of the demo, from the home that the other sources name."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Is not asked: the whole is read at once."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        """Reads the file if it is there."""
        file = Path(self.current_state.get("home", ".arus"), DEMO)
        try:
            return tomllib.loads(file.read_text()) if file.exists() else {}
        except (OSError, ValueError) as error:
            raise SettingsError(f"{file} cannot be read: {error}") from error


def load(**given: Any) -> Settings:  # noqa: ANN401  # the names are those of Settings
    """Reads the settings. Raises SettingsError with one readable line per wrong setting."""
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()]
        raise SettingsError("\n".join(lines)) from None
    except ValueError as error:
        message = f"{TOML} cannot be read: {error}"
        raise SettingsError(message) from None


def environment(**given: str) -> Mapping[str, str]:
    """Gives the environment of a child process: ours and what is given."""
    return {**os.environ, **given}
