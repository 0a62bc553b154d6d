"""How the clients of kafka-python and aiokafka reach Kafka; imports neither."""

import ssl
from typing import Any

from pipeline.broker import BrokerError
from pipeline.settings import Kafka


def client_options(kafka: Kafka) -> dict[str, Any]:
    """Gives the options of any client of kafka-python or aiokafka, which agree on these names."""
    if not kafka.bootstrap_servers:
        raise BrokerError("no Kafka is named: `arus up` starts one, ARUS_KAFKA__BOOTSTRAP_SERVERS names another")
    options: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in kafka.bootstrap_servers.split(",")],
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password.get_secret_value(),
        }
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(kafka)
    return options


def tls_context(kafka: Kafka) -> ssl.SSLContext:
    """Trusts the authorities of `tls_ca`, else the system's, and shows our own certificate where one is set."""
    try:
        context = ssl.create_default_context(cafile=kafka.tls_ca)
        if kafka.tls_certificate:
            context.load_cert_chain(kafka.tls_certificate, kafka.tls_key)
    except OSError as error:  # of which ssl.SSLError is one
        files = ", ".join(str(file) for file in (kafka.tls_ca, kafka.tls_certificate, kafka.tls_key) if file)
        raise BrokerError(f"the TLS files of the settings cannot be used ({files}): {error}") from error
    return context
