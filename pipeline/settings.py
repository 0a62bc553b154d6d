"""Settings: `arus.toml`, then the environment (`ARUS_*`, `__` between levels); nothing else reads the environment."""

import os
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.sections import Analytics, Api, Archive, Endpoints, Gateway, Kafka, Policy, Promises, Streams
from schemas.policies import by_seller
from schemas.promises import Times
from schemas.times import WIB, from_datetime

__all__ = [
    "DEMO",
    "TOML",
    "Account",
    "Analytics",
    "Api",
    "Endpoints",
    "Gateway",
    "Kafka",
    "Settings",
    "SettingsError",
    "Streams",
    "environment",
    "load",
]

TOML = Path("arus.toml")
DEMO = "demo.toml"
"""The accounts that `arus demo` makes in a home; they count while no others are set."""


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which, where it came from and what would be right."""


class Account(BaseModel):
    """One sender's account: who sends to /webhooks/{source}/{name}. What a sender needs besides is kept in extras."""

    model_config = ConfigDict(extra="allow", frozen=True)

    source: str
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")
    secrets: tuple[SecretStr, ...] = Field(
        (), description="every live one, newest first; env:NAME reads the environment"
    )
    secrets_since: tuple[date, ...] = Field(
        (), description="since which day each of them is used, in the same order; tells how old they are"
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

    @model_validator(mode="after")
    def _has_as_many_secrets(self) -> Self:
        if len(self.secrets_since) > len(self.secrets):
            raise ValueError("secrets_since names more days than there are secrets")
        return self

    def since(self) -> tuple[int, ...]:
        """Tells since when each secret is used, newest first, as far as it is said."""
        return tuple(from_datetime(datetime.combine(day, time(), WIB)) for day in self.secrets_since)

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
    analytics: Analytics = Analytics()
    streams: Streams = Streams()
    promises: Promises = Promises()
    endpoints: Endpoints = Endpoints()
    archive: Archive = Archive()
    accounts: tuple[Account, ...] = ()
    policies: tuple[Policy, ...] = ()

    def times(self) -> Times:
        """Gives by which times promises stand: when they are near, and sellers' own."""
        return Times(self.promises.percents, by_seller(policy.own() for policy in self.policies))

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
