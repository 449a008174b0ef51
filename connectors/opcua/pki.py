"""Certificates: our own, made on first use and renewed in time, and those of servers, on trust.

Everything lies in one folder, as OPC UA applications keep it: ``own/``, ``trusted/``, ``rejected/``
(DER files, named by who they say they are and their thumbprint) and ``seen/``, which remembers what
each connector's server showed last.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from service.runtime.errors import Fatal, Rejected

KEY_BITS = 2048
LIFE = timedelta(days=1_826)
RENEW_BEFORE = timedelta(days=30)
BACKDATED = timedelta(days=1)
"""A server whose clock is behind accepts it all the same."""
MOST_REJECTED = 100
SHORT = 16


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate file. thumbprint: SHA-1 of the DER bytes in hex, as OPC UA tools show it."""

    path: Path
    subject: str
    thumbprint: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Own:
    """This client's certificate and key; uri: the application's URI in it."""

    certificate: Path
    key: Path
    uri: str
    until: datetime


class Pki:
    """The certificates in ``folder``. Raises Fatal where it can't be read or written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def own(self, now: datetime) -> Own:
        """Ours; made when there is none, and anew ``RENEW_BEFORE`` its end."""
        certificate, key = self._folder / "own/anodewatch.der", self._folder / "own/anodewatch.pem"
        try:
            if not (certificate.exists() and key.exists()):
                self._make(certificate, key, now)
            found = x509.load_der_x509_certificate(certificate.read_bytes())
            if found.not_valid_after_utc - RENEW_BEFORE <= now:
                self._make(certificate, key, now)
                found = x509.load_der_x509_certificate(certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise Fatal(
                f"own certificate {certificate} can't be used: {error}; correct the rights of "
                f"{certificate.parent}, or remove it and a new one is made"
            ) from error
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uri = names.get_values_for_type(x509.UniformResourceIdentifier)[0]
        return Own(certificate, key, uri, found.not_valid_after_utc)

    def judge(self, der: bytes, *, name: str, endpoint: str, now: datetime) -> None:
        """Rejected, with what to do, unless the server's certificate is trusted and in force."""
        certificate = x509.load_der_x509_certificate(der)
        thumb, before = thumbprint(der), self._seen(name)
        if not any(one.thumbprint == thumb for one in self.trusted()):
            self._keep_rejected(der, certificate)
            said = (
                f"another certificate than before ({before[:SHORT]}…)"
                if before not in (None, thumb)
                else "a certificate that is not trusted"
            )
            raise Rejected(
                f"{name}: {endpoint} shows {said}: {_subject(certificate)}, thumbprint {thumb}; "
                f"compare it with what the server itself shows, then: anodewatch opcua trust "
                f"SITE {thumb[:SHORT]}"
            )
        if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            raise Rejected(
                f"{name}: the certificate of {endpoint} is in force from "
                f"{certificate.not_valid_before_utc:%Y-%m-%d} to "
                f"{certificate.not_valid_after_utc:%Y-%m-%d}, and today is {now:%Y-%m-%d}; renew "
                f"it at the server, trust the new one, and check both clocks"
            )
        if before != thumb:
            self._write(self._folder / "seen" / name, thumb.encode())

    def trusted(self) -> list[Shown]:
        """Servers that we talk to."""
        return self._listed("trusted")

    def rejected(self) -> list[Shown]:
        """Servers that were refused, the newest last."""
        return self._listed("rejected")

    def trust(self, thumb: str) -> Shown:
        """Trusts the refused certificate whose thumbprint begins so. ValueError when there is none
        or there are several."""
        matching = [one for one in self.rejected() if one.thumbprint.startswith(thumb.lower())]
        if len(matching) != 1:
            known = ", ".join(one.thumbprint[:SHORT] for one in self.rejected()) or "none"
            raise ValueError(
                f"expected the thumbprint of one refused certificate; {thumb!r} is that of "
                f"{len(matching)}; refused are: {known}"
            )
        there = self._folder / "trusted" / matching[0].path.name
        there.parent.mkdir(parents=True, exist_ok=True)
        matching[0].path.replace(there)
        return _shown(there)

    def distrust(self, thumb: str) -> Shown:
        """Takes trust back; as ``trust``, among the trusted ones."""
        matching = [one for one in self.trusted() if one.thumbprint.startswith(thumb.lower())]
        if len(matching) != 1:
            raise ValueError(
                f"expected the thumbprint of one trusted certificate; {thumb!r} is that of "
                f"{len(matching)}"
            )
        matching[0].path.unlink()
        return matching[0]

    def _listed(self, kind: str) -> list[Shown]:
        paths = sorted(
            (self._folder / kind).glob("*.der"), key=lambda path: (path.stat().st_mtime_ns, path)
        )
        return [_shown(path) for path in paths]

    def _keep_rejected(self, der: bytes, certificate: x509.Certificate) -> None:
        name = re.sub(r"[^\w.-]+", "-", _subject(certificate))[:60]
        self._write(self._folder / "rejected" / f"{name} [{thumbprint(der)}].der", der)
        for one in self.rejected()[:-MOST_REJECTED]:
            one.path.unlink(missing_ok=True)

    def _seen(self, name: str) -> str | None:
        try:
            return (self._folder / "seen" / name).read_text().strip()
        except OSError:
            return None

    def _make(self, certificate: Path, key: Path, now: datetime) -> None:
        """A new certificate, with the key that there is, so that the server's trust in it, where it
        rests on the key, goes on."""
        if key.exists():
            private = serialization.load_pem_private_key(key.read_bytes(), None)
            if not isinstance(private, rsa.RSAPrivateKey):
                raise ValueError("it is no RSA key")
        else:
            private = rsa.generate_private_key(65_537, KEY_BITS)
            plain = serialization.NoEncryption()
            encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
            self._write(key, private.private_bytes(encoding, shape, plain))
        made = _self_signed(private, now)
        self._write(certificate, made.public_bytes(serialization.Encoding.DER))

    def _write(self, path: Path, content: bytes) -> None:
        """All or nothing, readable for the service only."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        beside.replace(path)


def thumbprint(der: bytes) -> str:
    """SHA-1 of the DER bytes in lower-case hex (Part 6, 6.2.2: CertificateThumbprint)."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest()


def _self_signed(key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    """After Part 6, 6.2.2: application URI and host in the alternative name, and the usages."""
    host = socket.gethostname()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Anodewatch@{host}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Anodewatch"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True,
        data_encipherment=True, key_agreement=False, key_cert_sign=True, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    uri = x509.UniformResourceIdentifier(f"urn:{host}:anodewatch:client")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([uri, x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _shown(path: Path) -> Shown:
    der = path.read_bytes()
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise Fatal(f"{path} is no certificate in DER: {error}; remove it") from error
    return Shown(path, _subject(certificate), thumbprint(der), certificate.not_valid_after_utc)


def _subject(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def utc(now_ns: int) -> datetime:
    """``now_ns`` as certificates tell time."""
    return datetime.fromtimestamp(now_ns // 10**9, UTC)
