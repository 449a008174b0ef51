"""The line from the furnaces to the bags, minute by minute, for many series at once.

The same mass model as ``process.mass`` in steps of five minutes, between which rates change evenly:
eight rectifiers unload into a stock; screens, separators and fillers are paced by the stocks before
and behind them, and each machine has noise of its own. What the stages before the furnaces do
reaches them only through the charges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from connectors.simulator.process.flow import NOISE, NOISE_S
from connectors.simulator.process.furnaces import (
    RECTIFIERS,
    RUN_EVERY_S,
    SWITCH_JITTER_S,
    UNLOAD_S,
)
from connectors.simulator.process.mass import GAIN, LEAST_DEMAND, MOST_DEMAND
from connectors.simulator.process.reference import STAGE
from service.domain.arrays import Float64s

MINUTE_S = 60.0
DAY_MINUTES = 1_440
DUST_KG = 1e-6
LEAD_DAYS = 10
"""Run before the first day, so that the stocks have settled."""
PHASE_SD_MIN, CHARGE_SD = 24.0, 0.008
FLOWS = ("SC", "DM", "PK")
STAGES = ("GZ", *FLOWS)
MACHINES = {stage: len(STAGE[stage].assets) for stage in STAGES}
STEP_MIN = 5
DECAY = math.exp(-STEP_MIN * MINUTE_S / NOISE_S)
STEPS_PER_DAY = DAY_MINUTES // STEP_MIN


@dataclass(frozen=True, slots=True)
class Made:
    """True output. kg: by stage, shape (minutes, series, machines); of PK what runs into bags."""

    kg: dict[str, Float64s]


def make_line(rng: np.random.Generator, series: int, days: int) -> Made:
    """Healthy production of ``series`` plants over ``days``."""
    minutes = (days + LEAD_DAYS) * DAY_MINUTES
    unloads = _unloads(rng, series, minutes)
    steps = minutes // STEP_MIN + 1
    came = unloads.sum(axis=2)[: (steps - 1) * STEP_MIN].reshape(steps - 1, STEP_MIN, series)
    inflow = np.concatenate([came.sum(axis=1), np.zeros((1, series))])
    step_s = STEP_MIN * MINUTE_S
    nominal = {s: STAGE[s].nominal_kg_per_s * step_s / MACHINES[s] for s in FLOWS}
    machine_kg = np.concatenate([np.full(MACHINES[s], nominal[s]) for s in FLOWS])
    starts = np.cumsum([0, *(MACHINES[s] for s in FLOWS)])
    capacity = {s: STAGE[s].buffer_d * 86_400.0 * STAGE[s].nominal_kg_per_s for s in STAGES}
    stock = {s: np.full(series, 0.5 * capacity[s]) for s in ("GZ", "SC", "DM")}
    noise = rng.normal(0.0, NOISE, (series, len(machine_kg)))
    made = np.empty((steps, series, len(machine_kg)))
    half = np.full(series, 0.5)
    for step in range(steps):
        if step % STEPS_PER_DAY == 0:
            kick = NOISE * math.sqrt(1.0 - DECAY**2)
            kicks = rng.normal(0.0, kick, (STEPS_PER_DAY, series, len(machine_kg)))
        noise = DECAY * noise + kicks[step % STEPS_PER_DAY]
        rate = machine_kg * (1.0 + noise)
        level = [stock[s] / capacity[s] for s in ("GZ", "SC", "DM")] + [half]
        stock["GZ"] = stock["GZ"] + inflow[step]
        for at, stage in enumerate(FLOWS):
            demand = np.clip(1.0 + GAIN * (level[at] - level[at + 1]), LEAST_DEMAND, MOST_DEMAND)
            part = rate[:, starts[at] : starts[at + 1]]
            part *= demand[:, np.newaxis]
            total = part.sum(axis=1)
            before = STAGES[at]
            per_out = STAGE[stage].from_buffer_per_out if stage != "PK" else 1.0
            share = np.minimum(stock[before] / (total * per_out), 1.0)
            if stage in stock:
                share = np.minimum(share, (capacity[stage] - stock[stage]) / total)
            part *= share[:, np.newaxis]
            total = total * share
            stock[before] = stock[before] - total * per_out
            if stage in stock:
                stock[stage] = stock[stage] + total
        made[step] = rate / STEP_MIN
    kept = slice(LEAD_DAYS * DAY_MINUTES, None)
    parts = np.split(_by_minute(made[LEAD_DAYS * STEPS_PER_DAY :]), starts[1:-1], axis=2)
    return Made({"GZ": unloads[kept], **dict(zip(FLOWS, parts, strict=True))})


def _by_minute(made: Float64s) -> Float64s:
    """Of values at the begin of each step, in kg per minute, the minutes between them."""
    part = (np.arange(STEP_MIN) / STEP_MIN)[:, np.newaxis, np.newaxis]
    between = made[:-1, np.newaxis] * (1.0 - part) + made[1:, np.newaxis] * part
    return np.asarray(between.reshape(-1, *made.shape[1:]))


def _unloads(rng: np.random.Generator, series: int, minutes: int) -> Float64s:
    """Kilograms unloaded from each rectifier's furnaces, shape (minutes, series, rectifiers)."""
    every, lasts = RUN_EVERY_S / MINUTE_S, UNLOAD_S / MINUTE_S
    runs = int(minutes / every) + 4
    phase = np.arange(RECTIFIERS) * every / RECTIFIERS + rng.normal(
        0.0, PHASE_SD_MIN, (series, RECTIFIERS)
    )
    gaps = every + rng.normal(0.0, SWITCH_JITTER_S / MINUTE_S, (series, RECTIFIERS, runs))
    begin = phase[..., np.newaxis] - every + np.cumsum(gaps, axis=2) - every
    charge = STAGE["GZ"].nominal_kg_per_s * RUN_EVERY_S / RECTIFIERS
    mass = charge * (1.0 + rng.normal(0.0, CHARGE_SD, begin.shape))
    # Running totals at the edges of the minutes, so that parts of minutes need no care.
    edges = np.arange(minutes + 1)
    total = np.zeros((minutes + 1, series, RECTIFIERS))
    for one in range(series):
        for rectifier in range(RECTIFIERS):
            at = np.stack([begin[one, rectifier], begin[one, rectifier] + lasts], axis=1).ravel()
            told = np.cumsum(mass[one, rectifier])
            values = np.stack([told - mass[one, rectifier], told], axis=1).ravel()
            total[:, one, rectifier] = np.interp(edges, at, values)
    kg = np.diff(total, axis=0)
    return np.where(kg < DUST_KG, 0.0, kg)  # what rounding leaves between two unloads
