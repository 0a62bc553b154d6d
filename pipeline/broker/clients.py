"""How a client reaches Kafka: the options of kafka-python and aiokafka, which agree on these names."""

import ssl
from typing import Any

from pipeline.broker import BrokerError
from pipeline.settings import Kafka


def client_options(kafka: Kafka) -> dict[str, Any]:
    """Gives the options of any client of kafka-python or aiokafka: servers, login, encryption."""
    if not kafka.bootstrap_servers:
        raise BrokerError("no Kafka is named: start the embedded one, or set ARUS_KAFKA__BOOTSTRAP_SERVERS")
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
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(file) for file in (kafka.tls_ca, kafka.tls_certificate, kafka.tls_key) if file)
        raise BrokerError(f"kafka.tls_ca, tls_certificate or tls_key cannot be used ({files}): {error}") from error
    return context
