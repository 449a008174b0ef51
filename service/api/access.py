"""Who is asking: the session's cookie or an API token, and what the role allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection, Request

from service.api.context import ApiContext
from service.runtime.identity import Role, User

COOKIE = "anodewatch_session"
CSRF_HEADER = "X-Anodewatch"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

_cookie = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    description=f"Set by POST /api/v1/session; changing requests need {CSRF_HEADER}: 1.",
    auto_error=False,
)
_bearer = HTTPBearer(
    scheme_name="token", description="An API token, aw_… (POST /api/v1/tokens).", auto_error=False
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. in_person: with a session, not with an API token."""

    user: User
    in_person: bool


def context_of(connection: HTTPConnection) -> ApiContext:
    """The context that ``create_api`` was given."""
    context: ApiContext = connection.app.state.context
    return context


Context = Annotated[ApiContext, Depends(context_of)]


async def caller_of(connection: HTTPConnection) -> Caller | None:
    """Who is asking, None when nobody who is known. A token goes before a cookie."""
    identity = context_of(connection).identity
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        user = await identity.of_token(secret.strip())
        return None if user is None else Caller(user, in_person=False)
    session = connection.cookies.get(COOKIE)
    if not session:
        return None
    user = await identity.of_session(session)
    return None if user is None else Caller(user, in_person=True)


def at_least(least: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, who has to be ``least`` or more; 401 and 403 else."""

    async def allowed(
        request: Request,
        _session: Annotated[str | None, Security(_cookie)] = None,
        _token: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    ) -> Caller:
        caller = await caller_of(request)
        if caller is None:
            raise HTTPException(
                401,
                "not logged in, or the session or token is over; log in with "
                "POST /api/v1/session, or send Authorization: Bearer aw_…",
                {"WWW-Authenticate": "Bearer"},
            )
        if caller.in_person:
            check_csrf(request)
        demand(caller, least)
        return caller

    return allowed


def demand(caller: Caller, least: Role) -> None:
    """403 when the caller is not ``least`` or more."""
    if not caller.user.role.includes(least):
        raise HTTPException(
            403,
            f"{caller.user.name!r} is {caller.user.role}; this needs {least}: ask an administrator",
        )


Viewer = Annotated[Caller, Depends(at_least(Role.VIEWER))]
Operator = Annotated[Caller, Depends(at_least(Role.OPERATOR))]
Engineer = Annotated[Caller, Depends(at_least(Role.ENGINEER))]
Administrator = Annotated[Caller, Depends(at_least(Role.ADMINISTRATOR))]


def check_csrf(request: Request) -> None:
    """403 when a request that a cookie speaks for could come from a foreign page."""
    if request.method not in SAFE_METHODS and request.headers.get(CSRF_HEADER) != "1":
        raise HTTPException(
            403, f"a request with a session's cookie that changes something needs {CSRF_HEADER}: 1"
        )


def in_person(caller: Caller) -> User:
    """The caller's user; 403 for a token, which must not make others that outlive it."""
    if not caller.in_person:
        raise HTTPException(
            403, "users and tokens are changed in person: log in with a password, not with a token"
        )
    return caller.user


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a browser's connection comes from the service's own page; programs send no
    Origin."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    hosts = [connection.headers.get("host", "")]
    public_url = context_of(connection).public_url
    if public_url is not None:
        hosts.append(urlsplit(public_url).netloc)
    return urlsplit(origin).netloc.lower() in [host.lower() for host in hosts if host]
