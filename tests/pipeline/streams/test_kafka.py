"""Faust is told of Kafka what any client is told."""

import pytest
from faust.auth import SASLCredentials, SSLCredentials
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from pipeline import settings
from pipeline.broker.clients import client_options
from pipeline.streams.kafka import faust_settings
from pipeline.streams.place import Place

WHO = {"sasl_username": "u", "sasl_password": "p"}
AUTHENTICATION = ("security_protocol", "sasl_mechanism", "sasl_plain_username", "sasl_plain_password")


def told(tmp_path, *, tables: bool = True, **kafka) -> dict:
    given = settings.load(home=tmp_path, kafka={"bootstrap_servers": "one:9092, two:9093", **kafka})
    return faust_settings("job", given, Place(tmp_path, "name"), tables=tables)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, type(None)),
        ({"security_protocol": "SSL"}, SSLCredentials),
        *[
            ({"security_protocol": protocol, "sasl_mechanism": mechanism, **WHO}, SASLCredentials)
            for protocol in ("SASL_PLAINTEXT", "SASL_SSL")
            for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
        ],
    ],
    ids=str,
)
def test_login_and_encryption_reach_aiokafka_as_they_were_set(tmp_path, given, kind):
    """Consumer and producers log in alike."""
    credentials = told(tmp_path, **given)["broker_credentials"]
    assert isinstance(credentials, kind)
    reached = credentials_to_aiokafka_auth(credentials)
    wanted = client_options(settings.Kafka(bootstrap_servers="one:9092", **given))
    for name in AUTHENTICATION:
        value = reached.get(name)
        assert getattr(value, "value", value) == wanted.get(name)
    assert bool(reached.get("ssl_context")) == bool(wanted.get("ssl_context"))


def test_every_server_is_named(tmp_path):
    """Any of them may be the one that answers."""
    assert [str(url) for url in told(tmp_path)["broker"]] == ["kafka://one:9092", "kafka://two:9093"]


@pytest.mark.parametrize(("tables", "replicas"), [(True, 0), (False, 1)])
def test_fausts_assignor_is_used_with_and_without_tables(tmp_path, tables, replicas):
    """Faust leaves it where there is neither a table nor a standby, and static membership with it (#658)."""
    assert told(tmp_path, tables=tables)["table_standby_replicas"] == replicas
