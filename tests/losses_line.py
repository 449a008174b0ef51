"""Small lines whose minutes are drawn by hand, for the tests of loss accounting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.domain.arrays import Bools, Float64s
from service.domain.instants import MINUTE_NS
from service.domain.line import Stage
from service.domain.losses.events import Event
from service.domain.losses.units import StageMinutes, WorkUnit, stage_minutes

FIRST = 29_000_000
"""Number of the first minute of every window."""
FEEDS = {"A": ("B",), "B": ("C",), "C": ()}


def kg(pattern: str, *, rate: float = 10.0) -> Float64s:
    """A row of minutes: ``+`` the full rate, ``0`` nothing, ``?`` unknown, 1–9 tenths of the rate;
    ``+*60`` repeats a sign, blanks are skipped."""
    parts = (part.partition("*") for part in pattern.split())
    signs = "".join(sign * int(times) if times else sign for sign, _, times in parts)
    tenths = {"+": 10.0, "?": float("nan"), **{str(n): float(n) for n in range(10)}}
    return np.array([rate * tenths[sign] / 10.0 for sign in signs])


def stage(
    id_: str,
    rows: Sequence[Float64s],
    *,
    due: float = 10.0,
    capacity: float = 12.0,
    eq: float = 1.0,
    planned: Float64s | None = None,
    idle: Bools | None = None,
    standing_by: Bools | None = None,
    cycle_min: float = 0.0,
    join_min: int = 0,
) -> StageMinutes:
    """A stage whose units each have ``due`` kg to make a minute; capacity in kg a minute."""
    matrix = np.array(rows)
    units = tuple(
        WorkUnit(f"{id_}{n + 1}", id_, capacity * 60.0, cycle_min, join_min)
        for n in range(len(rows))
    )
    n = matrix.shape[1]
    plan = np.ones(n) if planned is None else planned
    return stage_minutes(
        Stage(id_, id_, id_, eq, 1.0, 1.0),
        units,
        first_minute=FIRST,
        kg=matrix,
        finished_due_kg=plan * due * len(rows) * eq,
        planned=plan,
        idle=idle,
        standing_by=standing_by,
    )


def told(events: Sequence[Event]) -> list[tuple[str, str, int, int]]:
    """(unit, kind, first minute, end) of each event, minutes counted from the window's begin."""
    return [
        (e.unit, e.kind.value, e.start_ns // MINUTE_NS - FIRST, e.end_ns // MINUTE_NS - FIRST)
        for e in events
    ]
