"""Delivery: at least once, the same id on every retry, in order per alarm, dead letters visible."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import insert

from service.domain.instants import SECOND_NS
from service.runtime.clock import FakeClock
from service.runtime.deliver import Pending, deliver
from service.runtime.errors import Rejected, Retryable
from service.runtime.notification import dump_notice
from service.runtime.notify import Destination, Message, NotifierLimits
from service.runtime.progress import Progress
from service.state.database import Database, open_database
from service.state.outbox import StateOutbox
from service.state.tables import outbox
from tests.notices import SITE, notice

T0 = 1_780_000_000 * SECOND_NS


class Flaky:
    """Fails as it is told, then takes everything."""

    limits = NotifierLimits()

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tried: list[str] = []
        self.got: list[str] = []

    async def send(self, message: Message) -> str:
        listed = " ".join(one.transition for one in message.notices)
        self.tried.append(listed)
        if self.errors:
            raise self.errors.pop(0)
        self.got.append(listed)
        return "HTTP 204"


async def put(database: Database, *rows: tuple[str, str], destination: str = "m") -> None:
    """Notices (transition, alarm) into the outbox."""
    values = [
        {
            "destination": destination, "alarm": alarm, "transition": transition, "kind": "raised",
            "priority": 2, "notice": dump_notice(notice(transition, alarm)),
            "state": "pending", "attempts": 0, "created_ns": T0, "next_ns": T0,
        }
        for transition, alarm in rows
    ]  # fmt: skip
    await database.write(lambda c: c.execute(insert(outbox), values) and None)


@asynccontextmanager
async def delivering(
    folder: Path, notifier: Flaky, *rows: tuple[str, str]
) -> AsyncIterator[tuple[FakeClock, StateOutbox]]:
    clock = FakeClock(T0)
    async with open_database(f"sqlite:///{folder / 'state.db'}") as database:
        await put(database, *rows)
        box = StateOutbox(database)
        task = asyncio.ensure_future(
            deliver(Destination("m", notifier), SITE, box, clock, news=Progress())
        )
        try:
            yield clock, box
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def pass_time(clock: FakeClock, seconds: float, *, steps: int = 20) -> None:
    """Lets time pass; the database's threads run in real time."""
    for _ in range(steps):
        await clock.advance(seconds / steps)
        await asyncio.sleep(0.01)


async def test_a_retry_repeats_the_content_and_other_alarms_do_not_wait(tmp_path: Path) -> None:
    notifier = Flaky(Retryable("HTTP 500"))
    async with delivering(tmp_path, notifier, ("t1", "a"), ("t2", "a"), ("t3", "b")) as (
        clock,
        box,
    ):
        await pass_time(clock, 2)
        assert notifier.got == ["t3"]
        await pass_time(clock, 20)
        assert notifier.got == ["t3", "t1 t2"]
        assert notifier.tried.count("t1 t2") == 2
        assert await box.counts() == {"delivered": 3}


async def test_retry_after_is_kept(tmp_path: Path) -> None:
    notifier = Flaky(Retryable("HTTP 429", retry_after_s=600))
    async with delivering(tmp_path, notifier, ("t1", "a")) as (clock, _):
        await pass_time(clock, 2)
        assert notifier.tried == ["t1"]
        await pass_time(clock, 580)
        assert notifier.got == []
        await pass_time(clock, 60)
        assert notifier.got == ["t1"]


async def test_what_is_refused_for_three_days_is_a_dead_letter(tmp_path: Path) -> None:
    notifier = Flaky(*[Rejected("HTTP 400")] * 10_000)
    async with delivering(tmp_path, notifier, ("t1", "a")) as (clock, box):
        await pass_time(clock, 3.2 * 86_400, steps=400)
        assert await box.counts() == {"dead": 1}
        tried = len(notifier.tried)
        assert 20 < tried < 200
        await pass_time(clock, 86_400, steps=50)
        assert len(notifier.tried) == tried


class BusyOutbox(StateOutbox):
    """Whose database is busy every other time."""

    calls = 0

    def _busy(self) -> None:
        self.calls += 1
        if self.calls % 2:
            raise Retryable("state database: database is locked")

    async def due(self, destination: str, now_ns: int, limit: int) -> Sequence[Pending]:
        self._busy()
        return await super().due(destination, now_ns, limit)

    async def delivered(self, one: Pending, *, message: str, now_ns: int, answer: str) -> None:
        self._busy()
        await super().delivered(one, message=message, now_ns=now_ns, answer=answer)

    async def failed(self, one: Pending, *, message: str, next_ns: int | None, answer: str) -> None:
        self._busy()
        await super().failed(one, message=message, next_ns=next_ns, answer=answer)


async def test_a_busy_state_is_waited_for(tmp_path: Path) -> None:
    notifier = Flaky(Retryable("503"))
    clock = FakeClock(T0)
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        await put(database, ("t1", "a"))
        box = BusyOutbox(database)
        task = asyncio.ensure_future(
            deliver(Destination("m", notifier), SITE, box, clock, news=Progress())
        )
        await pass_time(clock, 30.0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert notifier.got == ["t1"]
        assert await box.counts() == {"delivered": 1}
