"""Roller hearth kilns: rows of four saggers pushed through 171 places."""

from __future__ import annotations

import numpy as np

from connectors.simulator.process.reference import STAGE, TICK_S
from service.domain.arrays import Bools, Float64s

SPEC = STAGE["CB"]
KILNS = len(SPEC.assets)
PLACES = 171
SAGGERS_PER_ROW = 4
SAGGER_OUT_KG = SPEC.kg_per_unit
SAGGER_IN_KG = SAGGER_OUT_KG / SPEC.yield_fraction
ROW_IN_KG = SAGGERS_PER_ROW * SAGGER_IN_KG
ROW_OUT_KG = SAGGERS_PER_ROW * SAGGER_OUT_KG
IN_SERVICE = 24
"""Kilns that run; the last four stand by, hot and empty."""
NOMINAL_ROW_S = IN_SERVICE * ROW_OUT_KG / SPEC.nominal_kg_per_s
FASTEST_ROW_S = 258.0
SLOWEST_ROW_S = 300.0
ROWS_BROKEN = 2
"""Rows next to the outlet that a jam breaks; they leave as scrap."""


class Kilns:
    """State of the 28 kilns, times in seconds since the plant's start.

    rows_in, rows_out: loaded rows since the start. row_s: the last row interval. pushed_s: when the
    last row was pushed. pace: rows per second of this tick when nothing holds a kiln.
    rows_scrapped: loaded rows that broke.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._progress = rng.random(KILNS)
        self._loaded = np.zeros((KILNS, PLACES), np.bool_)
        self._loaded[:IN_SERVICE] = True
        self._place = np.zeros(KILNS, np.int64)
        self._in_service = np.arange(KILNS) < IN_SERVICE
        self.rows_in = np.full(KILNS, 0)
        self.rows_out = np.full(KILNS, 0)
        self.pushed_s = np.where(self._in_service, -self._progress * NOMINAL_ROW_S, -np.inf)
        self.row_s = np.where(self._in_service, NOMINAL_ROW_S, 0.0)
        self.pace = 1.0 / NOMINAL_ROW_S
        self.lost_kg = np.zeros(KILNS)
        self._jammed = np.zeros(KILNS, np.bool_)
        self.rows_scrapped = 0

    @property
    def in_service(self) -> Bools:
        """Shape (28,)."""
        return self._in_service

    @property
    def rows_inside(self) -> int:
        """Loaded rows inside all kilns."""
        return int(np.count_nonzero(self._loaded))

    def tick(
        self,
        now_s: float,
        *,
        demand: float,
        feed_kg: float,
        run: Float64s | None,
        infeed: Bools | None,
        jammed: Bools | None = None,
    ) -> tuple[int, int]:
        """One tick; returns loaded rows pushed in and pushed out.

        demand: 1 is the nominal row interval, 0 stops all. run: shape (28,), what faults leave of
        each kiln's speed. infeed: shape (28,), false where the infeed is stopped and rows go in
        empty. jammed: shape (28,). All None when all are well.
        """
        if jammed is not None or self._jammed.any():
            self._break_rows(jammed)
        self.pace = _pace(demand)
        speed = self._in_service * self.pace
        if run is not None:
            self.lost_kg += speed * (1.0 - run) * (TICK_S * ROW_OUT_KG)
            speed *= run
        self._progress += speed * TICK_S
        due = np.flatnonzero(self._progress >= 1.0)
        if not len(due):
            return 0, 0
        self._progress[due] -= 1.0
        pushed_s = now_s + TICK_S - self._progress[due] / speed[due]
        self.row_s[due] = pushed_s - self.pushed_s[due]
        self.pushed_s[due] = pushed_s

        load = np.ones(len(due), np.bool_) if infeed is None else infeed[due].copy()
        if infeed is not None:
            self.lost_kg[due[~load]] += ROW_OUT_KG
        load &= np.cumsum(load) * ROW_IN_KG <= feed_kg
        place = self._place[due]
        leaves = self._loaded[due, place]
        self._loaded[due, place] = load
        self._place[due] = (place + 1) % PLACES
        self.rows_in[due] += load
        self.rows_out[due] += leaves
        return int(np.count_nonzero(load)), int(np.count_nonzero(leaves))

    def _break_rows(self, jammed: Bools | None) -> None:
        """Where a jam begins, the next rows are scrap: what went in no longer comes out."""
        now = np.zeros(KILNS, np.bool_) if jammed is None else jammed & self._in_service
        for kiln in np.flatnonzero(now & ~self._jammed).tolist():
            places = (self._place[kiln] + np.arange(ROWS_BROKEN)) % PLACES
            broken = int(np.count_nonzero(self._loaded[kiln, places]))
            self.lost_kg[kiln] += broken * ROW_OUT_KG
            self.rows_scrapped += broken
            self._loaded[kiln, places] = False
        self._jammed = now


def _pace(demand: float) -> float:
    """Rows per second of a kiln; the rollers have a fastest and a slowest pace."""
    if demand <= 0.0:
        return 0.0
    return min(max(demand / NOMINAL_ROW_S, 1.0 / SLOWEST_ROW_S), 1.0 / FASTEST_ROW_S)
