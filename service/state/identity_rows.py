"""The statements of identity: functions on one transaction."""

from __future__ import annotations

import hashlib
import unicodedata

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.domain.instants import DAY_NS, HOUR_NS
from service.runtime.identity import AuditRow, Conflict, NotFound, Role, Token, User
from service.state.tables_identity import audit, person, session, token

IDLE_NS = 12 * HOUR_NS
"""A session that nobody used for so long is over."""
LONGEST_NS = 7 * DAY_NS
"""A session is over then, used or not."""


def key_of(name: str) -> str:
    """One key for all ways in which a name can be written: nobody looks like somebody else."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def hash_of(secret: str) -> str:
    """SHA-256 in hex: secrets are random 256-bit numbers, so that a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def note(connection: Connection, at_ns: int, by: str, action: str, subject: str = "") -> None:
    """An audit row."""
    connection.execute(insert(audit).values(at_ns=at_ns, by=by, action=action, subject=subject))


def noted(connection: Connection, limit: int, before: int | None) -> list[AuditRow]:
    """The newest audit rows with an id below ``before`` (None: all), newest first."""
    wanted = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    return [AuditRow(*row) for row in connection.execute(wanted)]


def find_person(connection: Connection, name: str) -> RowMapping | None:
    """The row of a user, by any way of writing the name."""
    found = connection.execute(select(person).where(person.c.key == key_of(name)))
    return found.mappings().one_or_none()


def user_of(row: RowMapping) -> User:
    return User(row["name"], Role(row["role"]))


def all_users(connection: Connection) -> list[User]:
    rows = connection.execute(select(person).order_by(person.c.key)).mappings()
    return [user_of(row) for row in rows]


def add_person(connection: Connection, user: User, encoded: str, now_ns: int) -> None:
    """Conflict when the name is taken."""
    taken = find_person(connection, user.name)
    if taken is not None:
        raise Conflict(f"name: {taken['name']!r} exists already; choose another name")
    connection.execute(
        insert(person).values(
            key=key_of(user.name),
            name=user.name,
            role=str(user.role),
            password=encoded,
            created_ns=now_ns,
        )
    )


def set_password(
    connection: Connection, name: str, encoded: str, *, keep_sessions: bool = False
) -> str:
    """The user's name as it is known; NotFound without one. Ends all sessions of the user."""
    row = existing(connection, name)
    connection.execute(update(person).where(person.c.key == row["key"]).values(password=encoded))
    if not keep_sessions:
        connection.execute(delete(session).where(session.c.person == row["key"]))
    return str(row["name"])


def remove_person(connection: Connection, name: str) -> str:
    """The user's name as it was known; NotFound, or Conflict for the last administrator."""
    row = existing(connection, name)
    if row["role"] == Role.ADMINISTRATOR:
        administrators = connection.execute(
            select(func.count()).select_from(person).where(person.c.role == Role.ADMINISTRATOR)
        ).scalar_one()
        if administrators == 1:
            raise Conflict(
                f"{row['name']!r} is the last administrator; make another administrator first"
            )
    connection.execute(delete(person).where(person.c.key == row["key"]))
    return str(row["name"])


def existing(connection: Connection, name: str) -> RowMapping:
    """The row of a user; NotFound without one."""
    row = find_person(connection, name)
    if row is None:
        raise NotFound(f"there is no user {name!r}; GET /api/v1/users lists those there are")
    return row


def add_session(connection: Connection, secret: str, name: str, now_ns: int) -> None:
    """Opens a session, and clears away those that are over."""
    over = (session.c.seen_ns <= now_ns - IDLE_NS) | (session.c.created_ns <= now_ns - LONGEST_NS)
    connection.execute(delete(session).where(over))
    connection.execute(
        insert(session).values(
            hash=hash_of(secret), person=key_of(name), created_ns=now_ns, seen_ns=now_ns
        )
    )


def find_session(connection: Connection, secret: str, now_ns: int) -> tuple[User, int] | None:
    """Whose session it is and when it was last seen; None when there is none or it is over."""
    row = (
        connection.execute(
            select(person.c.name, person.c.role, session.c.seen_ns)
            .join(person, person.c.key == session.c.person)
            .where(
                session.c.hash == hash_of(secret),
                session.c.seen_ns > now_ns - IDLE_NS,
                session.c.created_ns > now_ns - LONGEST_NS,
            )
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else (user_of(row), row["seen_ns"])


def see_session(connection: Connection, secret: str, now_ns: int) -> None:
    connection.execute(
        update(session).where(session.c.hash == hash_of(secret)).values(seen_ns=now_ns)
    )


def end_session(connection: Connection, secret: str) -> bool:
    """Whether there was one."""
    return connection.execute(delete(session).where(session.c.hash == hash_of(secret))).rowcount > 0


def find_token(connection: Connection, secret: str) -> tuple[User, str, int | None] | None:
    """Who comes with it, its id and when it was last used. Its role never exceeds the owner's."""
    row = connection.execute(
        select(
            person.c.name, person.c.role.label("owners"), token.c.id, token.c.role, token.c.used_ns
        )
        .join(person, person.c.key == token.c.person)
        .where(token.c.hash == hash_of(secret))
    ).one_or_none()
    if row is None:
        return None
    owners, role = Role(row.owners), Role(row.role)
    return User(row.name, role if owners.includes(role) else owners), row.id, row.used_ns


def use_token(connection: Connection, token_id: str, now_ns: int) -> None:
    connection.execute(update(token).where(token.c.id == token_id).values(used_ns=now_ns))


def tokens_of(connection: Connection, owner: str) -> list[Token]:
    rows = connection.execute(
        select(token, person.c.name.label("owner"))
        .join(person, person.c.key == token.c.person)
        .where(token.c.person == key_of(owner))
        .order_by(token.c.created_ns, token.c.id)
    )
    return [Token(r.id, r.name, r.owner, Role(r.role), r.created_ns, r.used_ns) for r in rows]


def add_token(connection: Connection, one: Token, secret: str) -> None:
    """Conflict when the owner has a token of this name."""
    try:
        with connection.begin_nested():
            connection.execute(
                insert(token).values(
                    id=one.id,
                    hash=hash_of(secret),
                    person=key_of(one.owner),
                    name=one.name,
                    role=str(one.role),
                    created_ns=one.created_ns,
                )
            )
    except IntegrityError as error:
        raise Conflict(
            f"name: {one.owner!r} has a token {one.name!r} already; choose another name"
        ) from error


def remove_token(connection: Connection, owner: str, token_id: str) -> str:
    """The token's name; NotFound when the owner has none such."""
    mine = (token.c.id == token_id) & (token.c.person == key_of(owner))
    name = connection.execute(select(token.c.name).where(mine)).scalar_one_or_none()
    if name is None:
        raise NotFound(f"{owner!r} has no token {token_id!r}; GET /api/v1/tokens lists them")
    connection.execute(delete(token).where(mine))
    return str(name)
