"""Couriers over a real state database, under a clock that jumps from one deadline to the next."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from service.domain.alarm import Priority
from service.domain.announcing import Announcement, Form
from service.domain.instants import SECOND_NS, seconds
from service.runtime.clock import FakeClock
from service.runtime.courier import Courier, Post
from service.runtime.deliver import Attempt, Outcome, Pending, Portion
from service.runtime.notify import Destination, Message, MessageKind, NotifierLimits
from service.runtime.progress import Progress
from service.state.database import Database, open_database
from service.state.outbox import StateOutbox
from service.state.outbox_rows import put
from service.state.tables_outbox import attempt, outbox
from tests.notices import SITE, notice

T0 = 1_780_000_000 * SECOND_NS
Answer = Callable[[Message], str | Exception]


class Receiver:
    """Answers as it is told: ``answers`` one after the other, then ``always``.

    tried, got: the transitions that each message listed; ids: of all messages that were tried.
    """

    def __init__(
        self,
        *answers: str | Exception,
        always: str | Exception = "HTTP 204",
        limits: NotifierLimits = NotifierLimits(),  # noqa: B008  frozen
        clock: FakeClock | None = None,
    ) -> None:
        self.answers = list(answers)
        self.always = always
        self.limits = limits
        self.clock = clock
        self.tried: list[str] = []
        self.ids: list[str] = []
        self.got: list[str] = []
        self.messages: list[Message] = []
        self.at_s: list[float] = []

    def preview(self, message: Message) -> str:
        answer = self.always
        if isinstance(answer, Exception):
            raise answer
        return f"{message.kind} of {len(message.notices)}"

    async def send(self, message: Message) -> str:
        listed = " ".join(one.transition for one in message.notices)
        self.tried.append(listed)
        self.ids.append(message.id)
        if self.clock is not None:
            self.at_s.append((self.clock.now_ns() - T0) / SECOND_NS)
        answer = self.answers.pop(0) if self.answers else self.always
        if isinstance(answer, Exception):
            raise answer
        self.got.append(listed)
        self.messages.append(message)
        return answer


async def put_rows(
    database: Database,
    *rows: tuple[str, str],
    to: Sequence[str] = ("m",),
    now_ns: int = T0,
    collect: str | None = None,
    due_s: float = 0.0,
    **more: Any,
) -> None:
    """Notices (transition, alarm) into the queues of ``to``; ``more``: fields of the notices."""

    def write(connection: Connection) -> None:
        for transition, alarm in rows:
            one = notice(transition, alarm, **more)
            told = [_told(name, now_ns + seconds(due_s), collect) for name in to]
            put(connection, [(one, told)], now_ns)

    await database.write(write)


def attempt_of(one: Pending, outcome: Outcome = Outcome.DELIVERED) -> Attempt:
    """An attempt at T0 to tell ``one`` to destination m."""
    return Attempt(
        "m", "msg_1", MessageKind.ALARM, one.alarm, len(one.notices), T0, 1, outcome, "said"
    )


def _told(name: str, due_ns: int, collect: str | None) -> Announcement:
    return Announcement(name, Form.TOGETHER if collect else Form.AT_ONCE, due_ns, collect)


@dataclass
class Rig:
    clock: FakeClock
    database: Database
    box: StateOutbox
    couriers: dict[str, Courier] = field(default_factory=dict)
    news: Progress = field(default_factory=Progress)
    tasks: list[asyncio.Future[None]] = field(default_factory=list)

    async def put(self, *rows: tuple[str, str], **more: Any) -> None:
        """Commits notices now, and has the couriers hear of it."""
        await put_rows(self.database, *rows, now_ns=self.clock.now_ns(), **more)
        self.news.step()

    async def quiet(self, *, asleep: int | None = None) -> None:
        """Until all couriers that live, or ``asleep`` of them, have nothing to do but wait."""
        async with asyncio.timeout(20):
            settled = 0
            while settled < 20:  # turns of the loop: a courier may only pass through its rest
                await asyncio.sleep(0 if settled else 0.0005)
                alive = sum(not task.done() for task in self.tasks)
                wanted = alive if asleep is None else asleep
                asleep_now = len(self.clock.deadlines_ns) >= wanted
                settled = settled + 1 if asleep_now else 0

    async def pass_s(self, span_s: float, *, asleep: int | None = None) -> None:
        """Lets time pass; everything happens at its own instant."""
        end_ns = self.clock.now_ns() + seconds(span_s)
        while True:
            await self.quiet(asleep=asleep)
            deadlines_ns = self.clock.deadlines_ns
            next_ns = min([end_ns, *deadlines_ns])
            await self.clock.advance(max(0, next_ns - self.clock.now_ns()) / SECOND_NS)
            if next_ns == end_ns:
                await self.quiet(asleep=asleep)
                return

    async def states(self, destination: str = "m") -> dict[str, str]:
        """Transition → state of its row."""
        wanted = select(outbox.c.transition, outbox.c.state)
        wanted = wanted.where(outbox.c.destination == destination).order_by(outbox.c.seq)
        return await self.database.read(lambda c: {r[0]: r[1] for r in c.execute(wanted)})

    async def log(self, destination: str = "m") -> list[tuple[str, str]]:
        """(outcome, answer) of each attempt in the log."""
        wanted = select(attempt.c.outcome, attempt.c.answer).order_by(attempt.c.id)
        wanted = wanted.where(attempt.c.destination == destination)
        return await self.database.read(lambda c: [(r[0], r[1]) for r in c.execute(wanted)])


@asynccontextmanager
async def post_rig(
    folder: Path,
    *destinations: Destination,
    clock: FakeClock | None = None,
    through: Callable[[StateOutbox], Post] = lambda box: box,
) -> AsyncIterator[Rig]:
    """Couriers of ``destinations`` at work. through: what stands between them and the outbox."""
    clock = clock or FakeClock(T0)
    async with open_database(f"sqlite:///{folder / 'state.db'}") as database:
        box = StateOutbox(database)
        rig = Rig(clock, database, box)
        for one in destinations:
            courier = Courier(one, SITE, through(box), clock, news=rig.news, draw=lambda: 0.5)
            rig.couriers[one.name] = courier
        rig.tasks += [asyncio.ensure_future(one.run()) for one in rig.couriers.values()]
        try:
            yield rig
        finally:
            for task in rig.tasks:
                task.cancel()
            for task in rig.tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def to(receiver: Any, name: str = "m", **more: Any) -> Destination:
    """A destination that takes every priority."""
    return Destination(name, receiver, Priority.LOW, **more)


class CountingOutbox(StateOutbox):
    """dues: how often something was asked for."""

    dues = 0

    async def due(self, destination: str, now_ns: int, limit: int) -> Portion:
        self.dues += 1
        return await super().due(destination, now_ns, limit)
