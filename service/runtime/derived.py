"""Production as tags like any other: closed minutes on their way into the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from service.domain.batch import Batch, Origin, TimeOrigin
from service.domain.coverage import Cover
from service.domain.instants import MINUTE_NS
from service.domain.line import Meter, MeterKind
from service.domain.production.minutes import Grade, Minutes
from service.domain.quality import BAD_NO_DATA, GOOD, UNCERTAIN_SUBSTITUTE_VALUE
from service.domain.tag import Tag
from service.domain.tagtable import TagTable
from service.runtime.accounting import Accounting
from service.runtime.clock import Clock
from service.runtime.history import HistoryWriter
from service.runtime.live import LiveTable
from service.runtime.retry import until_done

CONNECTOR = "accounting"
MASS_SUFFIX, ENERGY_SUFFIX = ".KG1M", ".KWH1M"
KEEP_ALIVE_S = 60.0
"""Accounting has news every minute."""
PORTION = 5_000

_STATUS = np.zeros(3, np.uint32)
_STATUS[Grade.MEASURED] = GOOD
_STATUS[Grade.ESTIMATED] = UNCERTAIN_SUBSTITUTE_VALUE
_STATUS[Grade.UNKNOWN] = BAD_NO_DATA


class Owed(Protocol):
    """Minutes that were closed and that history does not have yet. Called by one task;
    raises Retryable when the state can't be used now."""

    async def owed(self, limit: int) -> tuple[int, list[tuple[str, Minutes]]]:
        """The oldest ones, at most ``limit`` stretches, and the number to settle them with."""
        ...

    async def settled(self, number: int) -> None:
        """History has everything up to ``number``."""
        ...


def derived_tag(meter: Meter) -> str:
    """The id of the tag that a meter's minutes are."""
    return meter.id + (ENERGY_SUFFIX if meter.kind is MeterKind.ENERGY else MASS_SUFFIX)


def derived_tags(meters: Iterable[Meter]) -> list[Tag]:
    """One tag per meter: its kg, or kWh, per minute, at the minute's start."""
    return [
        Tag(
            id=derived_tag(meter),
            connector=CONNECTOR,
            node=meter.tag,
            unit="kWh" if is_energy else "kg",
            name_en=f"{meter.id} {'energy' if is_energy else 'production'} per minute",
            name_zh=f"{meter.id} 每分钟{'电量' if is_energy else '产量'}",
        )
        for meter in meters
        for is_energy in (meter.kind is MeterKind.ENERGY,)
    ]


def as_batch(owed: Sequence[tuple[str, Minutes]], table: TagTable, *, now_ns: int) -> Batch:
    """Closed minutes as rows; what is unknown is null and Bad, what is estimated Uncertain."""
    known = [(tag, minutes) for meter, minutes in owed if (tag := _tag_of(meter, table))]
    empty = np.zeros(0)
    return Batch(
        tag=np.repeat(
            np.array([table.number(tag) for tag, _ in known], np.int32),
            [len(minutes) for _, minutes in known],
        ),
        time_ns=np.concatenate([empty.astype(np.int64), *(m.start_ns for _, m in known)]),
        value=np.concatenate([empty, *(m.kg for _, m in known)]),
        status=_STATUS[np.concatenate([empty.astype(np.uint8), *(m.grade for _, m in known)])],
        received_ns=now_ns,
        time_origin=TimeOrigin.RECEIPT,
        origin=Origin.DERIVED,
        covers=_cover(known),
        source=CONNECTOR,
    )


def _tag_of(meter: str, table: TagTable) -> str | None:
    """The derived tag of the meter with this id; None for one that the site no longer has."""
    return next((t for s in (MASS_SUFFIX, ENERGY_SUFFIX) if (t := meter + s) in table), None)


def _cover(known: Sequence[tuple[str, Minutes]]) -> tuple[Cover, ...]:
    """Accounting has told all about the minutes that it closed."""
    if not known:
        return ()
    first = min(minutes.first for _, minutes in known)
    end = max(minutes.first + len(minutes) for _, minutes in known)
    return (Cover(f"{CONNECTOR}/main", first * MINUTE_NS, end * MINUTE_NS),)


async def write_derived(
    owed: Owed,
    accounting: Accounting,
    history: HistoryWriter,
    live: LiveTable,
    table: TagTable,
    clock: Clock,
) -> None:
    """Carries closed minutes to ``live`` and ``history`` for ever, each at least once; writing
    again
    changes nothing."""
    while True:
        seen = accounting.commits.value
        number, stretches = await until_done(
            partial(owed.owed, PORTION), what="derived minutes", clock=clock
        )
        if not stretches:
            await accounting.commits.until(seen + 1)
            continue
        batch = as_batch(stretches, table, now_ns=clock.now_ns())
        live.take(batch)
        await until_done(partial(history.write, [batch]), what="derived history", clock=clock)
        await until_done(partial(owed.settled, number), what="derived minutes", clock=clock)
