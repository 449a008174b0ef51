"""Asking the running service through its API, for commands that it alone can answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer

from service.cli.check import sound_site
from service.cli.run import FAILED
from service.settings import ServiceSettings

TIMEOUT_S = 90.0
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
CSRF = {"X-Anodewatch": "1"}
SIGN_IN = (
    "give an API token (--token or ANODEWATCH_TOKEN; POST /api/v1/tokens makes one), or --user "
    "with ANODEWATCH_PASSWORD"
)

Url = Annotated[str | None, typer.Option(help="Where the service is; else as the site says.")]
Token = Annotated[str | None, typer.Option(envvar="ANODEWATCH_TOKEN", help="An API token, aw_…")]
User = Annotated[str | None, typer.Option(help="Instead of a token: a user's name.")]
Password = Annotated[
    str | None, typer.Option(envvar="ANODEWATCH_PASSWORD", help="The user's password.")
]


class Service:
    """A running service that knows who is asking. Refusals end the command with the reason."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """The answer of ``/api/v1/PATH``; query: None is left out."""
        asked = {key: value for key, value in (query or {}).items() if value is not None}
        answer = self._client.request(method, f"/api/v1/{path}", params=asked, json=body)
        _refused(answer)
        return answer

    def parts(self, path: str, *, query: Mapping[str, str | Sequence[str]]) -> Iterator[bytes]:
        """The answer of ``GET /api/v1/PATH``, as it comes; for what is too long for memory."""
        began = False
        try:
            with self._client.stream("GET", f"/api/v1/{path}", params=dict(query)) as answer:
                if not answer.is_success:
                    answer.read()
                    _refused(answer)
                began = True
                yield from answer.iter_bytes()
        except httpx.TransportError as error:
            if not began:
                raise
            fail(f"the service broke off in the middle ({error}); what came is not whole")


@contextmanager
def running(
    site: Path, url: str | None, token: str | None, user: str | None, password: str | None
) -> Iterator[Service]:
    """The service of ``site``, which has to run."""
    where = url or address(sound_site(site).service)
    headers = {"Authorization": f"Bearer {token}"} if token else CSRF
    try:
        with httpx.Client(base_url=where, headers=headers, timeout=TIMEOUT_S) as client:
            if not token:
                _sign_in(client, user, password)
            yield Service(client)
    except httpx.TransportError as error:
        fail(
            f"no service answers at {where} ({error}); start it with: anodewatch run {site}, or "
            f"name its address with --url"
        )


def address(service: ServiceSettings) -> str:
    """Where a service with these settings is reached from its own machine."""
    bind = ANY_ADDRESS.get(service.bind, service.bind)
    host = f"[{bind}]" if ":" in bind and not bind.startswith("[") else bind
    return f"http://{host}:{service.port}"


def fail(reason: str) -> NoReturn:
    """Ends the command, telling why."""
    typer.echo(reason, err=True)
    raise typer.Exit(FAILED)


def _refused(answer: httpx.Response) -> None:
    """Ends the command when the service refused."""
    if answer.status_code == 401:
        fail(f"the service does not know this token; {SIGN_IN}")
    if not answer.is_success:
        fail(_detail(answer))


def _sign_in(client: httpx.Client, user: str | None, password: str | None) -> None:
    if user is None or password is None:
        fail(f"the service answers only to whom it knows; {SIGN_IN}")
    answer = client.post("/api/v1/session", json={"username": user, "password": password})
    if not answer.is_success:
        fail(_detail(answer))


def _detail(answer: httpx.Response) -> str:
    """What the service said of its refusal."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {answer.status_code}"
