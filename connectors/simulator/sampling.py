"""Sampling: readings of a panel at many instants, as the rows of a Batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from connectors.simulator.faults.table import BAD_SENSOR_FAILURE
from connectors.simulator.panel import Panel
from service.domain.arrays import Bools, Float64s, Index, Int64s, UInt32s
from service.domain.batch import Batch
from service.domain.coverage import Cover

Places = Index


@dataclass(frozen=True, slots=True)
class Samples:
    """k samples of n tags. time_ns: shape (k,), without instants at which the plant was silent.

    value, status: shape (k, n). text: (sample, place) -> text.
    """

    time_ns: Int64s
    value: Float64s
    status: UInt32s
    text: dict[tuple[int, int], str]


class Sampler:
    """Reads a panel and remembers what it last gave, so that it can give only what has changed.

    bad_share: part of the samples that turn out Bad, drawn from ``rng``.
    """

    def __init__(
        self,
        panel: Panel,
        numbers: Sequence[int],
        *,
        silent: Callable[[], bool],
        changes_only: bool,
        bad_share: float = 0.0,
        rng: np.random.Generator | None = None,
        scaled: bool = False,
    ) -> None:
        """numbers: registry number of each of the panel's tags. silent: whether the plant can't be
        reached at the moment of the last reading. scaled: whether values are in the tags' units
        instead of the source's."""
        self._panel = panel
        self._numbers = np.asarray(numbers, np.int32)
        self._silent = silent
        self._changes_only = changes_only
        self._bad_share = bad_share
        self._rng = rng or np.random.default_rng(0)
        self._scaled = scaled
        self._scale = np.array([tag.scale for tag in panel.tags])
        self._offset = np.array([tag.offset for tag in panel.tags])
        self._last_value: Float64s | None = None
        self._last_status = np.zeros(len(self._numbers), np.uint32)
        self._last_text: dict[int, str] = {}

    def take(self, times_ns: Sequence[int]) -> Samples:
        """Samples at ``times_ns``; after a silence the next one counts as changed altogether."""
        n = len(self._numbers)
        value = np.empty((len(times_ns), n))
        status = np.empty((len(times_ns), n), np.uint32)
        kept: list[int] = []
        text: dict[tuple[int, int], str] = {}
        for time_ns in times_ns:
            reading = self._panel.read(time_ns)
            if self._silent():
                continue
            k = len(kept)
            value[k], status[k] = reading.value, reading.status
            text.update(((k, place), words) for place, words in reading.text.items())
            kept.append(time_ns)
        value, status = value[: len(kept)], status[: len(kept)]
        if self._bad_share:
            bad = self._rng.random(value.shape) < self._bad_share
            value[bad] = np.nan
            status[bad] = BAD_SENSOR_FAILURE
            text = {(k, place): words for (k, place), words in text.items() if not bad[k, place]}
        if self._scaled:
            value = value * self._scale + self._offset
        return Samples(np.array(kept, np.int64), value, status, text)

    def rows(self, samples: Samples, *, after_silence: Bools) -> tuple[Places, Places]:
        """Which (sample, place) are given, in the order of time.

        after_silence: shape (k,), true for a sample before which the plant was silent.
        """
        k, n = samples.value.shape
        if not self._changes_only:
            given = np.ones((k, n), np.bool_)
        else:
            given = self._changed(samples)
            given[after_silence] = True
        for (sample, place), words in samples.text.items():
            if self._changes_only and not given[sample, place]:
                given[sample, place] = self._last_text.get(place) != words
            self._last_text[place] = words
        at = np.argwhere(given)
        return at[:, 0], at[:, 1]

    def _changed(self, samples: Samples) -> Bools:
        if not len(samples.value):
            return np.zeros(samples.value.shape, np.bool_)
        first = self._last_value is None
        last = samples.value[0] if self._last_value is None else self._last_value
        value = np.vstack([last, samples.value])
        status = np.vstack([self._last_status, samples.status])
        same = (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
        changed = ~same | (status[1:] != status[:-1])
        changed[0] |= first
        self._last_value, self._last_status = samples.value[-1].copy(), samples.status[-1].copy()
        return np.asarray(changed, np.bool_)

    def batch(
        self,
        samples: Samples,
        *,
        after_silence: Bools,
        received_ns: int = 0,
        covers: tuple[Cover, ...] = (),
        source: str = "",
        position: int = 0,
    ) -> Batch:
        """The samples as a Batch."""
        sample, place = self.rows(samples, after_silence=after_silence)
        text = {}
        if samples.text:
            pairs = zip(sample.tolist(), place.tolist(), strict=True)
            text = {row: samples.text[at] for row, at in enumerate(pairs) if at in samples.text}
        return Batch(
            tag=self._numbers[place],
            time_ns=samples.time_ns[sample],
            value=samples.value[sample, place],
            status=samples.status[sample, place],
            received_ns=received_ns,
            text=text,
            covers=covers,
            source=source,
            position=position,
        )
