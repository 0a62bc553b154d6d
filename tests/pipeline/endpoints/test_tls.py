"""An endpoint is asked at the address that was checked, and must show the certificate of its name."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipeline.endpoints import guard
from pipeline.endpoints.posting import Poster
from tests.pipeline.endpoints.receiver import Receiver


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with the key and the certificate of hooks.example, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = made.sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("tls") / "hooks.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
async def ask(certificate, monkeypatch):
    """Sends under a name to a receiver behind that certificate; every name leads here, as if that were public."""
    monkeypatch.setattr(guard, "is_public", lambda _: True)

    async def look_up(host, port, **_):
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    behind = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    behind.load_cert_chain(certificate)
    poster = Poster(ssl.create_default_context(cafile=certificate), private=False)
    with Receiver() as receiver:
        receiver._server.socket = behind.wrap_socket(receiver._server.socket, server_side=True)

        async def send(name):
            return await poster.post(
                receiver.url.replace("http://127.0.0.1", f"https://{name}"), {"webhook-id": "m"}, b"{}"
            )

        send.receiver = receiver
        yield send
        await poster.close()


async def test_the_certificate_of_the_name_is_believed(ask):
    """Though the connection is to an address."""
    assert (await ask("hooks.example")).is_taken
    assert ask.receiver.attempts == {"m": 1}


async def test_another_names_certificate_is_not(ask):
    """Nothing is sent to whoever shows it."""
    outcome = await ask("other.example")
    assert (outcome.is_taken, outcome.answer) == (False, "cannot be reached: ConnectError")
    assert not ask.receiver.attempts
