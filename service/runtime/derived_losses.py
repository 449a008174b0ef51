"""Plan, losses and indicators of each shift as tags like any other: in history, trends, Grafana."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from service.domain.balance import Node, nodes_of
from service.domain.batch import Batch, Origin, TimeOrigin, make_batch
from service.domain.kpi import Known
from service.domain.line import Line
from service.domain.losses.shifts import ShiftLosses
from service.domain.losses.sums import StageSum, stage_sums
from service.domain.quality import BAD_NO_DATA, GOOD
from service.domain.tag import Tag
from service.domain.tagtable import TagTable
from service.domain.wip import LineWip
from service.runtime.clock import Clock
from service.runtime.derived import CONNECTOR
from service.runtime.history import HistoryWriter
from service.runtime.live import LiveTable
from service.runtime.losses import Losses
from service.runtime.retry import until_done

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Series:
    """One figure of a stage's shift: the attribute of its tag, unit, names, and how it comes."""

    attribute: str
    unit: str
    name_en: str
    name_zh: str
    of: Callable[[StageSum], Known]


def _t(kg: Known) -> Known:
    return None if kg is None else kg / 1_000.0


def _pct(share: Known) -> Known:
    return None if share is None else 100.0 * share


# fmt: off
SERIES: tuple[Series, ...] = (
    Series("PLAN", "t", "plan of the shift so far", "本班至今计划",
           lambda s: _t(s.totals.plan_kg + s.totals.unknown_due_kg)),
    Series("MADE", "t", "made in the shift so far", "本班至今产量",
           lambda s: _t(s.totals.actual_kg) if s.time.known_share else None),
    Series("LOST", "t", "lost in events of the shift", "本班事件损失",
           lambda s: _t(sum(s.totals.by_reason.values())) if s.time.known_share else None),
    Series("AVAIL", "%", "availability of the shift", "本班可用率",
           lambda s: _pct(s.indicators()["availability"])),
    Series("EFFECT", "%", "effectiveness of the shift", "本班性能率",
           lambda s: _pct(s.indicators()["effectiveness"])),
    Series("OEE", "%", "availability × effectiveness of the shift", "本班可用率×性能率",
           lambda s: _pct(_oee(s))),
    Series("KNOWN", "%", "known part of the shift's busy time", "本班已知时间",
           lambda s: _pct(s.time.known_share)),
    Series("ENERGY", "kWh/t", "energy per tonne of the shift", "本班吨产品能耗",
           lambda s: s.indicators()["energy_per_tonne"]),
)
# fmt: on
"""``OEE`` supposes good quality: what the laboratory says comes days later."""


def _oee(one: StageSum) -> Known:
    """OEE as if all that was made were good."""
    return one.indicators(good_kg=one.time.made_kg)["oee_index"]


STORED = "STORED"
"""By how much the work in progress of a stage grew in its shift."""
WIP, LEAD = "WIP", "LEAD"
"""What of a stage's input lies before and in it as far as the shift is known, since stock-taking;
and the time that it takes to pass."""


def stored_kg(stage: str, sums: Mapping[str, StageSum], node: Node) -> Known:
    """What came to ``stage`` less what it took for its output; in kg of its input.

    None for a stage that nothing metered feeds, and where a minute of either side is unknown.
    """
    both = [sums.get(one) for one in (stage, *node.suppliers)]
    known = [one for one in both if one is not None and not one.totals.unknown_min]
    if not node.suppliers or len(known) < len(both):
        return None
    came_kg = math.fsum(part * sums[s].totals.actual_kg for s, part in node.suppliers.items())
    return came_kg - node.taken_kg(sums[stage].totals.actual_kg)


def shift_tag(stage: str, attribute: str) -> str:
    """The id of a stage's series."""
    return f"{stage}-SHIFT.{attribute}"


def shift_tags(line: Line) -> list[Tag]:
    """A tag for each stage and series; a value stands at its shift's start, and is written again as
    the shift goes on."""
    told = [(one.attribute, one.unit, one.name_en, one.name_zh) for one in SERIES]
    told.append((STORED, "t", "growth of work in progress in the shift", "本班在制品增量"))
    told.append((WIP, "t", "work in progress at the shift's end", "班末在制品"))
    told.append((LEAD, "h", "lead time by Little's law", "按利特尔法则的流转时间"))
    return [
        Tag(
            id=shift_tag(stage.id, attribute),
            connector=CONNECTOR,
            node=stage.id,
            unit=unit,
            name_en=f"{stage.name_en}: {name_en}",
            name_zh=f"{stage.name_zh}{name_zh}",
        )
        for stage in line.stages
        for attribute, unit, name_en, name_zh in told
    ]


def shifts_as_batch(
    shifts: Sequence[ShiftLosses], line: Line, stock: Stock, table: TagTable, *, now_ns: int
) -> Batch:
    """Shifts as rows; what is unknown is null and Bad."""
    rows = [
        (table.number(tag), shift.span.start_ns, value)
        for shift in shifts
        for tag, value in _figures(shift, line, stock)
        if tag in table
    ]
    return make_batch(
        [number for number, _, _ in rows],
        [time_ns for _, time_ns, _ in rows],
        [NAN if value is None else value for _, _, value in rows],
        [BAD_NO_DATA if value is None else GOOD for _, _, value in rows],
        received_ns=now_ns,
        time_origin=TimeOrigin.RECEIPT,
        origin=Origin.DERIVED,
        source=CONNECTOR,
    )


def _figures(shift: ShiftLosses, line: Line, stock: Stock) -> Iterator[tuple[str, Known]]:
    """Tag and value of every series of a shift."""
    sums = stage_sums([shift])
    nodes = nodes_of(line.at(shift.span.start_ns))
    for stage, stage_sum in sums.items():
        for one in SERIES:
            yield shift_tag(stage, one.attribute), one.of(stage_sum)
        yield shift_tag(stage, STORED), _t(stored_kg(stage, sums, nodes[stage]))
    for lying in stock.at(shift.through_ns).stages:
        yield shift_tag(lying.stage, WIP), _t(lying.kg)
        yield shift_tag(lying.stage, LEAD), lying.lead_time_h


class Stock(Protocol):
    """What lies in the line. Called by one task."""

    def at(self, time_ns: int) -> LineWip:
        """Work in progress at ``time_ns``; must not block."""
        ...


class KeptShifts(Protocol):
    """Where losses are kept. Called by one task; raises Retryable when it can't be read now."""

    async def shifts(self, start_ns: int, end_ns: int) -> Sequence[ShiftLosses]:
        """Every kept shift that overlaps [start_ns, end_ns), in order."""
        ...


async def write_shifts(
    losses: Losses,
    kept: KeptShifts,
    stock: Stock,
    history: HistoryWriter,
    live: LiveTable,
    table: TagTable,
    clock: Clock,
) -> None:
    """Carries what was found of shifts to ``live`` and ``history`` for ever; writing again changes
    nothing. After a restart the shifts that are not settled are found, and so written, again."""
    while True:
        seen = losses.found.value
        for start_ns in losses.take_changed():
            read = partial(kept.shifts, start_ns, start_ns + 1)
            shifts = await until_done(read, what="shifts' series", clock=clock)
            batch = shifts_as_batch(shifts, losses.line, stock, table, now_ns=clock.now_ns())
            live.take(batch)
            await until_done(partial(history.write, [batch]), what="shifts' history", clock=clock)
        await losses.found.until(seen + 1)
