"""Security of OPC UA: policies, modes and identities at a real server; whom we trust; renewal."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from connectors.opcua.pki import LIFE, RENEW_BEFORE, Pki, thumbprint
from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.source import source_of
from service.cli import app
from service.domain.tag import Tag
from service.runtime.clock import SystemClock
from service.runtime.errors import Rejected
from tests.collected import Collected, collecting
from tests.opcua_server import certificate, free_port
from tests.sites import SAMPLE

NOW = datetime(2026, 6, 1, tzinfo=UTC)
POLICIES = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")
MODES = ("Sign", "SignAndEncrypt")
TAGS = {1: Tag("CB-L01-T", "plant", "ns=2;s=a")}


class Users:
    """Knows one by password and one by certificate; others are anonymous, with the certificate of
    their channel."""

    def __init__(self, person: bytes = b"") -> None:
        self._person = person
        self.seen: list[str] = []

    def get_user(
        self, _server: object, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        if username is not None:
            self.seen.append(f"user {username}")
            return User(role=UserRole.User) if password == "right" else None
        self.seen.append("certificate" if certificate == self._person else "anonymous")
        return User(role=UserRole.User)


@asynccontextmanager
async def plc(
    folder: Path, *, port: int | None = None, users: Users | None = None
) -> AsyncIterator[Server]:
    """A server with every secured endpoint; its certificate in ``folder``, made if it is not
    there."""
    server = Server(user_manager=users)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port or free_port()}/plc")
    server.set_security_policy(
        [
            getattr(ua.SecurityPolicyType, f"{policy.replace('_', '')}_{mode}")
            for policy, mode in itertools.product(POLICIES, MODES)
        ]
    )
    uri = "urn:anodewatch:plc-server"
    await server.set_application_uri(uri)
    if not folder.exists():
        await certificate(folder, uri=uri)
    await server.load_certificate(folder / "certificate.der")
    await server.load_private_key(folder / "key.pem")
    server.set_identity_tokens(
        [ua.AnonymousIdentityToken, ua.UserNameIdentityToken, ua.X509IdentityToken]
    )
    await server.register_namespace("urn:anodewatch:plc")
    await server.nodes.objects.add_variable(ua.NodeId("a", 2), "a", 1.5)
    async with server:
        yield server


def settings(server: Server | str, **given: Any) -> OpcUaSettings:
    endpoint = server if isinstance(server, str) else server.endpoint.geturl()
    secured = {"security_policy": "Basic256Sha256", "security_mode": "SignAndEncrypt"}
    fast = {"publishing_interval_ms": 100, "keep_alive_s": 0.5, "timeout_s": 10}
    return OpcUaSettings.model_validate(
        {"kind": "opcua", "endpoint": endpoint, **fast, **secured, **given}
    )


async def first_value(
    given: OpcUaSettings, folder: Path, clock: SystemClock | None = None
) -> float:
    opened = source_of(given, name="plant", tags=TAGS, clock=clock or SystemClock(), folder=folder)
    async with opened() as source:
        while not len(batch := await source.read()):
            pass
        return float(batch.value[0])


def trust_all(folder: Path) -> None:
    pki = Pki(folder / "pki")
    for one in pki.rejected():
        pki.trust(one.thumbprint)


async def test_every_policy_mode_and_identity_gets_values(tmp_path: Path) -> None:
    person = await certificate(tmp_path / "person", uri="urn:person")
    known = Users((person / "certificate.der").read_bytes())
    identities: dict[str, dict[str, Any]] = {
        "anonymous": {},
        "user reader": {"username": "reader", "password": "right"},
        "certificate": {
            "user_certificate": person / "certificate.der",
            "user_private_key": person / "key.pem",
        },
    }
    async with plc(tmp_path / "plc", users=known) as server:
        with pytest.raises(Rejected, match="not trusted"):
            await first_value(settings(server), tmp_path)
        trust_all(tmp_path)
        for policy, mode in itertools.product(POLICIES, MODES):
            for who, identity in identities.items():
                given = settings(server, security_policy=policy, security_mode=mode, **identity)
                assert await first_value(given, tmp_path) == 1.5, (policy, mode, who)
                assert known.seen[-1].startswith(who.split()[0])
        wrong = settings(server, username="reader", password="wrong")
        with pytest.raises(Rejected, match="check username and password"):
            await first_value(wrong, tmp_path)


async def test_an_untrusted_server_is_refused_until_somebody_trusts_it(tmp_path: Path) -> None:
    async with plc(tmp_path / "plc") as server:
        with pytest.raises(Rejected) as refused:
            await first_value(settings(server), tmp_path)
        (kept,) = Pki(tmp_path / "pki").rejected()
        der = (tmp_path / "plc" / "certificate.der").read_bytes()
        assert kept.thumbprint == thumbprint(der)
        assert f"thumbprint {kept.thumbprint}" in str(refused.value)
        assert f"anodewatch opcua trust SITE {kept.thumbprint[:16]}" in str(refused.value)
        trust_all(tmp_path)
        assert await first_value(settings(server), tmp_path) == 1.5


async def test_a_server_that_changed_its_certificate_is_refused(tmp_path: Path) -> None:
    port = free_port()
    async with plc(tmp_path / "plc", port=port) as server:
        with pytest.raises(Rejected):
            await first_value(settings(server), tmp_path)
        trust_all(tmp_path)
        await first_value(settings(server), tmp_path)
    (before,) = Pki(tmp_path / "pki").trusted()
    async with plc(tmp_path / "swapped", port=port) as server:
        with pytest.raises(
            Rejected, match=rf"another certificate than before \({before.thumbprint[:16]}"
        ):
            await first_value(settings(server), tmp_path)


def self_signed(start: datetime, end: datetime) -> bytes:
    key = rsa.generate_private_key(65_537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PLC 1")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(start).not_valid_after(end).sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ((-400, -1), "in force from 2025-04-27 to 2026-05-31"),
        ((1, 400), "in force from 2026-06-02"),
    ],
)
def test_a_trusted_certificate_out_of_its_time_is_refused(
    tmp_path: Path, days: tuple[int, int], says: str
) -> None:
    pki = Pki(tmp_path)
    der = self_signed(*(NOW + timedelta(days=at) for at in days))
    with pytest.raises(Rejected, match="not trusted"):
        pki.judge(der, name="plant", endpoint="opc.tcp://plc:4840", now=NOW)
    pki.trust(thumbprint(der)[:8])
    with pytest.raises(Rejected, match=says) as refused:
        pki.judge(der, name="plant", endpoint="opc.tcp://plc:4840", now=NOW)
    assert "renew it at the server" in str(refused.value)


def test_our_certificate_is_made_once_and_renewed_in_time_with_the_same_key(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    own = pki.own(NOW)
    assert own.until == NOW + LIFE
    assert own.key.stat().st_mode & 0o077 == 0
    assert pki.own(own.until - RENEW_BEFORE - timedelta(seconds=1)) == own
    key = own.key.read_bytes()
    renewed = pki.own(own.until - RENEW_BEFORE)
    assert renewed.until == own.until - RENEW_BEFORE + LIFE
    assert renewed.key.read_bytes() == key
    found = x509.load_der_x509_certificate(renewed.certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [renewed.uri]


def test_the_command_lists_trusts_and_takes_back(tmp_path: Path) -> None:
    site = str(tmp_path / "site")
    shutil.copytree(SAMPLE, site, ignore=shutil.ignore_patterns("data"))
    run = CliRunner()
    pki = Pki(tmp_path / "site" / "data" / "connectors" / "pki")
    der = self_signed(NOW, NOW + timedelta(days=100))
    with pytest.raises(Rejected):
        pki.judge(der, name="plant", endpoint="opc.tcp://plc:4840", now=NOW)
    thumb = thumbprint(der)
    listed = run.invoke(app, ["opcua", "trust", site]).output
    assert "trusted: none" in listed
    assert f"{thumb}  PLC 1, until 2026-09-09" in listed
    unknown = run.invoke(app, ["opcua", "trust", site, "beef"])
    assert (unknown.exit_code, "refused are: " in unknown.output) == (1, True)
    assert "trusted: " in run.invoke(app, ["opcua", "trust", site, thumb[:10]]).output
    assert [one.thumbprint for one in pki.trusted()] == [thumb]
    taken = run.invoke(app, ["opcua", "trust", site, thumb[:10], "--remove"])
    assert taken.exit_code == 0
    assert pki.trusted() == []
    assert "until" in run.invoke(app, ["opcua", "certificate", site]).output


class Hurried(SystemClock):
    """Its long waits are short."""

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(0.2 if delay_s > 600.0 else delay_s)


async def test_our_certificate_is_renewed_without_a_lost_value(tmp_path: Path) -> None:
    clock = Hurried()
    async with plc(tmp_path / "plc") as server:
        due_in = timedelta(seconds=4)  # so long ago was ours made
        before = Pki(tmp_path / "pki").own(datetime.now(UTC) - LIFE + RENEW_BEFORE + due_in)
        given = settings(
            server, server_certificate=tmp_path / "plc" / "certificate.der", sampling_interval_ms=0,
            queue_size=1_000,
        )  # fmt: skip
        node = server.get_node("ns=2;s=a")
        async with collecting(given, TAGS, folder=tmp_path, clock=clock) as found:
            await found.until(lambda: found.counters.get("values", 0) > 0)
            sent = [1.5]
            while found.counters["reconnects"] == 0 or len(sent) < 100:
                sent.append(sent[-1] + 1.0)
                await node.write_value(sent[-1])
                await asyncio.sleep(0.05)
            await found.until(lambda: received(found)[-1] == sent[-1])
    assert received(found) == sent
    counters = dict(found.counters)
    assert counters["subscriptions_transferred"] == counters["subscriptions_made"] == 1, counters
    assert counters["gaps"] == 0, counters
    assert Pki(tmp_path / "pki").own(datetime.now(UTC)).until > before.until


def received(found: Collected) -> list[float]:
    return [value for batch in found.batches for value in batch.value.tolist()]
