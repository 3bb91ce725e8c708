"""Servers that not everybody gets into: by Temporal's own variables, over TLS with certificates, with an API key."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from temporalio.testing import WorkflowEnvironment

from cli.ports import free_ports
from tests.workflows.stack import program
from weaver.errors import BadInput, Unavailable, Unusable
from weaver.settings import Settings
from workflows.access import access, placed
from workflows.client import connect
from workflows.registering_attributes import ensure_search_attributes

KEY = "a-key-that-nobody-may-read"
_LASTS = timedelta(hours=1)


def settings(**given: Any) -> Settings:
    return Settings.model_validate(given)


# Which server.


def test_weavers_own_address_and_namespace_count_before_temporals() -> None:
    environment = {"TEMPORAL_ADDRESS": "there:7233", "TEMPORAL_NAMESPACE": "theirs"}
    found = placed(settings(), environment)
    assert (found.temporal_address, found.temporal_namespace) == ("there:7233", "theirs")
    own = placed(settings(temporal_address="here:7233", temporal_namespace="ours"), environment)
    assert (own.temporal_address, own.temporal_namespace) == ("here:7233", "ours")


def test_a_profile_in_a_file_names_the_server_and_what_lets_in(tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(f'[profile.cloud]\naddress = "cloud:7233"\nnamespace = "trading.a1b2c"\napi_key = "{KEY}"\n')
    environment = {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "cloud"}
    found = placed(settings(), environment)
    assert (found.temporal_address, found.temporal_namespace) == ("cloud:7233", "trading.a1b2c")
    assert access(environment) == {"target_host": "cloud:7233", "namespace": "trading.a1b2c", "api_key": KEY, "tls": True}


def test_a_stack_on_this_machine_is_reached_without_what_is_set_for_other_servers() -> None:
    environment = {"TEMPORAL_API_KEY": KEY, "TEMPORAL_NAMESPACE": "theirs"}
    assert placed(settings(), environment) == settings()
    assert access(environment) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [("[profile.cloud\n", "cannot be read"), ("[profile.other]\naddress = 'a:1'\n", "cloud"), ("[profile.cloud]\n", "no address")],
)
def test_a_profile_that_cannot_be_used_is_said_plainly(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=said):
        placed(settings(), {"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "cloud"})


def test_a_certificate_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match=r"/nowhere/client\.pem"):
        access({"TEMPORAL_ADDRESS": "cloud:7233", "TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere/client.pem"})


# Certificates, on a real server behind a proxy that ends TLS.


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """Signs certificates, and writes them and their keys into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Tests")
        self._write("ca", self._sign(self._name, self._key, is_authority=True), self._key)

    def issue(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(name, self._sign(_named(name), key, is_authority=False), key)

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _LASTS)
            .not_valid_after(now + _LASTS)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return paths


@asynccontextmanager
async def ending_tls(authority: Authority, server: str) -> AsyncGenerator[str, None]:
    """Give an address that asks for a certificate of the authority, and passes on to the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    context.load_verify_locations(authority.folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    host, _, port = server.partition(":")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            return
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    listening = await asyncio.start_server(serve, "127.0.0.1", free_ports(1)[0], ssl=context)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


async def test_a_server_that_asks_for_a_certificate_lets_in_who_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("weaver")
    async with (
        await WorkflowEnvironment.start_local(dev_server_existing_path=str(program("temporal"))) as server,
        ending_tls(authority, server.client.service_client.config.target_host) as address,
    ):
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(tmp_path / "ca.pem"))
        monkeypatch.setattr("workflows.client.SECURE_CONNECT_SECONDS", 2.0)
        with pytest.raises(Unavailable, match=r"over TLS.*TEMPORAL_TLS_CLIENT_CERT_PATH"):
            await connect(address)
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(certificate))
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(key))
        client = await connect(address)
        await ensure_search_attributes(client)
        assert client.namespace == "default"


# An API key, and a server that keeps the operator's service to itself.


class Guarded(grpc.GenericRpcHandler):
    """Lets in who knows the key, to the workflow service only; notes what it was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    def service(self, handler_call_details: Any) -> Any:
        sent = {name: value for name, value in handler_call_details.invocation_metadata if isinstance(value, str)}
        self.sent.append(sent)

        def answer(request: bytes, context: Any) -> bytes:
            if sent.get("authorization") != f"Bearer {KEY}":
                context.abort(grpc.StatusCode.UNAUTHENTICATED, f"no such key: {sent.get('authorization')}")
            if "OperatorService" in handler_call_details.method:
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "not for you")
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Any:
    handler = Guarded()
    server = grpc.server(ThreadPoolExecutor(2), handlers=(handler,))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    monkeypatch.setenv("WEAVER_TEMPORAL_ADDRESS", address)
    monkeypatch.setenv("TEMPORAL_TLS", "false")
    yield handler, address
    server.stop(None)


async def test_the_api_key_is_sent_and_a_wrong_one_is_neither_believed_nor_told(guarded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, address = guarded
    monkeypatch.setenv("TEMPORAL_API_KEY", "wrong-" + KEY)
    with pytest.raises(Unusable, match="this API key") as refusal:
        await connect(address, "trading.a1b2c")
    assert KEY not in str(refusal.value)
    assert refusal.value.__suppress_context__  # nor does a traceback have it
    monkeypatch.setenv("TEMPORAL_API_KEY", KEY)
    await connect(address, "trading.a1b2c")
    assert handler.sent[-1]["authorization"] == f"Bearer {KEY}"
    assert handler.sent[-1]["temporal-namespace"] == "trading.a1b2c"


async def test_attributes_that_a_worker_may_not_make_are_told_with_the_command(guarded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, address = guarded
    monkeypatch.setenv("TEMPORAL_API_KEY", KEY)
    client = await connect(address, "trading.a1b2c")
    with pytest.raises(
        Unusable, match=r'tcld namespace search-attributes add --namespace trading\.a1b2c .*--sa "WeaverSymbols=KeywordList"'
    ):
        await ensure_search_attributes(client)
