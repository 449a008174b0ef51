"""The secured channel and the certificate of a user: what of the settings goes into the client."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from asyncua import Client, ua
from asyncua.crypto import security_policies, uacrypto
from cryptography import x509

from connectors.opcua.pki import Pki
from connectors.opcua.settings import OpcUaSettings
from service.runtime.errors import Fatal


async def secure(
    client: Client, settings: OpcUaSettings, pki: Pki, *, name: str, now: datetime
) -> None:
    """Sets policy, mode and certificates. The server is asked for its certificate, which has to be
    trusted, unless one is given. Raises ConnectorError and asyncua's errors."""
    if settings.certificate is None or settings.private_key is None:
        ours = await asyncio.to_thread(pki.own, now)  # it may have to make a key
        certificate, key = ours.certificate, ours.key
    else:
        certificate, key = settings.certificate, settings.private_key
    own = _file(certificate, name)
    client.application_uri = await _application_uri(own, certificate, name)
    pinned = settings.server_certificate
    policy = settings.security_policy.replace("_", "")
    await client.set_security(
        getattr(security_policies, f"SecurityPolicy{policy}"),
        certificate=own,
        private_key=_file(key, name),
        server_certificate=None if pinned is None else _file(pinned, name),
        mode=getattr(ua.MessageSecurityMode, settings.security_mode),
    )
    if pinned is None:
        shown: bytes = client.security_policy.peer_certificate
        await asyncio.to_thread(pki.judge, shown, name=name, endpoint=settings.endpoint, now=now)


async def identify(client: Client, settings: OpcUaSettings, *, name: str) -> None:
    """Loads the certificate and key by which the user is known. Fatal when they can't be read."""
    if settings.user_certificate is None or settings.user_private_key is None:
        raise Fatal(f"{name}: a user's certificate needs its user_private_key")
    certificate = _file(settings.user_certificate, name)
    key = _file(settings.user_private_key, name)
    try:
        client.user_certificate = await uacrypto.load_certificate(
            certificate.path_or_content, certificate.extension
        )
        client.user_private_key = await uacrypto.load_private_key(
            key.path_or_content, None, key.extension
        )
    except ValueError as error:
        raise Fatal(
            f"{name}: {settings.user_certificate} and {settings.user_private_key} are no "
            f"certificate with its key: {error}"
        ) from error


def _file(path: Path, name: str) -> uacrypto.CertProperties:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Fatal(
            f"{name}: {path} can't be read: {error.strerror}; give a PEM or DER file"
        ) from (error)
    return uacrypto.CertProperties(content, "pem" if content.startswith(b"-----") else "der")


async def _application_uri(own: uacrypto.CertProperties, path: Path, name: str) -> str:
    """The URI in our certificate; a server compares it with the one that we say."""
    try:
        certificate = await uacrypto.load_certificate(own.path_or_content, own.extension)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return str(names.get_values_for_type(x509.UniformResourceIdentifier)[0])
    except (ValueError, IndexError, x509.ExtensionNotFound) as error:
        raise Fatal(
            f"{name}: {path} is not a client certificate that names its application's URI: {error}"
        ) from error
