"""Mass balance between neighbouring stages: a drifting scale told from a real loss.

What a stage puts out and what the next takes in differ by the change of the stock between them, and
by their meters' errors. A real loss at a stage slows its followers too, and the difference stays
within what the stock can hold. A scale that reads low opens one gap before it and the opposite one
behind it, and both grow with every tonne. The estimate of a single scale's error is the generalised
likelihood ratio test for gross errors (Narasimhan and Mah 1987, AIChE J. 33:1514).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from service.domain.detection.chart import Float64s


@dataclass(frozen=True, slots=True)
class Node:
    """One stage over some span of time.

    made_kg: its output as measured. need_per_out: kg that it takes from the stock before it per kg
    of output (yield and side inputs accounted for); need_sd: of that, relative. scale_sd: usual
    relative error of its meters. stock_kg: change of the stock behind it over the span, where it is
    measured, else 0; stock_sd_kg: how well that is known.
    """

    stage: str
    made_kg: float
    need_per_out: float
    need_sd: float
    scale_sd: float
    stock_kg: float
    stock_sd_kg: float


@dataclass(frozen=True, slots=True)
class Mismatch:
    """More was made at ``upstream`` than ``downstream`` took and the stock keeps, by
    ``difference_kg`` ± ``sd_kg``."""

    upstream: str
    downstream: str
    difference_kg: float
    sd_kg: float

    @property
    def z(self) -> float:
        return self.difference_kg / self.sd_kg


@dataclass(frozen=True, slots=True)
class ScaleError:
    """How far the meters of ``stage`` would have to be off to explain all mismatches alone.

    error: relative, negative when they read low; ± sd. score: how much better that explains the
    mismatches than usual errors do (chi-square with one degree of freedom).
    """

    stage: str
    error: float
    sd: float
    score: float


class Cause(StrEnum):
    """Why a stage's production reads low or high."""

    SCALE = "scale"
    LOSS = "loss"
    UNDECIDED = "undecided"


def unmeasured_stock_sd_kg(capacity_kg: float) -> float:
    """Standard deviation of the change of a stock of which only the capacity is known: the
    difference of two levels, each anywhere between empty and full."""
    return capacity_kg / float(np.sqrt(6.0))


def mismatches(nodes: Sequence[Node]) -> tuple[Mismatch, ...]:
    """Of neighbouring stages, in the order of the line; at least two stages."""
    gaps, covariance, _ = _system(nodes)
    return tuple(
        Mismatch(up.stage, down.stage, float(gap), float(sd))
        for (up, down), gap, sd in zip(
            pairwise(nodes), gaps, np.sqrt(np.diag(covariance)), strict=True
        )
    )


def scale_errors(nodes: Sequence[Node]) -> tuple[ScaleError, ...]:
    """Of every stage, supposing that its meters alone are off; in the order of the line."""
    gaps, covariance, effect = _system(nodes)
    errors = []
    for node, column in zip(nodes, effect.T, strict=True):
        weighed = np.linalg.solve(covariance, column)
        information = float(weighed @ column)
        if information <= 0.0:
            errors.append(ScaleError(node.stage, 0.0, float("inf"), 0.0))
            continue
        pull = float(weighed @ gaps)
        errors.append(
            ScaleError(node.stage, pull / information, information**-0.5, pull**2 / information)
        )
    return tuple(errors)


def cause_of(
    nodes: Sequence[Node], stage: str, deviation: float, *, certainty: float = 0.95
) -> tuple[Cause, float]:
    """Whether ``stage`` reads ``deviation`` (relative; −0.05 is 5 % low) because its meters do, or
    because it makes less; and the probability of the meters, both being as likely beforehand.

    It stays undecided until one is ``certainty`` likely, or when neither fits, or when another
    stage's meters fit better than this one's.
    """
    errors = scale_errors(nodes)
    own = next(error for error in errors if error.stage == stage)
    from_scale = ((own.error - deviation) / own.sd) ** 2
    from_loss = (own.error / own.sd) ** 2
    probability = float(1.0 / (1.0 + np.exp(np.clip(0.5 * (from_scale - from_loss), -50.0, 50.0))))
    best = max(errors, key=lambda error: error.score)
    if probability >= certainty and from_scale < 9.0 and best.stage == stage:
        return Cause.SCALE, probability
    if probability <= 1.0 - certainty and from_loss < 9.0:
        return Cause.LOSS, probability
    return Cause.UNDECIDED, probability


def cumulated(
    made_kg: Float64s, taken_kg: Float64s, *, stock_sd_kg: float, relative_sd: float
) -> tuple[Float64s, Float64s]:
    """Cumulated difference between what was made and what was taken, and its standard deviation,
    after each block; both shape (..., blocks). A block with NaN on either side adds nothing.

    relative_sd: of the sum of both meters' usual errors and the yield, relative to the mass.
    """
    known = ~(np.isnan(made_kg) | np.isnan(taken_kg))
    difference = np.cumsum(np.where(known, made_kg - taken_kg, 0.0), axis=-1)
    through = np.cumsum(np.where(known, made_kg, 0.0), axis=-1)
    return difference, np.hypot(stock_sd_kg, relative_sd * through)


def _system(nodes: Sequence[Node]) -> tuple[Float64s, Float64s, Float64s]:
    """Gaps in kg (n − 1,), their covariance without gross errors, and what a relative error of each
    stage's meters does to them (n − 1, n)."""
    if len(nodes) < 2:
        raise ValueError(f"a balance needs two neighbouring stages, not {len(nodes)}")
    n = len(nodes)
    effect = np.zeros((n - 1, n))
    gaps, own = np.zeros(n - 1), np.zeros(n - 1)
    for at, (up, down) in enumerate(pairwise(nodes)):
        taken_kg = down.need_per_out * down.made_kg
        gaps[at] = up.made_kg - taken_kg - up.stock_kg
        effect[at, at], effect[at, at + 1] = up.made_kg, -taken_kg
        own[at] = np.hypot(up.stock_sd_kg, down.need_sd * taken_kg)
    usual = np.array([node.scale_sd for node in nodes])
    covariance = (effect * usual**2) @ effect.T + np.diag(own**2)
    return gaps, np.asarray(covariance), effect
