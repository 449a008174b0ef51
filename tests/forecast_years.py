"""Simulated years of the plant's output, of which a forecaster knows nothing but what was measured.

Every year is another plant: how noisy its rate is and how long that lasts, how often it stops and
for how long, how far it runs from its plan and how far from the year before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.domain.forecast.bootstrap import ALIKE_H
from service.domain.forecast.forecast import Past, forecast
from service.domain.forecast.hours import planned_hours
from service.domain.forecast.outlook import (
    PERIODS,
    Forecast,
    Open,
    Outlook,
    period_bounds_ns,
)
from service.domain.instants import HOUR_NS
from service.domain.plan import Plan, Window
from service.settings import load_site
from tests.sites import SHANGHAI, sample_in

Float64s = NDArray[np.float64]

HOURS = 8_760


@dataclass(frozen=True)
class Years:
    """Output in kg/h of hours in which it is planned, shape (years, hours): the year before and
    then the one that is forecast. known: whether it was measured."""

    kg_per_h: Float64s
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Unforeseen:
    """What bands can't know of, as a share of the rate. wander: standard deviation of what the
    level strays by in a year. step: by how much it goes up or down at some time in the year."""

    wander: float = 0.0
    step: float = 0.0


def simulate(
    rng: np.random.Generator,
    years: int,
    *,
    rate_kg_per_h: float,
    hours: int = 2 * HOURS,
    unforeseen: Unforeseen | None = None,
) -> Years:
    """``years`` pairs of years whose plants run near ``rate_kg_per_h`` in the long run."""

    def each(low: float, high: float) -> Float64s:
        return rng.uniform(low, high, (years, 1))

    noise = _wander(rng, years, hours, each(0.3, 0.9), each(0.03, 0.10))
    days = _wander(rng, years, hours // 24 + 1, each(0.4, 0.88), each(0.02, 0.06))
    usual = np.ones((years, 1))
    shape = (1.0 + noise) * (1.0 + np.repeat(days, 24, axis=1)[:, :hours])
    for per_year, median_h, leaves in (
        (each(15.0, 60.0), each(2.0, 8.0), each(0.0, 0.0)),
        (each(3.0, 12.0), each(20.0, 60.0), each(0.5, 0.9)),
    ):
        shape *= _events(rng, years, hours, per_year, median_h, leaves)
        usual *= 1.0 - per_year * median_h * np.exp(0.5) / HOURS * (1.0 - leaves)
    margin = rng.normal(0.0, 0.03, (years, 1))
    level = np.ones((years, hours)) * (1.0 + margin)
    level[:, : hours // 2] *= 1.0 + rng.normal(0.0, 1.0, (years, 1)) * each(0.01, 0.05)
    if unforeseen is not None:
        level *= _unforeseen(rng, years, hours, unforeseen)
    kg_per_h = np.maximum(rate_kg_per_h / usual * level * shape, 0.0)
    lost = _events(rng, years, hours, each(0.0, 12.0), each(1.0, 6.0), each(0.0, 0.0))
    return Years(kg_per_h, lost > 0.5)


def _unforeseen(rng: np.random.Generator, rows: int, hours: int, how: Unforeseen) -> Float64s:
    """Factors of the level, shape (rows, hours)."""
    strays = rng.normal(0.0, how.wander / np.sqrt(HOURS), (rows, hours)).cumsum(axis=1)
    begins = rng.integers(hours // 2, hours, (rows, 1))
    steps = rng.choice([-how.step, how.step], (rows, 1)) * (np.arange(hours) >= begins)
    return np.asarray((1.0 + strays) * (1.0 + steps))


def _wander(
    rng: np.random.Generator, rows: int, steps: int, memory: Float64s, spread: Float64s
) -> Float64s:
    """First-order noise, shape (rows, steps); memory, spread: shape (rows, 1)."""
    x = rng.standard_normal((rows, steps))
    keep = np.sqrt(1.0 - memory[:, 0] ** 2)
    for at in range(1, steps):
        x[:, at] = memory[:, 0] * x[:, at - 1] + keep * x[:, at]
    return np.asarray(x * spread)


def _events(
    rng: np.random.Generator,
    rows: int,
    hours: int,
    per_year: Float64s,
    median_h: Float64s,
    leaves: Float64s,
) -> Float64s:
    """What events leave of the output, shape (rows, hours): 1 without any. They come at random,
    last log-normally long, and each leaves ``leaves``."""
    factor = np.ones((rows, hours))
    for row in range(rows):
        count = rng.poisson(per_year[row, 0] * hours / HOURS)
        begins = rng.uniform(0.0, hours, count)
        lasts = median_h[row, 0] * np.exp(rng.standard_normal(count))
        for begin, end in zip(begins, begins + lasts, strict=True):
            first, last = int(begin), min(int(end), hours - 1)
            gone = np.ones(last - first + 1)
            gone[0] -= begin - first
            gone[-1] -= max(last + 1 - end, 0.0) if first != last else max(first + 1 - end, 0.0)
            factor[row, first : last + 1] *= 1.0 - gone.clip(0, 1) * (1.0 - leaves[row, 0])
    return factor


YEAR = 2026
AT_ONCE = 50
BEGINS_H = (0, HOURS - 1_440, HOURS)
"""The service began with the year before, 60 days before the year, or with the year."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One period's forecast against what then came; truth_kg: its total."""

    window: Window
    outlook: Outlook
    truth_kg: float
    history_h: int

    def within(self, share: float) -> bool:
        """Whether the truth lies in that band."""
        band = next(b for b in self.outlook.bands if b.share == share)
        return band.low_kg <= self.truth_kg <= band.high_kg


@dataclass(frozen=True, slots=True)
class Campaign:
    """What came of so many years. shown: every forecast that was given. refused: how often there
    was none for the year."""

    years: int
    shown: tuple[Shown, ...]
    refused: int

    def of(self, window: Window) -> list[Shown]:
        """Those of one kind of period."""
        return [one for one in self.shown if one.window is window]

    def coverage(self, window: Window, share: float) -> float:
        """How often the truth lay in the band of ``share``."""
        return float(np.mean([one.within(share) for one in self.of(window)]))

    def reliability(self, window: Window, bins: int = 10) -> list[dict[str, float]]:
        """By bins of P(≥ target): how many forecasts, their mean P, and how often it came so."""
        said = np.array([one.outlook.p_target for one in self.of(window)])
        came = np.array([one.truth_kg >= one.outlook.period.target_kg for one in self.of(window)])
        where = np.minimum((said * bins).astype(int), bins - 1)
        return [
            {
                "count": int(inside.sum()),
                "said": round(float(said[inside].mean()), 3),
                "came": round(float(came[inside].mean()), 3),
            }
            for inside in (where == n for n in range(bins))
            if inside.any()
        ]


def campaign(seed: int, years: int, unforeseen: Unforeseen | None = None) -> Campaign:
    """``years`` simulated years, each forecast once, at an hour that is as likely as any other."""
    rng = np.random.default_rng(seed)
    # Where days begin on whole hours, for the years are made of them.
    plan = load_site(sample_in(SHANGHAI)).plan
    shown: list[Shown] = []
    refused = 0
    done = 0
    while done < years:
        n = min(AT_ONCE, years - done)
        drawn = simulate(rng, n, rate_kg_per_h=plan.rate_kg_per_h(YEAR), unforeseen=unforeseen)
        for row in range(n):
            told = list(_one(rng, plan, drawn.kg_per_h[row], drawn.known[row]))
            shown += told
            refused += all(one.window is not Window.YEAR for one in told)
        done += n
    return Campaign(years, tuple(shown), refused)


def _one(
    rng: np.random.Generator, plan: Plan, kg_per_h: Float64s, known: NDArray[np.bool_]
) -> Iterator[Shown]:
    """One year, forecast once."""
    calendar = plan.calendar
    year_ns, end_ns = calendar.year_bounds_ns(YEAR)
    first = year_ns // HOUR_NS - HOURS
    edges = (first + np.arange(len(kg_per_h) + 1, dtype=np.int64)) * HOUR_NS
    made = kg_per_h * calendar.planned_fraction(edges)
    begin = int(rng.choice(BEGINS_H))
    known = known & (np.arange(len(known)) >= begin)
    at = HOURS + int(rng.integers(1, HOURS))
    origin_ns = (first + at) * HOUR_NS
    hours = planned_hours(first, np.where(known, made, np.nan)[:at], known[:at] * 1.0, calendar)
    periods = {w: _open(plan, w, origin_ns, first, made, known) for w in PERIODS}
    left = periods[Window.YEAR]
    rest = plan.due_kg(origin_ns, end_ns) / left.left_h if left.left_h else 0.0
    present = hours.between(first + at - ALIKE_H, first + at).kg_per_h
    past = Past(hours, year_ns // HOUR_NS, rest or plan.rate_kg_per_h(YEAR))
    given = forecast(
        origin_ns, past, periods, seed=int(rng.integers(2**63)),
        present=present if len(present) == ALIKE_H else None,
    )  # fmt: skip
    yield from _against(given, first, made)


def _open(
    plan: Plan, window: Window, origin_ns: int, first: int, made: Float64s, known: NDArray[np.bool_]
) -> Open:
    start_ns, end_ns = period_bounds_ns(window, plan.calendar, origin_ns)
    a, at = start_ns // HOUR_NS - first, origin_ns // HOUR_NS - first
    edges = (first + np.arange(a, at + 1, dtype=np.int64)) * HOUR_NS
    planned = plan.calendar.planned_fraction(edges) if at > a else np.zeros(0)
    return Open(
        start_ns,
        end_ns,
        produced_kg=float(made[a:at][known[a:at]].sum()),
        known_h=float(planned[known[a:at]].sum()),
        unknown_h=float(planned[~known[a:at]].sum()),
        left_h=plan.calendar.planned_ns(origin_ns, end_ns) / HOUR_NS,
        target_kg=plan.due_kg(start_ns, end_ns),
    )


def _against(given: Forecast, first: int, made: Float64s) -> Iterator[Shown]:
    for window, outlook in given.outlooks.items():
        if isinstance(outlook, Outlook):
            a = outlook.period.start_ns // HOUR_NS - first
            b = outlook.period.end_ns // HOUR_NS - first
            yield Shown(window, outlook, float(made[a:b].sum()), given.history_h)
