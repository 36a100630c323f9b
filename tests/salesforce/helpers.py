"""A meter that remembers, a clock that tests hold, and servers that misbehave on the wire."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from audiencesync.errors import BudgetSpent
from audiencesync.salesforce.auth import JwtBearer

LOGIN = "https://login.salesforce.com"
TOKEN_URL = f"{LOGIN}/services/oauth2/token"
INSTANCE = "https://acme.my.salesforce.com"
API = f"{INSTANCE}/services/data/v66.0/"
CONSUMER_KEY = "3MVG9consumerkey"
USERNAME = "integration@acme.example"


class HeldClock:
    """Starts at a fixed time; sleeping moves it and takes none."""

    def __init__(self) -> None:
        self.time = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
        self.slept: list[float] = []

    def now(self) -> dt.datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += dt.timedelta(seconds=seconds)


@dataclass
class CountingMeter:
    """Remembers charges; refuses them from `budget` on."""

    budget: int = 1_000_000
    charged: list[str] = field(default_factory=list)
    usages: list[tuple[int, int]] = field(default_factory=list)

    def charge(self, kind: str) -> None:
        if len(self.charged) >= self.budget:
            raise BudgetSpent("spent", hint="wait", seconds_left=1.0)
        self.charged.append(kind)

    def org_usage(self, used: int, limit: int) -> None:
        self.usages.append((used, limit))


def rsa_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def grant(pem: str, *, login_url: str = LOGIN, audience: str | None = None) -> JwtBearer:
    return JwtBearer(
        login_url=login_url,
        consumer_key=CONSUMER_KEY,
        username=USERNAME,
        private_key=pem,
        audience=audience,
    )


def token_document(instance_url: str = INSTANCE, access_token: str = "00Dxx!AQtoken1") -> dict[str, str]:
    return {
        "access_token": access_token,
        "instance_url": instance_url,
        "id": f"{LOGIN}/id/00D000000000001EAA/005000000000001AAA",
        "scope": "api",
        "token_type": "Bearer",
    }


Step = Callable[[socket.socket], None]
"""What a scripted server does with one accepted connection, its request already read."""


def answer(
    body: bytes, *, status: str = "200 OK", headers: Sequence[str] = (), length: int | None = None
) -> Step:
    """A whole answer, or one whose announced length is a lie."""
    announced = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {announced}", "Connection: close", *headers]

    def step(connection: socket.socket) -> None:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return step


def raw(data: bytes) -> Step:
    """Bytes as they are."""
    return lambda connection: connection.sendall(data)


def hang_up(connection: socket.socket) -> None:
    """Close without a word."""


def reset(connection: socket.socket) -> None:
    """Close with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(seconds: float) -> Step:
    """Keep the connection open and say nothing."""

    def step(_: socket.socket) -> None:
        threading.Event().wait(seconds)

    return step


@dataclass
class ScriptedServer:
    """Answers its connections one after another as told, and keeps what it was sent."""

    url: str
    requests: list[bytes]

    @property
    def lines(self) -> list[str]:
        return [request.split(b"\r\n", 1)[0].decode() for request in self.requests]


@contextlib.contextmanager
def scripted_server(
    steps: Sequence[Step], *, tls: ssl.SSLContext | None = None, whole: bool = True
) -> Iterator[ScriptedServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    scheme = "http" if tls is None else "https"
    server = ScriptedServer(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", [])

    def serve() -> None:
        for step in steps:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.settimeout(20)
                if tls is not None:
                    connection = tls.wrap_socket(connection, server_side=True)
                with connection:
                    server.requests.append(_read_request(connection) if whole else connection.recv(65536))
                    step(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.close()
        thread.join(timeout=20)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def make_certificates(directory: Path, *, name: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A private authority's PEM file, and a server context with a certificate of it."""
    authority_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    authority = _certificate(
        "test authority", authority_key, "test authority", authority_key, alternative=None
    )
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _certificate(name, key, "test authority", authority_key, alternative=name)
    ca_file, chain_file = directory / "ca.pem", directory / "server.pem"
    ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    chain_file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain_file)
    return ca_file, context


def _certificate(
    name: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey, *, alternative: str | None
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=alternative is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if alternative is None:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    elif alternative[0].isdigit():
        address = x509.IPAddress(ipaddress.ip_address(alternative))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    else:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(alternative)]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
