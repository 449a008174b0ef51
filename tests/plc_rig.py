"""A PLC with many tags and a machine with two, under a watch, and what was told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from service.domain.alarm import Priority
from service.domain.batch import Batch, make_batch
from service.domain.coverage import Cover
from service.domain.handling import Handling, WhileAlarm, WhileTag
from service.domain.instants import SECOND_NS
from service.domain.rules import (
    BadQualityRule,
    Behind,
    CommunicationRule,
    DeviceRule,
    LimitKind,
    LimitRule,
    Rule,
    StaleRule,
    Timing,
)
from service.domain.tag import Limits, Tag, TagKind
from service.state.tables import alarm, transition
from service.state.tables_outbox import outbox
from tests.watch_rig import T0, Rig

NO_COMMUNICATION = 0x8031_0000
N = 80
TAGS = {
    n: Tag(
        f"CB-L{n // 20:02}-TIC{n % 20:02}.PV", "plant", "n",
        limits=Limits(h=1_160.0), cyclic_s=10.0 if n % 2 else None,
    )
    for n in range(N)
} | {N: Tag("GZ-G1-JT401.PV", "plant", "n", limits=Limits(h=15.0))}  # fmt: skip
RULES: tuple[Rule, ...] = (
    CommunicationRule("comms", ("plant",), Priority.HIGH, Timing(0, 5)),
    DeviceRule("plc", ("plant",), Behind.AREA, Priority.HIGH, Timing(3, 5)),
    BadQualityRule("bad", ("*",), Priority.HIGH, Timing(2, 10)),
    StaleRule("stale", ("*",), 3.0, Priority.HIGH, Timing()),
    LimitRule("h", LimitKind.H, ("*",), Priority.HIGH, Timing(2, 2)),
)
PLC = "plc:plant/CB"


@dataclass(frozen=True)
class Told:
    """definition and kind of each message; alarms by why nobody was called; roots of these."""

    messages: list[tuple[str, str]]
    quiet: Counter[str | None]
    roots: Counter[str]
    parent: str | None


def some(
    at_s: float,
    numbers: Sequence[int],
    value: float = 1_100.0,
    status: int = 0,
    *,
    cover: tuple[float, float] | None = None,
) -> Batch:
    """The same value of many tags at one second, and liveness from it over the next, or as
    said."""
    start_ns, end_ns = (T0 + round(s * SECOND_NS) for s in cover or (at_s, at_s + 1))
    return make_batch(
        list(numbers),
        [T0 + round(at_s * SECOND_NS)] * len(numbers),
        np.full(len(numbers), value if status == 0 else np.nan),
        [status] * len(numbers),
        received_ns=end_ns,
        covers=(Cover("plant/main", start_ns, end_ns),),
        source="plant",
    )


def in_portions(at_s: int, value: float = 1_100.0, status: int = 0) -> list[Batch]:
    """All tags of the PLC within a second, as a server finds out or catches up."""
    return [
        some(at_s + k / 4, range(N * k // 4, N * (k + 1) // 4), value, status,
             cover=(at_s + k / 4, at_s + (k + 1) / 4))
        for k in range(4)
    ]  # fmt: skip


async def live(r: Rig, until_s: int, *batches: Batch, beside: Sequence[int] = (N,)) -> None:
    """Feeds batches of this second; then only the tags ``beside`` live on, until ``until_s``; the
    watch looks around every second."""
    await r.feed(*batches)
    now_s = (r.clock.now_ns() - T0) // SECOND_NS
    for s in range(now_s, until_s):
        if s > now_s or not batches:
            await r.feed(some(s, beside, 10.0))
        await r.clock.advance(1.0)
        await r.watch.look_around()


async def told(r: Rig, parent: str = PLC) -> Told:
    def read(connection):  # type: ignore[no-untyped-def]
        by_transition = {
            row.id: row.definition
            for row in connection.execute(select(transition.c.id, transition.c.definition))
        }
        messages = connection.execute(
            select(outbox.c.transition, outbox.c.kind).order_by(outbox.c.seq)
        )
        alarms = connection.execute(
            select(alarm.c.definition, alarm.c.quiet, alarm.c.root, alarm.c.id)
        ).all()
        return Told(
            [(by_transition[row.transition], row.kind) for row in messages],
            Counter(row.quiet for row in alarms),
            Counter(row.root for row in alarms if row.definition != parent),
            next((row.id for row in alarms if row.definition == parent), None),
        )

    return await r.database.read(read)


async def started(r: Rig) -> None:
    """Ten seconds in which all is well."""
    await live(r, 10, some(0, range(N)), some(0, [N], 10.0))


SUPPRESSED = (
    LimitRule(
        "flow-low", LimitKind.L, ("GZ-*",), Priority.HIGH, Timing(),
        handling=Handling(suppressed_by=(WhileTag("RUN.ST", below=0.5),), settle_s=5.0),
    ),
    LimitRule(
        "hot", LimitKind.H, ("GZ-*",), Priority.HIGH, Timing(),
        handling=Handling(suppressed_by=(WhileAlarm("bad"),), settle_s=0.0),
    ),
    BadQualityRule("bad", ("GZ-G1-RUN.ST",), Priority.HIGH, Timing()),
)  # fmt: skip
FLOW, RUN = 0, 1
MACHINE = {
    FLOW: Tag("GZ-G1-FT1.PV", "plant", "n", limits=Limits(l=5.0, h=50.0)),
    RUN: Tag("GZ-G1-RUN.ST", "plant", "n", kind=TagKind.BOOLEAN),
}
