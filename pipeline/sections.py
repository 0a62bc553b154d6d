"""The sections of the settings: what each may say, what it is unless said, and why."""

import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from schemas.policies import Own
from schemas.times import WIB, from_datetime


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
    partitions: int = Field(8, ge=1, le=1024, description="of every topic; more of them later by `arus topics grow`")
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


class Analytics(Section):
    """The warehouse; and several analytics nodes, each with a file of its own, where one disk is not enough."""

    shards: tuple[str, ...] = Field(
        (), description="URLs of all analytics nodes, in one order on each; empty = one node"
    )
    shard: int = Field(0, ge=0, description="which of them this one is, from 0")
    memory_bytes: int = Field(
        1 << 30,
        ge=128 << 20,
        description="most bytes that the warehouse takes in memory; what needs more goes by the disk",
    )

    @field_validator("shards")
    @classmethod
    def _are_addresses(cls, shards: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses what is no node's address, and one that is there twice."""
        if wrong := [url for url in shards if not re.fullmatch(r"https?://[^/?#]+/?", url)]:
            message = f"{wrong[0]} is not the URL of a node, such as http://10.0.0.7:8700"
            raise ValueError(message)
        bare = tuple(url.rstrip("/") for url in shards)
        if len(set(bare)) < len(bare):
            raise ValueError("shards names one URL twice; each is another node")
        return bare

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.shard >= max(1, len(self.shards)):
            message = f"shard is {self.shard}, but shards lists {len(self.shards)} URLs: the first is 0"
            raise ValueError(message)
        return self


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


class Policy(Section):
    """A seller's own, stricter time for a promise: `[[policies]]`. Only for those that buyers do not wait for."""

    seller: str
    promise: Literal["confirm", "dispatch", "scan"]
    hours: float = Field(gt=0)
    valid_from: date = date(1970, 1, 1)

    def own(self) -> Own:
        """Gives it as the rules read it; its day begins in Western Indonesian time."""
        since = from_datetime(datetime.combine(self.valid_from, time(), WIB))
        return Own(self.seller, self.promise, since, self.hours)


class Endpoints(Section):
    """Sellers' own endpoints, to which what their inboxes are told is sent."""

    private: bool = Field(
        False,
        description="true lets sellers' endpoints be http and at private addresses: for tests and one's own network",
    )


class Archive(Section):
    """Where webhooks and events are kept as Parquet files, however long Kafka keeps them."""

    path: Path | None = Field(None, description="its folder; empty = archive in the home")
    every: float = Field(300.0, gt=0, description="seconds after which `arus archive run` looks for what is new")
