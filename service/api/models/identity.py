"""Sessions, users and API tokens on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.context import SiteCard
from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer, Request
from service.runtime import identity
from service.runtime.identity import Role


class Credentials(Request):
    """A log-in."""

    username: str = Field(max_length=200)
    password: str = Field(max_length=1000)


class User(Answer):
    """Somebody who is known."""

    name: str
    role: Role

    @classmethod
    def of(cls, user: identity.User) -> User:
        return cls(name=user.name, role=user.role)


class LoggedIn(Answer):
    """Who logged in; the session itself is in the cookie."""

    user: User


class Site(Answer):
    """The site. target_t: finished tonnes of production year ``year``."""

    id: str
    name_en: str
    name_zh: str
    time_zone: str = Field(examples=["Asia/Shanghai"])
    target_t: float
    year: int

    @classmethod
    def of(cls, site: SiteCard, *, target_t: float) -> Site:
        return cls(
            id=site.id,
            name_en=site.name_en,
            name_zh=site.name_zh,
            time_zone=site.time_zone,
            target_t=target_t,
            year=site.year,
        )


class Session(Answer):
    """Who is asking, and which site answers. shelve_minutes: for so long the user may shelve an
    alarm; 0 for who may not."""

    user: User
    site: Site
    shelve_minutes: int


class Users(Answer):
    """Everybody, by name."""

    users: list[User]


class NewUser(Request):
    """Somebody to make known."""

    name: str = Field(max_length=200, examples=["li.wei"])
    password: str = Field(max_length=1000)
    role: Role


class NewPassword(Request):
    """A password to set."""

    password: str = Field(max_length=1000)


class Token(Answer):
    """An API token without its secret."""

    id: str
    name: str
    role: Role
    created_at: Instant
    last_used_at: Instant | None

    @classmethod
    def of(cls, token: identity.Token) -> Token:
        return cls(**_token_fields(token))


class Tokens(Answer):
    """One's own tokens, oldest first."""

    tokens: list[Token]


class NewToken(Request):
    """A token to make; its role is at most one's own."""

    name: str = Field(max_length=200, examples=["mes-export"])
    role: Role = Role.VIEWER


class MadeToken(Token):
    """A new token. ``token`` is its secret, shown this once."""

    token: str = Field(examples=["aw_…"])

    @classmethod
    def with_secret(cls, token: identity.Token, secret: str) -> MadeToken:
        return cls(token=secret, **_token_fields(token))


def _token_fields(token: identity.Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "created_at": iso(token.created_ns),
        "last_used_at": iso_or_none(token.last_used_ns),
    }
