"""Graphitization runs found in a rectifier's energy.

A run is 549 MWh in 40 energised hours. Power that is cut and comes back prolongs a run; it is a new
run only when the one before had got most of its energy, or after a very long pause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s
from service.domain.instants import MINUTE_NS
from service.domain.losses.masks import stretches
from service.domain.losses.schedule import Start
from service.domain.losses.states import Detection

OVERFULL = 1.15
"""No run takes this much of its energy: what exceeds it belongs to the next one."""


@dataclass(frozen=True, slots=True)
class RunShape:
    """What a run looks like in a rectifier's kWh per minute.

    on_kwh_per_min: below this the furnace is not energised. complete_share: of ``run_kwh``, from
    which on a pause can be the run's end. switch_min: the shortest pause between two runs.
    longest_pause_min: a longer pause ends a run however little energy it had.
    """

    run_kwh: float = 549_000.0
    on_kwh_per_min: float = 10.0
    complete_share: float = 0.90
    switch_min: int = 30
    longest_pause_min: int = 2_880


RUN_SHAPE = RunShape()
RUN_DETECTION = Detection(shortest_stop_min=240, slow_mean_min=2_592)
"""For rectifiers whose minutes are ``progress_kg``: 3.2 h of switching to the next furnace are no
stop, and slow is judged over a whole cycle."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run within a window of minutes, [start, end).

    since: last minute before it that was seen, so that it began between the two (equal but for a
    gap). end: None while it is under way. kwh: what is known of its energy. energised_min: minutes
    with power. unknown_min: minutes of it that were not seen. cut: it had begun before the window.
    """

    since: int
    start: int
    end: int | None
    kwh: float
    energised_min: int
    unknown_min: int
    cut: bool

    def as_start(self, first_minute: int) -> Start:
        """For ``schedule.judge_starts``; first_minute: of the window, since 1970."""
        return Start(
            (first_minute + self.since) * MINUTE_NS, (first_minute + self.start) * MINUTE_NS
        )


def find_runs(kwh: Float64s, shape: RunShape = RUN_SHAPE) -> tuple[Run, ...]:
    """The runs in a rectifier's kWh per minute; shape (M,), NaN where unknown.

    Where a gap could hide the end of one run and the start of the next, the energy decides: two
    stretches that are too much for one run are two.
    """
    known = ~np.isnan(kwh)
    powered = known & (kwh >= shape.on_kwh_per_min)
    parts = [(int(a), int(b)) for a, b in zip(*stretches(powered), strict=True)]
    if not parts:
        return ()
    energy = np.concatenate(([0.0], np.cumsum(np.where(known, kwh, 0.0))))
    unseen = np.concatenate(([0], np.cumsum(~known)))
    typical_kwh = float(np.median(kwh[powered]))
    groups = [parts[0]]
    for a, b in parts[1:]:
        start, end = groups[-1]
        had_kwh = float(energy[end] - energy[start])
        most_kwh = had_kwh + float(unseen[a] - unseen[start]) * typical_kwh
        off_min = a - end - int(unseen[a] - unseen[end])
        complete = most_kwh >= shape.complete_share * shape.run_kwh
        too_much = had_kwh + float(energy[b] - energy[a]) > OVERFULL * shape.run_kwh
        if a - end > shape.longest_pause_min or (
            complete and (off_min >= shape.switch_min or (a - end >= shape.switch_min and too_much))
        ):
            groups.append((a, b))
        else:
            groups[-1] = (start, b)

    found = []
    for at, (a, b) in enumerate(groups):
        had_kwh = float(energy[b] - energy[a])
        quiet_min = int(known[b:].sum())
        most_kwh = had_kwh + float(unseen[b] - unseen[a]) * typical_kwh
        over = at + 1 < len(groups) or _is_over(most_kwh, quiet_min, shape)
        seen = np.flatnonzero(known[:a])
        found.append(
            Run(
                since=int(seen[-1]) + 1 if len(seen) else 0,
                start=a,
                end=b if over else None,
                kwh=had_kwh,
                energised_min=int(powered[a:b].sum()),
                unknown_min=int(unseen[b] - unseen[a]),
                cut=a == 0,
            )
        )
    return tuple(found)


def energised(kwh: Float64s, run: Run, shape: RunShape = RUN_SHAPE) -> Float64s:
    """The kWh of a run's energised minutes; minutes that were not seen stay in, as NaN."""
    part = kwh[run.start : run.end]
    return part[np.isnan(part) | (part >= shape.on_kwh_per_min)]


def progress_kg(kwh: Float64s, *, kg_per_run: float, shape: RunShape = RUN_SHAPE) -> Float64s:
    """A rectifier's output as its runs go on: each minute's part of a run's energy; shape (M,).

    This is when graphite is made; it is weighed when its furnace is unloaded, 16 days later. NaN
    where the energy is unknown.
    """
    powered = np.where(kwh < shape.on_kwh_per_min, 0.0, kwh)
    return np.asarray(powered / shape.run_kwh * kg_per_run, dtype=np.float64)


def _is_over(most_kwh: float, quiet_min: int, shape: RunShape) -> bool:
    """Whether the last run has ended, ``quiet_min`` seen minutes after its last power."""
    complete = most_kwh >= shape.complete_share * shape.run_kwh
    return quiet_min > shape.longest_pause_min or (complete and quiet_min >= shape.switch_min)
