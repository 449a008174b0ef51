"""Identity: who may do what, and the ports through which the API and the command line ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What a person or a program may do; each role may do all that those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    """Acknowledges alarms."""
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"
    """Decides who else may."""

    def includes(self, other: Role) -> bool:
        """Whether this role may do what ``other`` may."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = (Role.VIEWER, Role.OPERATOR, Role.ENGINEER, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who is known. ``role`` of one who came with an API token is the token's."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Token:
    """An API token without its secret. ``owner`` is the user who made it."""

    id: str
    name: str
    owner: str
    role: Role
    created_ns: int
    last_used_ns: int | None


class IdentityError(Exception):
    """A request about users that can't be granted. The message says what to do."""


class WrongLogin(IdentityError):
    """Unknown name or wrong password; which of them is not said."""


class Throttled(IdentityError):
    """Too many failed log-ins; the next is heard after ``retry_after_s``."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unsuitable(IdentityError):
    """A name, password or role that is not allowed."""


class Conflict(IdentityError):
    """The name is taken, or the last administrator would go."""


class NotFound(IdentityError):
    """No such user or token."""


class Sessions(Protocol):
    """Log-ins with a password. Called concurrently; raises Retryable when the state is busy."""

    async def log_in(self, name: str, password: str, *, address: str) -> tuple[str, User]:
        """The secret of a new session and whose it is; WrongLogin or Throttled."""
        ...

    async def log_out(self, session: str) -> None:
        """Ends the session; one that is gone already is no error."""
        ...

    async def of_session(self, session: str) -> User | None:
        """Whose session it is; None when it is unknown or expired."""
        ...


class Tokens(Protocol):
    """API tokens. Called concurrently; raises Retryable when the state is busy."""

    async def of_token(self, secret: str) -> User | None:
        """Whose token it is, with the token's role; None when it is unknown or revoked."""
        ...

    async def tokens(self, owner: str) -> Sequence[Token]:
        """The owner's tokens, oldest first."""
        ...

    async def add_token(self, owner: User, *, name: str, role: Role) -> tuple[str, Token]:
        """A new token and its secret, which is never shown again; Unsuitable, Conflict."""
        ...

    async def revoke_token(self, owner: User, token: str) -> None:
        """Ends the token with this id; NotFound when ``owner`` has none such."""
        ...


class Users(Protocol):
    """Who is known. ``by`` is the person who decides, for the audit. Called concurrently."""

    async def users(self) -> Sequence[User]:
        """Everybody, by name."""
        ...

    async def add_user(self, name: str, *, password: str, role: Role, by: str) -> User:
        """Makes somebody known; Unsuitable or Conflict."""
        ...

    async def set_password(self, name: str, *, password: str, by: str) -> None:
        """Changes a password and ends the user's sessions; Unsuitable or NotFound."""
        ...

    async def remove_user(self, name: str, *, by: str) -> None:
        """Forgets somebody with all sessions and tokens; NotFound, or Conflict for the last
        administrator."""
        ...


@dataclass(frozen=True, slots=True)
class AuditRow:
    """``by`` did ``action`` to ``subject`` at ``at_ns``. Rows are only ever added."""

    id: int
    at_ns: int
    by: str
    action: str
    subject: str


class Audit(Protocol):
    """The record of who did what."""

    async def record(self, by: str, action: str, subject: str = "") -> None:
        """Keeps that ``by`` did ``action`` to ``subject`` now."""
        ...

    async def audit(self, *, limit: int, before: int | None = None) -> Sequence[AuditRow]:
        """The newest ``limit`` rows with an id below ``before`` (None: all), newest first."""
        ...


class Identity(Sessions, Tokens, Users, Audit, Protocol):
    """All of it, as the state keeps it."""
