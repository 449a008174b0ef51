"""[[stages.changes]] and [[meters.changes]]: what is otherwise from some instant on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

from service.domain.line import Stage, StageChange
from service.settings.document import Document
from service.settings.explain import Where
from service.settings.tables import MeterChangeTable, StageChangeTable

EdgeNs = Callable[[date], int]
"""The instant that a date or local moment stands for."""


def stage_changes(
    document: Document,
    where: Where,
    stage: Stage,
    tables: Sequence[StageChangeTable],
    edge_ns: EdgeNs,
) -> list[StageChange]:
    """What ``stage`` is from which instant on, in order; problems are noted."""
    instants = _instants(document, where, tables, edge_ns)
    found = []
    for at, (effective_ns, table) in enumerate(zip(instants, tables, strict=True)):
        new = _changed(stage, table)
        if new == stage:
            document.problem(
                (*where, at),
                expected="something that is otherwise from then on",
                found="nothing that changes",
                remedy="write e.g. yield_pct = 93.5, or remove it",
            )
        stage = new
        found.append(StageChange(effective_ns, stage))
    return found


def meter_masses(
    document: Document, where: Where, tables: Sequence[MeterChangeTable], edge_ns: EdgeNs
) -> tuple[tuple[int, float], ...]:
    """(instant, kg_per_unit) of each change, in order; problems are noted."""
    instants = _instants(document, where, tables, edge_ns)
    return tuple((at, table.kg_per_unit) for at, table in zip(instants, tables, strict=True))


def _instants(
    document: Document,
    where: Where,
    tables: Sequence[StageChangeTable] | Sequence[MeterChangeTable],
    edge_ns: EdgeNs,
) -> list[int]:
    instants = [edge_ns(table.effective) for table in tables]
    for at, (before, after) in enumerate(pairwise(instants), start=1):
        if after <= before:
            document.problem(
                (*where, at, "effective"),
                expected=f"later than {tables[at - 1].effective}, the change before",
                found=str(tables[at].effective),
                remedy="write changes in the order of time, one for each instant",
            )
    return instants


def _changed(stage: Stage, table: StageChangeTable) -> Stage:
    given: dict[str, Any] = {
        "finished_eq": table.finished_eq,
        "yield_fraction": None if table.yield_pct is None else table.yield_pct / 100,
        "side_share": None if table.side_pct is None else table.side_pct / 100,
        "capacity_t_per_h": table.capacity_t_per_h,
        "buffer_kg": None if table.buffer_t is None else table.buffer_t * 1_000,
    }
    return replace(stage, **{name: value for name, value in given.items() if value is not None})
