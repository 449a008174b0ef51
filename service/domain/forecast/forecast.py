"""Forecast of the plant's output over the shift, month and year that are on.

Of each it is known what was made. What is open are the planned hours that remain, and those that
passed and are unknown. These are drawn many times: a level (``level``), and hours round it in
blocks of the past (``bootstrap``). Where little is known the bands are wide; where too little is
known there is none, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.forecast.bootstrap import DAY_H, Blocks, alike, blocks_of
from service.domain.forecast.hours import Hours
from service.domain.forecast.level import (
    PLAN_SPREAD,
    YEAR_SPREAD,
    Level,
    Source,
    spread_factor,
    weigh,
)
from service.domain.forecast.outlook import BANDS, Band, Basis, Forecast, Open, Outlook, Reason
from service.domain.plan import Window

DRAWS = 4_000
LEAST_H = 14 * DAY_H
"""Known planned hours without which there is no forecast: a fortnight may have seen no stop."""
LEAST_KNOWN = 0.5
"""Known share of a period's planned time so far without which its total can't be told."""
STOPPED_SHARE = 0.1
"""An hour with less than this part of the usual output is stopped."""


@dataclass(frozen=True, slots=True)
class Past:
    """Known planned hours before the origin, newest last. year_first: the hour (since 1970) with
    which the production year begins; plan_kg_per_h: the rate that the plan needs in its rest."""

    hours: Hours
    year_first: int
    plan_kg_per_h: float


def forecast(
    origin_ns: int,
    past: Past,
    periods: Mapping[Window, Open],
    *,
    seed: int,
    present: Float64s | None = None,
    draws: int = DRAWS,
) -> Forecast:
    """The forecast of ``periods`` at ``origin_ns``; the same ``seed`` gives the same.

    present: output of the newest ALIKE_H planned hours in kg/h, None when it is unknown.
    """
    known = {name: one for name, one in periods.items() if _is_known(one)}
    found: dict[Window, Outlook | Reason] = dict.fromkeys(periods, Reason.MOSTLY_UNKNOWN)
    if len(past.hours) < LEAST_H:
        found = dict.fromkeys(periods, Reason.SHORT_HISTORY)
    elif known:
        futures = _Futures.of(past, present)
        totals = futures.totals(list(known.values()), seed=seed, draws=draws)
        for (name, one), (basis, total) in zip(known.items(), totals, strict=True):
            found[name] = _outlook(one, basis, total)
    return Forecast(origin_ns, len(past.hours), found)


def seed_of(site: str, origin_ns: int) -> int:
    """A seed that is always the same for one origin of one site."""
    digest = hashlib.sha256(f"{site} {origin_ns}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


@dataclass(frozen=True)
class _Futures:
    """What futures are drawn from."""

    level: Level
    blocks: Blocks
    availability: float
    first: Int64s
    """Where a first block may begin."""

    @classmethod
    def of(cls, past: Past, present: Float64s | None) -> _Futures:
        earlier = past.hours.kg_per_h[past.hours.hour < past.year_first]
        this = past.hours.kg_per_h[past.hours.hour >= past.year_first]
        parts = [part for part in (earlier, this) if len(part)]
        means = [float(part.mean()) for part in parts]
        blocks = blocks_of(
            np.concatenate([part - mean for part, mean in zip(parts, means, strict=True)]),
            means=len(parts),
        )
        plan = past.plan_kg_per_h
        sources = [Source(plan, 0, PLAN_SPREAD * plan)]
        for part, mean in zip(parts, means, strict=True):
            strange = YEAR_SPREAD * mean if part is earlier else 0.0
            sources.append(Source(mean, len(part), strange))
        level = weigh(tuple(sources), blocks)
        first = np.arange(len(blocks.deviations), dtype=np.int64)
        if present is not None and means[-1] > 0.0:
            ratio = np.concatenate([p / m if m else p for p, m in zip(parts, means, strict=True)])
            first = alike(ratio, present / means[-1])
        return cls(level, blocks, _running(parts), first)

    def totals(
        self, periods: Sequence[Open], *, seed: int, draws: int
    ) -> list[tuple[Basis, Float64s]]:
        """Basis and drawn totals of each period."""
        rng = np.random.default_rng(seed)
        left = np.array([one.left_h for one in periods])
        unknown = np.array([one.unknown_h for one in periods])
        pasts = self.blocks.starts(rng, float(len(self.blocks.deviations)), draws)
        luck = self.blocks.luck(pasts)
        level = self.level.draws(rng, self.blocks, pasts, luck)
        starts = self.blocks.starts(rng, float(left.max(initial=0.0)), draws)
        starts[:, 0] = rng.choice(self.first, draws)
        ahead = self.blocks.along(starts, left)
        # What the first block is like on average is expected; only round it lies the uncertainty.
        now = self.blocks.along(self.first[:, None], np.minimum(left, self.blocks.length))
        now = now.mean(axis=0)
        ahead = now + (ahead - now) * spread_factor(self.blocks, left, luck)
        behind = self.blocks.sums(rng, unknown, draws) * spread_factor(self.blocks, unknown, luck)
        found = []
        for at, one in enumerate(periods):
            basis = Basis(
                one.produced_kg, one.known_h, one.open_h,
                self.level.mean / self.availability, self.availability, float(now[at]),
            )  # fmt: skip
            made = level * one.open_h + ahead[:, at] + behind[:, at]
            found.append((basis, one.produced_kg + np.maximum(made, 0.0)))
        return found


def _outlook(period: Open, basis: Basis, total: Float64s) -> Outlook:
    tails = [q for share in BANDS for q in ((1.0 - share) / 2.0, (1.0 + share) / 2.0)]
    median, *ends = np.quantile(total, [0.5, *tails]).tolist()
    bands = tuple(Band(share, *ends[2 * at : 2 * at + 2]) for at, share in enumerate(BANDS))
    reached = int(np.count_nonzero(total >= period.target_kg))
    p_target = reached / len(total)
    if period.open_h > 0.0:  # so many draws don't make sure
        p_target = (reached + 0.5) / (len(total) + 1.0)
    return Outlook(period, basis, median, bands, p_target)


def _is_known(period: Open) -> bool:
    passed = period.known_h + period.unknown_h
    return passed <= 0.0 or period.known_h / passed >= LEAST_KNOWN


def _running(parts: Sequence[Float64s]) -> float:
    """Share of hours in which the plant ran; never 0."""
    hours = np.concatenate(list(parts))
    usual = float(np.median(hours))
    return max(float(np.mean(hours >= STOPPED_SHARE * usual)), 1e-3)
