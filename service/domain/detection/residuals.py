"""Residuals: a stage's production per block of time against what was due, standardised.

The calendar is taken out by the plan's due mass: a block's residual compares what is known to have
been made in planned minutes with what was due in the same known minutes. A block of which too
little is known or planned is missing (NaN): unknown is not zero. What then remains of level and
spread is the stage's own habit, taken robustly from its history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s

MIN_SHARE = 0.5
"""A block with less than this part planned and known is missing."""
CLIP = 4.0
"""Standard deviations beyond which a residual counts no further: a slow drift shows in many blocks,
so no single block may raise it alone (Hawkins and Olwell 1998, Cumulative Sum Charts, ch. 3). A
shift of 3 loses nothing by it, one of 4 a block; of a history's few stops, none weighs too much."""
HUBER = 3.0
"""Where the fit of the level begins to distrust a block, in standard deviations."""
MAD_TO_SD = 1.482602218505602
"""Standard deviation over median absolute deviation, for normal values."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """Relative deviations of production from what was due, shape (..., blocks).

    ratio: made / due − 1 over the known planned minutes; NaN where missing. share: part of the
    block that is planned and known, 0 to 1; the fewer minutes, the noisier the ratio.
    """

    ratio: Float64s
    share: Float64s


def block_residuals(
    made_kg: Float64s,
    due_kg: Float64s,
    known: Float64s,
    *,
    planned: Float64s,
    block_minutes: int,
    min_share: float = MIN_SHARE,
) -> Residuals:
    """Residuals of whole blocks of minutes; minutes after the last whole block are left out.

    made_kg: known production, shape (..., minutes). due_kg: by the plan in the stage's own kg,
    shape (minutes,) or (..., minutes). known: share of the minute that is known, 0 to 1, shape
    (..., minutes). planned: planned share of the minute, shape (minutes,).
    """
    blocks = made_kg.shape[-1] // block_minutes

    def summed(per_minute: Float64s) -> Float64s:
        whole = per_minute[..., : blocks * block_minutes]
        shape = (*whole.shape[:-1], blocks, block_minutes)
        return np.asarray(whole.reshape(shape).sum(axis=-1))

    made = summed(np.where(known > 0.0, made_kg, 0.0) * planned)
    due = summed(due_kg * known)
    share = summed(planned * known) / block_minutes
    usable = (share >= min_share) & (due > 0.0)
    ratio = np.divide(made, due, out=np.full(made.shape, np.nan), where=usable) - 1.0
    return Residuals(ratio, share)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A stage's habit: its usual deviation from plan and the usual spread of a whole block.

    level, spread: as a share of what is due (0.02 is 2 % above plan).
    """

    level: float
    spread: float
    clip: float = CLIP

    def standardise(self, residuals: Residuals) -> Float64s:
        """Residuals in standard deviations, within ± clip; NaN where missing; same shape.

        A block with a share s known has a spread 1/√s as great, so it weighs √s.
        """
        scale = np.sqrt(residuals.share) / self.spread
        return np.clip((residuals.ratio - self.level) * scale, -self.clip, self.clip)


def fit_baseline(residuals: Residuals, *, clip: float = CLIP) -> Baseline:
    """Level and spread of one stage's history, shape (blocks,), little moved by stops and losses.

    Level: Huber's M-estimate from the median. Spread: the median absolute deviation; where more
    than half of the blocks are alike (counts of large bags), the spread of the values within the
    Huber bounds. ValueError when fewer than eight blocks are known or all are alike.
    """
    usable = ~np.isnan(residuals.ratio)
    ratio, root = residuals.ratio[usable], np.sqrt(residuals.share[usable])
    if ratio.size < 8:
        raise ValueError(f"a baseline needs at least 8 known blocks of history, not {ratio.size}")
    level, spread = robust_fit(ratio, root)
    if not spread > 0.0:
        raise ValueError(
            f"all {ratio.size} known blocks of the history are alike: without spread there is no "
            "baseline; take longer blocks or more history"
        )
    return Baseline(level, spread, clip)


def robust_fit(ratio: Float64s, root_share: Float64s) -> tuple[float, float]:
    """Level and spread of values whose standard deviation is spread / root_share; shape (n,)."""
    level = float(np.median(ratio))
    deviation = np.abs(ratio - level) * root_share
    spread = MAD_TO_SD * float(np.median(deviation))
    if spread <= 1e-3 * float(deviation.max(initial=0.0)):
        near = np.minimum(deviation, np.quantile(deviation, 0.95))
        spread = float(np.sqrt(np.mean(near**2)))
    for _ in range(20):
        pull = np.clip((ratio - level) * root_share, -HUBER * spread, HUBER * spread)
        move = float((pull * root_share).sum() / (root_share**2).sum())
        level += move
        if abs(move) <= 1e-9 * max(spread, 1e-300):
            break
    return level, spread
