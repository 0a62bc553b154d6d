"""How Faust is told what any client of Kafka is told."""

from faust.auth import SASLCredentials, SSLCredentials

from pipeline.broker.clients import client_options
from pipeline.settings import Kafka


def credentials(kafka: Kafka) -> SASLCredentials | SSLCredentials | None:
    """Gives Faust's form of the login and encryption in `client_options`."""
    options = client_options(kafka)
    context = options.get("ssl_context")
    if "sasl_mechanism" not in options:
        return SSLCredentials(context=context) if context else None
    return SASLCredentials(
        username=options["sasl_plain_username"],
        password=options["sasl_plain_password"],
        mechanism=options["sasl_mechanism"],
        ssl_context=context,
    )
