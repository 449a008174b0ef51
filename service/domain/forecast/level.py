"""The rate that a plant keeps in the long run: what its hours, the year before and the plan say.

A year runs at a level of its own, which nobody knows at its beginning. Three sources tell of it,
each with its own uncertainty: this year's hours; the hours of before, which belong to another
level; the plan, in which something was thought. They are weighed by their precision, which is
Bayes' rule for normal values. A draw of the level adds to the weighed mean the weighed errors of
the sources, so that its spread is the posterior's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.forecast.bootstrap import Blocks

PLAN_SPREAD = 0.10
"""How far plants run from their plan's rate, as a share of it, before anything is known."""
YEAR_SPREAD = 0.03
"""How far a year's rate is from that of the year before, as a share of it."""
STRANGE_FREEDOM = 4.0
"""Of Student's distribution for these two: neither spread is known."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source of the level: its mean in kg/h, the hours it rests on, and the spread of what it
    can't know in kg/h."""

    mean: float
    hours: int
    strange: float


@dataclass(frozen=True, slots=True)
class Level:
    """The long-run rate in kg per planned hour, and the weights of its ``sources``."""

    mean: float
    sources: tuple[Source, ...]
    weights: tuple[float, ...]

    def draws(
        self, rng: np.random.Generator, blocks: Blocks, starts: Int64s, luck: Float64s
    ) -> Float64s:
        """Levels that are as likely as not, shape (rows,). starts: of the blocks of pasts like the
        real one, shape (rows, blocks); luck: of each, see ``Blocks.luck``."""
        ends = np.cumsum([float(source.hours) for source in self.sources])
        sums = np.diff(blocks.along(starts, ends), prepend=0.0, axis=1)
        drawn = np.full(len(starts), self.mean)
        for at, (source, weight) in enumerate(zip(self.sources, self.weights, strict=True)):
            drawn += weight * source.strange * rng.standard_t(STRANGE_FREEDOM, len(starts))
            if source.hours:
                hours = np.array([float(source.hours)])
                factor = spread_factor(blocks, hours, luck)[:, 0]
                # A mean that was drawn too low says that the truth is higher.
                drawn -= weight * factor * sums[:, at] / source.hours
        return drawn


def weigh(sources: tuple[Source, ...], blocks: Blocks) -> Level:
    """The level that ``sources`` give together."""
    precision = [1.0 / variance(source, blocks) for source in sources]
    total = sum(precision)
    weights = tuple(p / total for p in precision)
    mean = sum(w * s.mean for w, s in zip(weights, sources, strict=True))
    return Level(mean, sources, weights)


def variance(source: Source, blocks: Blocks) -> float:
    """Of what ``source`` says, in (kg/h)²."""
    own = blocks.spread**2 / source.hours if source.hours else 0.0
    return max(own + source.strange**2, 1e-12 * max(source.mean**2, 1.0))


def spread_factor(blocks: Blocks, hours: Float64s, luck: Float64s) -> Float64s:
    """What drawn deviations over ``hours`` (k,) are multiplied by, shape (rows, k): the hidden part
    of their spread, and ``luck``, which concerns short stretches less: of those there are many."""
    part = np.minimum(hours / blocks.length, 1.0)
    return np.asarray(blocks.stretch(hours) * (1.0 + (luck[:, None] - 1.0) * part))
