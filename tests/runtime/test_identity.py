"""Users, sessions, tokens and the growing wait after failed log-ins, over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from service.domain.instants import HOUR_NS, SECOND_NS
from service.runtime.clock import FakeClock
from service.runtime.identity import (
    Conflict,
    NotFound,
    Role,
    Throttled,
    Unsuitable,
    User,
    WrongLogin,
)
from service.runtime.throttle import Throttle
from service.state.database import Database, open_database
from service.state.identity import StateIdentity, suitable_name
from service.state.passwords import Passwords
from service.state.tables_identity import audit, person, session, token

NOW_NS = 1_772_323_200 * SECOND_NS
PASSWORD = "graphite-3000"
QUICK = {"time_cost": 1, "memory_kib": 8}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW_NS)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as opened:
        yield opened


@pytest.fixture
async def identity(database: Database, clock: FakeClock) -> StateIdentity:
    made = StateIdentity(database, clock, passwords=Passwords(**QUICK))
    for name, role in (("li.wei", Role.OPERATOR), ("chen", Role.ADMINISTRATOR)):
        await made.add_user(name, password=PASSWORD, role=role, by="test")
    return made


async def test_roles_include_those_below() -> None:
    roles = list(Role)
    for rank, role in enumerate(roles):
        assert [role.includes(other) for other in roles] == [n <= rank for n in range(4)]


async def test_first_administrator_is_made_once(database: Database, clock: FakeClock) -> None:
    identity = StateIdentity(database, clock, passwords=Passwords(**QUICK))
    password = await identity.ensure_first_administrator()
    assert password is not None
    assert len(password) >= 16
    _, user = await identity.log_in("admin", password, address="127.0.0.1")
    assert user == User("admin", Role.ADMINISTRATOR)
    assert await identity.ensure_first_administrator() is None


async def test_log_in_and_out(identity: StateIdentity) -> None:
    secret, user = await identity.log_in("li.wei", PASSWORD, address="10.0.0.7")
    assert user == User("li.wei", Role.OPERATOR)
    assert await identity.of_session(secret) == user
    await identity.log_out(secret)
    assert await identity.of_session(secret) is None
    await identity.log_out(secret)


async def test_secrets_are_not_in_the_database(identity: StateIdentity, database: Database) -> None:
    secret, owner = await identity.log_in("li.wei", PASSWORD, address="x")
    bearer, _ = await identity.add_token(owner, name="mes", role=Role.VIEWER)
    rows = await database.read(
        lambda c: [
            str(row) for t in (person, session, token, audit) for row in c.execute(select(t))
        ]
    )
    text = "\n".join(rows)
    assert "$argon2id$" in text
    for kept_secret in (secret, bearer, PASSWORD):
        assert kept_secret not in text


@pytest.mark.parametrize(("name", "password"), [("li.wei", "wrong-password"), ("nobody", PASSWORD)])
async def test_wrong_log_in_does_not_say_what_is_wrong(
    identity: StateIdentity, name: str, password: str
) -> None:
    with pytest.raises(WrongLogin, match=r"^username or password is wrong"):
        await identity.log_in(name, password, address="x")


async def test_unknown_user_costs_a_verification(
    identity: StateIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    passwords = identity._passwords
    real = passwords._hasher.verify

    class Counting:
        def verify(self, encoded: str, password: str) -> bool:
            verified.append(encoded.split("$")[3])
            return real(encoded, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    for name in ("li.wei", "nobody"):
        with pytest.raises(WrongLogin):
            await identity.log_in(name, "wrong-password", address="x")
    assert len(verified) == 2
    assert verified[0] == verified[1]  # the same parameters, hence the same work


async def test_one_name_however_it_is_written(identity: StateIdentity) -> None:
    _, user = await identity.log_in("ＬI.Wei", PASSWORD, address="x")
    assert user.name == "li.wei"
    with pytest.raises(Conflict, match="choose another name"):
        await identity.add_user("LI.WEI", password=PASSWORD, role=Role.VIEWER, by="test")


async def test_session_ends_idle_and_in_any_case(identity: StateIdentity, clock: FakeClock) -> None:
    secret, _ = await identity.log_in("li.wei", PASSWORD, address="x")
    await clock.advance(13 * 3600)
    assert await identity.of_session(secret) is None

    secret, _ = await identity.log_in("li.wei", PASSWORD, address="x")
    hours = 0
    while await identity.of_session(secret) is not None:
        await clock.advance(11 * 3600)
        hours += 11
    assert hours == 176  # the first check after 7 × 24


async def test_sessions_that_are_over_are_cleared(
    identity: StateIdentity, clock: FakeClock, database: Database
) -> None:
    for _ in range(3):
        await identity.log_in("li.wei", PASSWORD, address="x")
        await clock.advance(13 * 3600)
    await identity.log_in("chen", PASSWORD, address="x")
    rows = await database.read(lambda c: c.execute(select(session.c.person)).all())
    assert [row.person for row in rows] == ["chen"]


async def test_failed_log_ins_wait_longer_and_longer(
    identity: StateIdentity, clock: FakeClock
) -> None:
    waits = []
    for _ in range(11):
        try:
            await identity.log_in("li.wei", "wrong-password", address="x")
        except WrongLogin:
            continue
        except Throttled as error:
            waits.append(error.retry_after_s)
            await clock.advance(error.retry_after_s)
    assert waits == [1.0, 2.0, 4.0]
    with pytest.raises(Throttled, match="try again in 8 s"):
        await identity.log_in("li.wei", PASSWORD, address="elsewhere")
    await clock.advance(8)
    await identity.log_in("li.wei", PASSWORD, address="elsewhere")
    with pytest.raises(WrongLogin):  # and all is forgotten
        await identity.log_in("li.wei", "wrong-password", address="elsewhere")


async def test_one_address_cannot_try_many_names(identity: StateIdentity) -> None:
    for n in range(20):
        with pytest.raises(WrongLogin):
            await identity.log_in(f"somebody{n}", "wrong-password", address="10.0.0.9")
    with pytest.raises(Throttled):
        await identity.log_in("chen", PASSWORD, address="10.0.0.9")
    await identity.log_in("chen", PASSWORD, address="10.0.0.10")


def test_throttle_is_bounded_and_forgets() -> None:
    throttle = Throttle(free=2, longest_s=60.0, most_keys=100)
    for n in range(1_000):
        throttle.count(f"key{n}", NOW_NS)
    assert len(throttle) == 100
    for _ in range(40):
        throttle.count("one", NOW_NS)
    assert throttle.wait_s("one", NOW_NS) == 60.0
    assert throttle.wait_s("one", NOW_NS + HOUR_NS) == 0.0
    throttle.count("one", NOW_NS + HOUR_NS)
    assert throttle.wait_s("one", NOW_NS + HOUR_NS) == 0.0


async def test_hash_is_renewed_when_its_parameters_change(
    identity: StateIdentity, database: Database, clock: FakeClock
) -> None:
    harder = StateIdentity(database, clock, passwords=Passwords(time_cost=2, memory_kib=16))
    secret, _ = await identity.log_in("li.wei", PASSWORD, address="x")
    await harder.log_in("li.wei", PASSWORD, address="x")
    query = select(person.c.password).where(person.c.key == "li.wei")
    encoded = await database.read(lambda c: c.execute(query).scalar_one())
    assert "m=16,t=2,p=1" in encoded
    assert await harder.of_session(secret) is not None  # nobody is sent away for it


async def test_tokens(identity: StateIdentity, clock: FakeClock) -> None:
    owner = User("li.wei", Role.OPERATOR)
    secret, made = await identity.add_token(owner, name="mes", role=Role.VIEWER)
    assert secret.startswith("aw_")
    assert len(secret) > 40
    assert (await identity.tokens("li.wei"))[0].last_used_ns is None
    await clock.advance(5)
    assert await identity.of_token(secret) == User("li.wei", Role.VIEWER)
    assert (await identity.tokens("li.wei"))[0].last_used_ns == NOW_NS + 5 * SECOND_NS
    assert await identity.of_token("aw_wrong") is None
    assert await identity.of_token("") is None

    with pytest.raises(Conflict):
        await identity.add_token(owner, name="mes", role=Role.VIEWER)
    with pytest.raises(Unsuitable, match="choose at most operator"):
        await identity.add_token(owner, name="more", role=Role.ENGINEER)
    with pytest.raises(NotFound):
        await identity.revoke_token(User("chen", Role.ADMINISTRATOR), made.id)
    await identity.revoke_token(owner, made.id)
    assert await identity.of_token(secret) is None


async def test_a_removed_user_is_gone_at_once(identity: StateIdentity) -> None:
    session_secret, owner = await identity.log_in("li.wei", PASSWORD, address="x")
    token_secret, _ = await identity.add_token(owner, name="mes", role=Role.VIEWER)
    await identity.remove_user("li.wei", by="chen")
    assert await identity.of_session(session_secret) is None
    assert await identity.of_token(token_secret) is None
    with pytest.raises(NotFound):
        await identity.remove_user("li.wei", by="chen")
    with pytest.raises(Conflict, match="last administrator"):
        await identity.remove_user("chen", by="chen")


async def test_a_new_password_ends_sessions(identity: StateIdentity) -> None:
    secret, _ = await identity.log_in("li.wei", PASSWORD, address="x")
    await identity.set_password("li.wei", password="needle-coke-2026", by="chen")
    assert await identity.of_session(secret) is None
    with pytest.raises(WrongLogin):
        await identity.log_in("li.wei", PASSWORD, address="x")
    await identity.log_in("li.wei", "needle-coke-2026", address="x")
    with pytest.raises(Unsuitable, match="expected 10 to 200 characters, came 5"):
        await identity.set_password("li.wei", password="short", by="chen")


@pytest.mark.parametrize("name", ["li.wei", "张伟", "MES-export_2", "a"])
def test_names_that_suit(name: str) -> None:
    assert suitable_name(f" {name} ") == name


@pytest.mark.parametrize("name", ["", " ", ".hidden", "a b", "x" * 41, "a/b", "<b>", "-"])
def test_names_that_do_not_suit(name: str) -> None:
    with pytest.raises(Unsuitable, match=r"^name: expected"):
        suitable_name(name)


async def test_audit_says_who_did_what(identity: StateIdentity, database: Database) -> None:
    secret, owner = await identity.log_in("li.wei", PASSWORD, address="10.0.0.7")
    _, made = await identity.add_token(owner, name="mes", role=Role.VIEWER)
    await identity.revoke_token(owner, made.id)
    await identity.record("li.wei", "acknowledge", "0123abcd")
    await identity.log_out(secret)
    await identity.remove_user("li.wei", by="chen")
    columns = select(audit.c.by, audit.c.action, audit.c.subject).order_by(audit.c.id)
    rows = await database.read(lambda c: [tuple(row) for row in c.execute(columns)])
    assert rows == [
        ("test", "add user", "li.wei operator"),
        ("test", "add user", "chen administrator"),
        ("li.wei", "log in", "10.0.0.7"),
        ("li.wei", "add token", "mes viewer"),
        ("li.wei", "revoke token", "mes"),
        ("li.wei", "acknowledge", "0123abcd"),
        ("li.wei", "log out", ""),
        ("chen", "remove user", "li.wei"),
    ]
