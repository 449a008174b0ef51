"""Who may do what, kept in the state database: users, sessions, API tokens, audit."""

from __future__ import annotations

import contextlib
import logging
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection

from service.domain.instants import MINUTE_NS
from service.runtime.clock import Clock
from service.runtime.errors import Retryable
from service.runtime.identity import (
    AuditRow,
    NotFound,
    Role,
    Throttled,
    Token,
    Unsuitable,
    User,
    WrongLogin,
)
from service.runtime.throttle import Throttle
from service.state import identity_rows as rows
from service.state.database import Database
from service.state.passwords import Passwords

log = logging.getLogger(__name__)

FIRST_ADMINISTRATOR = "admin"
TOKEN_PREFIX = "aw_"
SEEN_EVERY_NS = MINUTE_NS
"""How exactly it is kept when a session or a token was last used."""
MOST_NAME_CHARS = 40


class StateIdentity:
    """Implements ``service.runtime.identity.Identity``."""

    def __init__(
        self, database: Database, clock: Clock, *, passwords: Passwords | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._by_name = Throttle(free=5, longest_s=30.0)
        self._by_address = Throttle(free=20, longest_s=60.0)

    async def ensure_first_administrator(self) -> str | None:
        """Makes ``admin`` with a random password when nobody is known yet; the password, once."""
        if await self.users():
            return None
        password = secrets.token_urlsafe(12)
        await self.add_user(
            FIRST_ADMINISTRATOR, password=password, role=Role.ADMINISTRATOR, by="first run"
        )
        return password

    async def log_in(self, name: str, password: str, *, address: str) -> tuple[str, User]:
        """The secret of a new session and whose it is; WrongLogin or Throttled."""
        key = rows.key_of(name)[:MOST_NAME_CHARS]
        self._hold_back(key, address)
        row = await self._database.read(partial(rows.find_person, name=name))
        encoded = None if row is None else row["password"]
        if not await self._passwords.verify(encoded, password) or row is None:
            log.warning("log-in failed name=%r address=%s", name[:MOST_NAME_CHARS], address)
            raise WrongLogin("username or password is wrong; check both, and the caps lock key")
        self._by_name.forget(key)
        self._by_address.take_back(address)
        user = rows.user_of(row)
        secret = secrets.token_urlsafe(32)
        renewed = await self._renewed(row["password"], password)
        now_ns = self._clock.now_ns()

        def write(connection: Connection) -> None:
            rows.existing(connection, user.name)
            if renewed is not None:
                rows.set_password(connection, user.name, renewed, keep_sessions=True)
            rows.add_session(connection, secret, user.name, now_ns)
            rows.note(connection, now_ns, user.name, "log in", address)

        try:
            await self._database.write(write)
        except NotFound as error:  # removed in this very moment
            raise WrongLogin("username or password is wrong") from error
        return secret, user

    async def log_out(self, session: str) -> None:
        """Ends the session."""
        now_ns = self._clock.now_ns()

        def write(connection: Connection) -> None:
            found = rows.find_session(connection, session, now_ns)
            if rows.end_session(connection, session) and found is not None:
                rows.note(connection, now_ns, found[0].name, "log out")

        await self._database.write(write)

    async def of_session(self, session: str) -> User | None:
        """Whose session it is; None when it is unknown or expired."""
        now_ns = self._clock.now_ns()
        found = await self._database.read(partial(rows.find_session, secret=session, now_ns=now_ns))
        if found is None:
            return None
        user, seen_ns = found
        if now_ns - seen_ns >= SEEN_EVERY_NS:
            await self._touch(partial(rows.see_session, secret=session, now_ns=now_ns))
        return user

    async def of_token(self, secret: str) -> User | None:
        """Whose token it is, with the token's role; None when it is unknown or revoked."""
        if not secret.startswith(TOKEN_PREFIX):
            return None
        found = await self._database.read(partial(rows.find_token, secret=secret))
        if found is None:
            return None
        user, token_id, used_ns = found
        now_ns = self._clock.now_ns()
        if used_ns is None or now_ns - used_ns >= SEEN_EVERY_NS:
            await self._touch(partial(rows.use_token, token_id=token_id, now_ns=now_ns))
        return user

    async def tokens(self, owner: str) -> Sequence[Token]:
        """The owner's tokens, oldest first."""
        return await self._database.read(partial(rows.tokens_of, owner=owner))

    async def add_token(self, owner: User, *, name: str, role: Role) -> tuple[str, Token]:
        """A new token and its secret, which is never shown again."""
        if not owner.role.includes(role):
            raise Unsuitable(
                f"role: {role} is more than {owner.name!r} may; choose at most {owner.role}"
            )
        now_ns = self._clock.now_ns()
        token = Token(secrets.token_hex(8), suitable_name(name), owner.name, role, now_ns, None)
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)

        def write(connection: Connection) -> None:
            rows.existing(connection, owner.name)
            rows.add_token(connection, token, secret)
            rows.note(connection, now_ns, owner.name, "add token", f"{token.name} {role}")

        await self._database.write(write)
        return secret, token

    async def revoke_token(self, owner: User, token: str) -> None:
        """Ends the token with this id."""
        now_ns = self._clock.now_ns()

        def write(connection: Connection) -> None:
            name = rows.remove_token(connection, owner.name, token)
            rows.note(connection, now_ns, owner.name, "revoke token", name)

        await self._database.write(write)

    async def users(self) -> Sequence[User]:
        """Everybody, by name."""
        return await self._database.read(rows.all_users)

    async def add_user(self, name: str, *, password: str, role: Role, by: str) -> User:
        """Makes somebody known."""
        user = User(suitable_name(name), role)
        encoded = await self._passwords.hash(password)
        now_ns = self._clock.now_ns()

        def write(connection: Connection) -> None:
            rows.add_person(connection, user, encoded, now_ns)
            rows.note(connection, now_ns, by, "add user", f"{user.name} {role}")

        await self._database.write(write)
        return user

    async def set_password(self, name: str, *, password: str, by: str) -> None:
        """Changes a password and ends the user's sessions."""
        encoded = await self._passwords.hash(password)
        now_ns = self._clock.now_ns()

        def write(connection: Connection) -> None:
            known = rows.set_password(connection, name, encoded)
            rows.note(connection, now_ns, by, "set password", known)

        await self._database.write(write)

    async def remove_user(self, name: str, *, by: str) -> None:
        """Forgets somebody with all sessions and tokens."""
        now_ns = self._clock.now_ns()

        def write(connection: Connection) -> None:
            known = rows.remove_person(connection, name)
            rows.note(connection, now_ns, by, "remove user", known)

        await self._database.write(write)

    async def record(self, by: str, action: str, subject: str = "") -> None:
        """Keeps that ``by`` did ``action`` to ``subject`` now."""
        now_ns = self._clock.now_ns()
        await self._database.write(
            partial(rows.note, at_ns=now_ns, by=by, action=action, subject=subject)
        )

    async def audit(self, *, limit: int, before: int | None = None) -> Sequence[AuditRow]:
        """The newest ``limit`` rows with an id below ``before``, newest first."""
        return await self._database.read(partial(rows.noted, limit=limit, before=before))

    def _hold_back(self, key: str, address: str) -> None:
        """Throttled while the name or the address failed too often; else counts the attempt."""
        now_ns = self._clock.now_ns()
        wait_s = max(self._by_name.wait_s(key, now_ns), self._by_address.wait_s(address, now_ns))
        if wait_s > 0:
            raise Throttled(
                f"too many failed log-ins; try again in {wait_s:.0f} s", retry_after_s=wait_s
            )
        self._by_name.count(key, now_ns)
        self._by_address.count(address, now_ns)

    async def _renewed(self, encoded: str, password: str) -> str | None:
        """A new hash where the kept one was made with other parameters."""
        return await self._passwords.hash(password) if self._passwords.outdated(encoded) else None

    async def _touch(self, write: Callable[[Connection], None]) -> None:
        # People go on looking while the state can't be written, e.g. on a full disk.
        with contextlib.suppress(Retryable):
            await self._database.write(write)


def suitable_name(name: str) -> str:
    """``name`` as it is kept: letters and digits of any script, and ``._-`` within; Unsuitable
    else."""
    kept = unicodedata.normalize("NFKC", name).strip()
    plain = kept.replace(".", "").replace("_", "").replace("-", "")
    if not (0 < len(kept) <= MOST_NAME_CHARS and plain.isalnum() and kept[0].isalnum()):
        raise Unsuitable(
            f"name: expected 1 to {MOST_NAME_CHARS} letters, digits or . _ -, beginning with a "
            f"letter or digit; came {name[: 2 * MOST_NAME_CHARS]!r}"
        )
    return kept
