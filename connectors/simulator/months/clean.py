"""Clean months of three kinds of stage, many at once, as detection sees them.

The mass model takes half a second for a day; here its furnaces and a flow stage are written for
many series at once, in steps of six minutes, which makes two hundred months in seconds. A test
holds both against each other.

``SC`` is a flow stage of the simulator: twelve machines with noise of 3 % that lasts 15 minutes,
paced by the stock before it, which a furnace fills every 5.4 h. ``GZ`` is the bottleneck: eight
rectifiers, a run each every 43.2 h, 50 t at once. ``ROUGH`` is a flow stage as plants have them:
hourly spread of 5 % with an autocorrelation of 0.5, and short stops. All of them lose communication
now and then; what is lost is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from service.domain.arrays import Bools, Float64s
from service.domain.detection.residuals import Residuals, block_residuals

STEP_MIN = 6
STEPS_PER_DAY = 24 * 60 // STEP_MIN
PACE = 9.0 / 8.84
"""What the line makes over what the plan asks for."""
LEAD_DAYS = 30
"""Run before the first day that is watched, so that every stock has settled."""

RUN_H, UNLOAD_H, SWITCH_SD_H, PHASE_SD_H = 43.2, 3.0, 0.1, 0.4
RECTIFIERS = 8
CHARGE_SD = 0.008
MACHINE_SD, MACHINE_H, MACHINES = 0.03, 0.25, 12
GAIN, STOCK_H = 0.25, 31.2
"""How a full stock speeds the stage behind it, and what it holds in hours of production."""
ROUGH_SD, ROUGH_H = 0.0595, 0.87
"""They give hourly means a spread of 5 % and a lag-1 autocorrelation of 0.5."""
STOPS_PER_DAY, STOP_H = 0.2, 0.4
GAPS_PER_DAY, GAP_H = 0.1, 4.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What detection sees of one stage: residuals, shape (series, blocks), and for each block its
    end and its length in hours, shape (series, blocks). inflow: what came into the stage over what
    was due − 1, shape (series, lead + blocks); None where that tells nothing of the stage."""

    residuals: Residuals
    end_h: Float64s
    length_h: Float64s
    inflow: Float64s | None = None

    def __getitem__(self, series: slice | int) -> Watched:
        """Some of the series; of a single one the axis over series is gone."""
        residuals = Residuals(self.residuals.ratio[series], self.residuals.share[series])
        inflow = None if self.inflow is None else self.inflow[series]
        return Watched(residuals, self.end_h[series], self.length_h[series], inflow)

    def with_loss(self, loss: float, onset_h: Float64s) -> Watched:
        """The same production with a share ``loss`` gone from ``onset_h`` on, shape (series,); a
        block in which it begins loses in proportion."""
        after = np.clip((self.end_h - onset_h[:, np.newaxis]) / self.length_h, 0.0, 1.0)
        ratio = (1.0 + self.residuals.ratio) * (1.0 - loss * after) - 1.0
        return replace(self, residuals=Residuals(ratio, self.residuals.share))


Make = Callable[[np.random.Generator, Float64s, int], Watched]
"""Clean production over so many days, one series for each row of ``habits``: what makes one plant
differ from another for good, shape (series, HABITS), standard normal."""
HABITS = RECTIFIERS


def flow_stage(
    rng: np.random.Generator, habits: Float64s, days: int, *, block_h: float = 1.0
) -> Watched:
    """``SC``, in blocks of ``block_h``."""
    steps = (days + LEAD_DAYS) * STEPS_PER_DAY
    series = len(habits)
    inflow, _, _ = _unloads(rng, habits, steps)
    noise = _lasting_noise(rng, series, steps, MACHINE_SD / math.sqrt(MACHINES), MACHINE_H)
    made = np.empty((steps, series))
    level = np.full(series, 0.5)
    part = STEP_MIN / 60.0 / STOCK_H
    for step in range(steps):
        rate = (1.0 + GAIN * (level - 0.5)) * (1.0 + noise[step])
        level = level + part * (inflow[step] - rate)
        made[step] = rate
    watched = _blocks(rng, made[-days * STEPS_PER_DAY :].T, block_h)
    per_block = round(block_h * 60 / STEP_MIN)
    whole = inflow[: steps // per_block * per_block].T.reshape(series, -1, per_block)
    return replace(watched, inflow=np.asarray(PACE * whole.mean(axis=2) - 1.0))


def bottleneck(rng: np.random.Generator, habits: Float64s, days: int) -> Watched:
    """``GZ`` with each unload as one observation (see ``furnace_runs``)."""
    series = len(habits)
    steps = days * STEPS_PER_DAY
    _, end_h, mass = _unloads(rng, habits, steps)
    ratio = PACE * mass[..., 1:] * RUN_H / np.diff(end_h, axis=-1) - 1.0
    ends = end_h[..., 1:].reshape(series, -1)
    order = np.argsort(ends, axis=1)
    ends = np.take_along_axis(ends, order, axis=1)
    ratio = np.take_along_axis(ratio.reshape(series, -1), order, axis=1)
    within = (ends > 0.0) & (ends <= 24.0 * days)
    gone = _communication_lost(rng, series, steps)
    at = np.clip((ends * 60.0 / STEP_MIN).astype(np.int64), 0, steps - 1)
    within &= ~np.take_along_axis(gone, at, axis=1)
    ratio = np.where(within, ratio, np.nan)
    return Watched(Residuals(ratio, within.astype(np.float64)), ends, np.full(ends.shape, UNLOAD_H))


def rough_stage(
    rng: np.random.Generator, habits: Float64s, days: int, *, block_h: float = 1.0
) -> Watched:
    """``ROUGH``, in blocks of ``block_h``; all plants are alike."""
    series = len(habits)
    steps = days * STEPS_PER_DAY
    made = 1.0 + _lasting_noise(rng, series, steps, ROUGH_SD, ROUGH_H).T
    made[_spells(rng, series, steps, STOPS_PER_DAY, STOP_H)] = 0.0
    return _blocks(rng, np.maximum(made, 0.0), block_h)


def _blocks(rng: np.random.Generator, made: Float64s, block_h: float) -> Watched:
    """Residuals of production per step, shape (series, steps), 1 being the line's pace."""
    series, steps = made.shape
    residuals = block_residuals(
        PACE * made,
        np.ones(steps),
        (~_communication_lost(rng, series, steps)).astype(np.float64),
        planned=np.ones(steps),
        block_minutes=round(block_h * 60 / STEP_MIN),
    )
    shape = residuals.ratio.shape
    ends = np.broadcast_to((np.arange(shape[1]) + 1.0) * block_h, shape)
    return Watched(residuals, ends, np.full(shape, block_h))


def _unloads(
    rng: np.random.Generator, habits: Float64s, steps: int
) -> tuple[Float64s, Float64s, Float64s]:
    """Unloaded per step, shape (steps, series), 1 being the pace of the line; and each run's end in
    hours and its mass (1 is a usual one), both shape (series, rectifiers, runs)."""
    series = len(habits)
    hours = steps * STEP_MIN / 60.0
    runs = int(hours / RUN_H) + 5
    phase = np.arange(RECTIFIERS)[:, np.newaxis] * RUN_H / RECTIFIERS
    phase = phase + PHASE_SD_H * habits[:, :, np.newaxis] - 3.0 * RUN_H
    gaps = RUN_H + rng.normal(0.0, SWITCH_SD_H, (series, RECTIFIERS, runs))
    end_h = phase + np.cumsum(gaps, axis=2)
    mass = 1.0 + rng.normal(0.0, CHARGE_SD, end_h.shape)
    change = np.zeros((steps + 1, series))
    of = np.broadcast_to(np.arange(series)[:, np.newaxis, np.newaxis], end_h.shape)
    rate = mass * RUN_H / RECTIFIERS / UNLOAD_H
    for at_h, sign in ((end_h - UNLOAD_H, 1.0), (end_h, -1.0)):
        step = np.clip(np.rint(at_h * 60.0 / STEP_MIN).astype(np.int64), 0, steps)
        np.add.at(change, (step, of), sign * rate)
    return np.maximum(np.cumsum(change[:-1], axis=0), 0.0), end_h, mass


def _lasting_noise(
    rng: np.random.Generator, series: int, steps: int, sd: float, lasts_h: float
) -> Float64s:
    """First-order noise; shape (steps, series)."""
    decay = math.exp(-STEP_MIN / 60.0 / lasts_h)
    noise = rng.normal(0.0, sd, (steps, series))
    noise[1:] *= math.sqrt(1.0 - decay**2)
    for step in range(1, steps):
        noise[step] += decay * noise[step - 1]
    return noise


def _communication_lost(rng: np.random.Generator, series: int, steps: int) -> Bools:
    return _spells(rng, series, steps, GAPS_PER_DAY, GAP_H)


def _spells(
    rng: np.random.Generator, series: int, steps: int, per_day: float, lasts_h: float
) -> Bools:
    """Steps within spells that begin at random and last ``lasts_h`` on average; shape (series,
    steps)."""
    begins = rng.random((series, steps)) < per_day / STEPS_PER_DAY
    of, at = np.nonzero(begins)
    lasting = 1 + (rng.exponential(lasts_h, of.size) * 60.0 / STEP_MIN).astype(np.int64)
    change = np.zeros((series, steps + 1), np.int64)
    np.add.at(change, (of, at), 1)
    np.add.at(change, (of, np.minimum(at + lasting, steps)), -1)
    return np.asarray(np.cumsum(change[:, :-1], axis=1) > 0)
