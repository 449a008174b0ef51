"""Sums over planned hours to come, drawn in blocks from hours that were.

Hours hang together: a stop lasts, a good day is followed by one. So whole blocks of the past are
drawn, of the length that Politis and White (2004) give for its daily means (see
``service.domain.detection.resample``). The first block is one that began as things stand now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.detection.resample import block_length

DAY_H = 24
SHORTEST_H = 48
"""Of a block: a stop of a kiln or a packing line lasts a day or two."""
LONGER = 4
"""Blocks are so much longer than the length that errs least: too short ones lose the slow swings,
and bands would be too narrow."""
LEAST_BLOCKS = 4
"""A history gives at least so many blocks side by side."""
RARE_H = 20 * DAY_H
"""A past of so many hours shows half of the variance that rare great stops make in the long run."""
MOST_LUCK = (1.0 / 3.0, 3.0)
"""By how much a spread may be wrong."""
ALIKE_H = 3
"""Hours that are compared with the present ones to find moments alike."""


@dataclass(frozen=True)
class Blocks:
    """Deviations from their own mean in known planned hours, closed to a circle.

    deviations: kg/h, mean 0, shape (n,). length: of a block in hours. means: how many own means
    were subtracted from the deviations; each hides a part of their spread.
    """

    deviations: Float64s
    length: int
    means: int

    @property
    def spread(self) -> float:
        """Standard deviation in kg/h that a mean over m hours has, times √m; with what hangs
        together counted as such, for m beyond a block."""
        drawn = math.sqrt(float(np.mean(self._whole**2)) / self.length)
        return drawn * float(self.stretch(np.array([float(self.length)]))[0])

    @cached_property
    def _whole(self) -> Float64s:
        """Sums of the blocks that begin anywhere, shape (n,)."""
        n = len(self.deviations)
        circle = np.concatenate([[0.0], self.deviations, self.deviations[: self.length]])
        running = np.cumsum(circle)
        return np.asarray(running[self.length : self.length + n] - running[:n])

    def stretch(self, hours: Float64s) -> Float64s:
        """What drawn sums over so many hours must be multiplied by to have their true spread.

        The means that were taken from the same hours hide some of it; and a short past was spared
        the great stops that are rare, which matters less to a shift than to a year.
        """
        n, lasting = len(self.deviations), np.minimum(hours, self.length)
        hidden = self.means * lasting / n
        unseen = 1.0 + RARE_H / n * lasting / self.length
        return np.asarray(np.sqrt(unseen / (1.0 - np.minimum(hidden, 0.75))))

    def luck(self, starts: Int64s) -> Float64s:
        """How far the spread of this past may be from the truth, shape (rows,): its own spread over
        that of each past drawn from it, which begins its blocks at ``starts`` (rows, blocks).

        A past that was spared great stops has both a high mean and a small spread, so mean and
        spread must be drawn together ("bootstrap t"; Davison and Hinkley 1997, 2.4).
        """
        drawn = self._whole[starts]
        if starts.shape[1] < 2:
            return np.ones(len(starts))
        ratio = np.mean(self._whole**2) / np.maximum(drawn.var(axis=1, ddof=1), 1e-300)
        return np.asarray(np.clip(np.sqrt(ratio), *MOST_LUCK))

    def sums(self, rng: np.random.Generator, hours: Float64s, rows: int) -> Float64s:
        """Sums over the first ``hours`` of ``rows`` futures; hours: shape (k,), result (rows, k).

        Futures of different length share their beginning.
        """
        starts = self.starts(rng, float(hours.max(initial=0.0)), rows)
        return self.along(starts, hours)

    def starts(self, rng: np.random.Generator, hours: float, rows: int) -> Int64s:
        """Where the blocks of ``rows`` futures begin; shape (rows, blocks)."""
        blocks = max(math.ceil(hours / self.length), 1)
        return rng.integers(0, len(self.deviations), (rows, blocks))

    def along(self, starts: Int64s, hours: Float64s) -> Float64s:
        """Sums over the first ``hours`` of the blocks that begin at ``starts``."""
        n = len(self.deviations)
        laps = -(-self.length // n) + 1
        running = np.concatenate([[0.0], np.cumsum(np.tile(self.deviations, laps + 1))])
        whole = running[starts + self.length] - running[starts]
        done = np.concatenate([np.zeros((len(starts), 1)), np.cumsum(whole, axis=1)], axis=1)
        sums = np.empty((len(starts), len(hours)))
        for at, wanted in enumerate(hours.tolist()):
            block, rest = divmod(wanted, self.length)
            block = int(block)
            sums[:, at] = done[:, block]
            if rest > 0.0:
                begin = starts[:, block]
                upto, part = int(rest), rest - int(rest)
                sums[:, at] += running[begin + upto] - running[begin]
                sums[:, at] += part * (running[begin + upto + 1] - running[begin + upto])
        return sums


def blocks_of(deviations: Float64s, *, means: int = 1) -> Blocks:
    """Blocks of ``deviations``, from which ``means`` own means were subtracted."""
    n = len(deviations)
    days = n // DAY_H
    daily = deviations[n - days * DAY_H :].reshape(days, DAY_H).mean(axis=1)
    longest = max(n // LEAST_BLOCKS, 1)
    length = min(max(LONGER * DAY_H * block_length(daily), SHORTEST_H), longest)
    return Blocks(deviations, length, means)


def alike(ratio: Float64s, present: Float64s) -> Int64s:
    """Where in the past hours came that went on from a moment like the present one.

    ratio: past hours as a share of their mean, shape (n,). present: the newest hours, shape
    (ALIKE_H,). Returns the places of the hours that followed the nearest moments.
    """
    n = len(ratio)
    if n < 20 * ALIKE_H or len(present) < ALIKE_H:
        return np.arange(n, dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(ratio, ALIKE_H)[: n - ALIKE_H]
    # The newest hour says most of the next.
    weight = np.arange(1.0, ALIKE_H + 1.0)
    distance = np.abs(windows - present) @ weight
    nearest = min(max(n // 50, 20), 200)
    found = np.argpartition(distance, nearest - 1)[:nearest] + ALIKE_H
    return np.asarray(np.sort(found), np.int64)
