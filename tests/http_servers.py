"""Small real servers that answer as they are told, and count who came."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NO_CONTENT = b"HTTP/1.1 204 x\r\n\r\n"

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """connections: how many came. requests: head and body of each request."""

    host: str
    port: int = 0
    connections: int = 0
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/"


@asynccontextmanager
async def serving(
    answer: bytes | Say = NO_CONTENT,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """Takes a request on each connection and answers with ``answer``, whatever bytes it is."""
    server = Server(host, scheme="https" if tls is not None else "http")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            server.requests.append(await read_request(reader))
            if isinstance(answer, bytes):
                writer.write(answer)
            else:
                await answer(writer)

    async with _listening(server, serve, port, tls):
        yield server


@asynccontextmanager
async def proxying(
    names: Mapping[str, str], *, credentials: str | None = None
) -> AsyncIterator[Server]:
    """An HTTP proxy that resolves by ``names``; CONNECT and plain requests. credentials:
    ``user:password`` that it asks for."""
    server = Server("127.0.0.1")
    basic = None if credentials is None else base64.b64encode(credentials.encode()).decode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            head, body = await read_request(reader)
            server.requests.append((head, body))
            if basic is not None and f"Basic {basic}" not in head:
                writer.write(b"HTTP/1.1 407 Not You\r\ncontent-length: 0\r\n\r\n")
                return
            method, asked, _ = head.split(" ", 2)
            authority = asked if method == "CONNECT" else asked.split("/")[2]
            host, _, number = authority.rpartition(":") if ":" in authority else (authority, "", "")
            if host not in names:
                writer.write(b"HTTP/1.1 403 Not There\r\ncontent-length: 0\r\n\r\n")
                return
            await _pass_on(reader, writer, names[host], int(number or 80), method, head, body)

    async with _listening(server, serve, 0, None):
        yield server


async def _pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str,
    port: int,
    method: str,
    head: str,
    body: bytes,
) -> None:
    there, to = await asyncio.open_connection(host, port)
    if method == "CONNECT":
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
    else:
        to.write(head.encode() + b"\r\n\r\n" + body)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(there, writer))
            if method == "CONNECT":
                group.create_task(_copy(reader, to))
    finally:
        to.close()
        with contextlib.suppress(OSError):
            await to.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
    writer.close()


async def read_request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Head and body of one request."""
    head = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode()
    lengths = [
        line.partition(":")[2]
        for line in head.splitlines()
        if line.lower().startswith("content-length:")
    ]
    return head, await reader.readexactly(int(lengths[0])) if lengths else b""


@asynccontextmanager
async def _listening(
    server: Server,
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    port: int,
    tls: ssl.SSLContext | None,
) -> AsyncIterator[None]:
    """``serve`` for each connection; nothing of it is left at the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (OSError, asyncio.CancelledError):  # the client has gone; or the test is over
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            tasks.discard(task)

    listener = await asyncio.start_server(one, server.host, port, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


def certificate(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for ``names`` (host names and addresses): its file, and a server's
    side of TLS with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / f"{names[0]}.pem", folder / f"{names[0]}.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file, key_file)
    return file, tls


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
