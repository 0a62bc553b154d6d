"""Login and encryption: what the settings say is what both clients do, on a Kafka that lets nobody else in."""

import subprocess
from pathlib import Path
from typing import NamedTuple

import aiokafka
import pytest
from kafka import KafkaProducer
from kafka.admin import UserScramCredentialUpsertion
from pydantic import SecretStr

from pipeline import settings
from pipeline.broker import BrokerError, admin
from pipeline.broker.clients import client_options
from pipeline.broker.embedded import EmbeddedKafka
from pipeline.broker.embedded.folder import FOR_TESTS
from pipeline.broker.embedded.ports import HOST, free_port
from pipeline.settings import Kafka

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required user_arus=secret;"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class Secured(NamedTuple):
    """A Kafka with four doors, and the folder of the certificates."""

    plain: Kafka
    scram: Kafka
    tls: Kafka
    mutual: Kafka
    files: Path


def certificates(folder):
    """Makes an authority, and certificates of a broker at 127.0.0.1 and of a client, as PEM files."""

    def run(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
    for name in ("broker", "client"):
        run("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName=IP:{HOST}", "-addext", "basicConstraints=critical,CA:FALSE",
            "-CA", "ca.pem", "-CAkey", "ca.key")  # fmt: skip
    (folder / "broker.both").write_text((folder / "broker.key").read_text() + (folder / "broker.pem").read_text())


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """One broker: a door for its own, one with a password, one with SCRAM over TLS, one for known certificates."""
    files = tmp_path_factory.mktemp("secured")
    certificates(files)
    ports = {name: free_port() for name in ("PLAINTEXT", "CONTROLLER", "LOGIN", "SCRAM", "MUTUAL")}
    listeners = ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())
    config = {
        "listeners": listeners,
        "advertised.listeners": listeners.replace(f"CONTROLLER://{HOST}:{ports['CONTROLLER']},", ""),
        "controller.quorum.voters": f"1@{HOST}:{ports['CONTROLLER']}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT,"
        "SCRAM:SASL_SSL,MUTUAL:SSL",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.login.plain.sasl.jaas.config": PLAIN,
        "listener.name.login.scram-sha-512.sasl.jaas.config": SCRAM,
        "listener.name.scram.plain.sasl.jaas.config": PLAIN,
        "listener.name.scram.scram-sha-512.sasl.jaas.config": SCRAM,
        "listener.name.mutual.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(files / "broker.both"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(files / "ca.pem"),
    }

    def at(name, protocol, **more):
        return Kafka(bootstrap_servers=f"{HOST}:{ports[name]}", security_protocol=protocol, **more)

    login = {"sasl_username": "arus", "sasl_password": SecretStr("secret")}
    ca = {"tls_ca": files / "ca.pem"}
    mutual = {"tls_certificate": files / "client.pem", "tls_key": files / "client.key"}
    cache = settings.load().cache
    with EmbeddedKafka(files / "kafka", cache, ports["PLAINTEXT"], {**FOR_TESTS, **config}) as broker:
        with admin.connect(Kafka(bootstrap_servers=broker.bootstrap)) as door:
            door.create_topic("t", 1, {})
            door._client.alter_user_scram_credentials([UserScramCredentialUpsertion("arus", "SCRAM-SHA-512", "secret")])
        yield Secured(
            plain=at("LOGIN", "SASL_PLAINTEXT", sasl_mechanism="PLAIN", **login),
            scram=at("SCRAM", "SASL_SSL", sasl_mechanism="SCRAM-SHA-512", **login, **ca),
            tls=at("MUTUAL", "SSL", **ca),
            mutual=at("MUTUAL", "SSL", **ca, **mutual),
            files=files,
        )


@pytest.mark.parametrize("door", ["plain", "scram", "mutual"])
async def test_both_clients_get_in(secured, door):
    """What kafka-python writes aiokafka reads, over the same settings."""
    options = client_options(getattr(secured, door))
    with KafkaProducer(**options) as producer:
        producer.send("t", door.encode()).get(10)
    async with aiokafka.AIOKafkaConsumer("t", **options, auto_offset_reset="earliest") as consumer:
        found = b""
        while found != door.encode():
            found = (await consumer.getone()).value


@pytest.mark.parametrize("door", ["plain", "scram", "mutual"])
def test_operators_get_in(secured, door):
    """The same settings open the operators' side, and its reading of records."""
    with admin.connect(getattr(secured, door)) as kafka, pytest.raises(BrokerError, match="is not written yet"):
        kafka.read_record("t", 0, 1_000)


def test_a_wrong_password_is_told(secured, monkeypatch):
    """Kafka's refusal is one sentence."""
    monkeypatch.setattr(admin, "PATIENCE_MS", 2_000)
    wrong = secured.scram.model_copy(update={"sasl_password": SecretStr("guess")})
    with pytest.raises(BrokerError, match="Kafka does not accept the user name and password"):
        admin.connect(wrong)


def test_without_a_certificate_there_is_no_way_in(secured, monkeypatch):
    """Where Kafka wants to see a certificate and none is set, connecting fails."""
    monkeypatch.setattr(admin, "PATIENCE_MS", 2_000)
    with pytest.raises(BrokerError, match=f"Kafka at {secured.tls.bootstrap_servers}: Kafka cannot be reached"):
        admin.connect(secured.tls)


def test_a_broker_that_nobody_vouches_for_is_not_trusted(secured, monkeypatch):
    """Without our own authority the system's decide, and they do not know this broker."""
    monkeypatch.setattr(admin, "PATIENCE_MS", 2_000)
    with pytest.raises(BrokerError, match=r"Kafka cannot be reached: Handshake failed: .*CERTIFICATE_VERIFY_FAILED"):
        admin.connect(secured.mutual.model_copy(update={"tls_ca": None}))


def test_tls_files_that_cannot_be_read_are_told(secured):
    """The sentence names the files."""
    broken = secured.mutual.model_copy(update={"tls_key": secured.files / "missing.key"})
    with pytest.raises(BrokerError, match=r"the TLS files of the settings cannot be used \(.*missing\.key\)"):
        client_options(broken)
