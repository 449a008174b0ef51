"""The throughput rule (production over a window against plan) on the same blocks as the charts, to
compare them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools, Float64s
from service.domain.detection.residuals import Residuals


@dataclass(frozen=True, slots=True)
class WindowRule:
    """Production over the last ``blocks`` is more than ``below`` under what was due.

    below, deadband, max_unknown: as a share (0.2 is 20 %). on_blocks, off_blocks: for how many more
    blocks the condition must hold before the alarm comes, and be gone before it goes.
    """

    blocks: int
    below: float
    deadband: float
    on_blocks: int = 0
    off_blocks: int = 0
    max_unknown: float = 0.2


def deviation(residuals: Residuals, rule: WindowRule) -> Float64s:
    """Production against plan over the window that ends with each block, as a share; NaN where too
    much is unknown. residuals: shape (series, blocks)."""
    known = np.where(np.isnan(residuals.ratio), 0.0, residuals.share)
    less = _trailing(np.where(known > 0.0, residuals.ratio, 0.0) * known, rule.blocks)
    share = _trailing(known, rule.blocks)
    enough = share >= (1.0 - rule.max_unknown) * rule.blocks - 1e-9
    seen = np.full(share.shape, np.nan)
    np.divide(less, share, out=seen, where=enough & (share > 0.0))
    return seen


def run_rule(rule: WindowRule, residuals: Residuals) -> Bools:
    """Where the alarm stands after each block; shape (series, blocks).

    As in ``service.domain.alarm``: unknown holds the state and drops a delay that was running.
    """
    seen = deviation(residuals, rule)
    series, blocks = seen.shape
    standing = np.zeros((series, blocks), np.bool_)
    stands = np.zeros(series, np.bool_)
    against = np.zeros(series, np.int64)
    for block in range(blocks):
        value = seen[:, block]
        known = ~np.isnan(value)
        low = value < -(rule.below - rule.deadband * stands)
        against = np.where(known & (low != stands), against + 1, 0)
        stands = stands ^ (against > np.where(stands, rule.off_blocks, rule.on_blocks))
        standing[:, block] = stands
    return standing


def _trailing(values: Float64s, blocks: int) -> Float64s:
    """Sum over the last ``blocks`` along the last axis, fewer at the beginning."""
    total = np.cumsum(values, axis=-1)
    total[..., blocks:] -= total[..., :-blocks].copy()
    return total
