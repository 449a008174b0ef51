"""What came into a stage, taken out of its residuals: a stage can't make more than it gets.

Batch furnaces fill the stock before a flow stage in steps, and a full stock speeds it up: its
production repeats their pattern, and the pattern wanders, because every furnace keeps its own time.
To a control chart that is a drift, and no history shows all of it. But it is no loss either: the
stage made what it was given. So production is held against the inflow as the stock hands it on.
A stock that drives its stage in proportion is a first-order lag (its level integrates inflow less
production), and the gain is 1, since in the long run all that comes in goes out. The lag is the
only thing to be learned; a loss of the stage itself leaves the inflow as it was, and shows in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s
from service.domain.detection.residuals import HUBER, Residuals, robust_fit

LAGS = tuple(2.0 ** (n / 2.0) for n in range(19))
"""Time constants that are tried, in blocks: 1 to 512."""
WORTH = 0.997
"""A lag is believed when it leaves less than this part of the squared deviations. Little is enough:
a swing of a tenth of the hourly spread, when it lasts for days, makes three alarms of one; and a
stage that doesn't follow is made worse by any lag, since the gain is not fitted."""


@dataclass(frozen=True, slots=True)
class Following:
    """How a stage follows its inflow. lag_blocks: time constant of the stock between them."""

    lag_blocks: float

    def against(self, residuals: Residuals, inflow: Float64s) -> Residuals:
        """Residuals against what the stock hands on instead of the plan; same shape.

        inflow: what came in over what was due − 1, shape (..., lead + blocks), NaN where unknown.
        The ``lead`` blocks before the first residual let the stock settle: two lags are enough.
        """
        handed = handed_on(inflow, self.lag_blocks)[..., -residuals.ratio.shape[-1] :]
        return Residuals(_against(residuals.ratio, handed), residuals.share)


def fit_following(residuals: Residuals, inflow: Float64s) -> Following | None:
    """The lag with which a stage's history, shape (blocks,), follows ``inflow``, shape (lead +
    blocks,); None for a stage that goes its own way, or whose history tells too little.

    Least squares over ``LAGS``, deviations beyond Huber's bound counting no further.
    """
    usable = ~np.isnan(residuals.ratio)
    root = np.sqrt(residuals.share[usable])
    if root.size < 8:
        return None
    _, spread = robust_fit(residuals.ratio[usable], root)

    def left(ratio: Float64s) -> float:
        level, _ = robust_fit(ratio[usable], root)
        away = (ratio[usable] - level) * root
        return float((np.minimum(np.abs(away), HUBER * spread) ** 2).sum())

    blocks = residuals.ratio.shape[-1]
    lags = np.array(LAGS)
    handed = handed_on(np.broadcast_to(inflow, (lags.size, inflow.shape[-1])), lags)[..., -blocks:]
    found = [left(ratio) for ratio in _against(residuals.ratio, handed)]
    best = int(np.argmin(found))
    return Following(LAGS[best]) if found[best] < WORTH * left(residuals.ratio) else None


def _against(ratio: Float64s, handed: Float64s) -> Float64s:
    return np.asarray((1.0 + ratio) / (1.0 + handed) - 1.0)


def handed_on(
    inflow: Float64s, lag_blocks: float | Float64s, *, start: float | None = None
) -> Float64s:
    """``inflow`` behind a stock: exponentially weighted, NaN adding nothing; same shape. Each value
    is the mean over its block, in which the inflow of the block counts by half. It begins at
    ``start``; without one at the mean of what is known, 0 where nothing is.

    inflow: shape (..., blocks). lag_blocks: one for all, or of each series, shape (...)."""
    known = ~np.isnan(inflow)
    count = known.sum(axis=-1)
    filled = np.where(known, inflow, 0.0)
    level = np.asarray(filled.sum(axis=-1) / np.maximum(count, 1))
    if start is not None:
        level = np.full_like(level, start)
    keep = np.exp(-1.0 / np.asarray(lag_blocks))
    out = np.empty(inflow.shape)
    for block in range(inflow.shape[-1]):
        before = level
        moved = keep * level + (1.0 - keep) * filled[..., block]
        level = np.where(known[..., block], moved, level)
        out[..., block] = 0.5 * (before + level)
    return out
