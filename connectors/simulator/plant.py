"""The simulated plant: mass, counters, faults and truth under one time that only moves forward."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Mapping

import numpy as np

from connectors.simulator.counters import Counters
from connectors.simulator.faults.board import Board, Injection, Label, consequences_at
from connectors.simulator.process.mass import MassModel
from connectors.simulator.process.reference import METER_INDEX, STAGES, TICK_S, UNIT
from connectors.simulator.truth import Truth
from service.domain.arrays import Float64s
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.tag import Tag

TICK_NS = TICK_S * SECOND_NS


class Plant:
    """Deterministic: the same seed, start and faults give the same plant, however it is sampled.

    The mass moves in ticks of 10 s on a grid from the start (a whole minute); between two ticks
    the counters are interpolated. A fault works on the mass from the next tick on, on what the
    instruments show at once.
    """

    def __init__(
        self,
        *,
        seed: int,
        start_ns: int,
        rollover: Mapping[str, float] | None = None,
        preset: Mapping[str, float] | None = None,
        keep_minutes: bool = True,
    ) -> None:
        """rollover: counter tag -> modulus. preset: counter tag -> what it shows at the start.

        keep_minutes: whether the truth of every minute and all resets are kept, which grows by
        1.4 MB a day.
        ``start_ns`` is cut to the whole minute.
        """
        self.start_ns = start_ns - start_ns % MINUTE_NS
        self.seed = seed
        self.mass = MassModel(seed)
        self.board = Board()
        self.truth = Truth(self.start_ns)
        self._counters = Counters(np.random.default_rng([seed, 1]), rollover or {}, preset or {})
        self._keep_minutes = keep_minutes
        self._now_ns = self.start_ns
        self._before = self.mass.amount.copy()
        self.resets: list[tuple[str, int]] = []
        self._order = itertools.count()
        self._planned: list[tuple[int, int, str, str, float | None, float | None]] = []

    @classmethod
    def of_tags(
        cls,
        tags: Iterable[Tag],
        *,
        seed: int,
        start_ns: int,
        preset: Mapping[str, float] | None = None,
        keep_minutes: bool = True,
    ) -> Plant:
        """A plant whose counters wrap as the site's tag list says."""
        rollover = {tag.id: tag.rollover for tag in tags if tag.rollover is not None}
        return cls(
            seed=seed,
            start_ns=start_ns,
            rollover=rollover,
            preset=preset,
            keep_minutes=keep_minutes,
        )

    @property
    def now_ns(self) -> int:
        """The end of the last tick."""
        return self._now_ns

    def advance_to(self, time_ns: int) -> None:
        """Ticks until ``time_ns`` is reached (up to one tick further)."""
        while self._now_ns < time_ns:
            self.step()

    def step(self) -> None:
        """One tick."""
        now_ns = self._now_ns
        self.settle(now_ns)
        consequences = self.board.consequences
        np.copyto(self._before, self.mass.amount)
        self.mass.tick(consequences.burden)
        self._counters.drift(consequences.drift, TICK_S, self.mass.amount - self._before)
        self._now_ns = now_ns + TICK_NS
        if self._keep_minutes and self._now_ns % MINUTE_NS == 0:
            self.truth.record(self.mass.amount)

    def settle(self, time_ns: int) -> None:
        """Starts the planned faults due at ``time_ns`` and ends those that have run out."""
        while self._planned and self._planned[0][0] <= time_ns:
            at_ns, _, fault, target, duration_s, size = heapq.heappop(self._planned)
            self.inject(fault, target, at_ns=at_ns, duration_s=duration_s, size=size)
        if self.board.next_end_ns <= time_ns:
            self._note_losses(self.board.ending(time_ns))
        self.board.grow(time_ns)

    def amounts(self, time_ns: int) -> Float64s:
        """What the meters have measured since the start, shape (120,).

        ``time_ns`` lies within the last tick.
        """
        behind = self._behind(time_ns)
        if not behind:
            return self.mass.amount
        return np.asarray(self.mass.amount - (self.mass.amount - self._before) * behind)

    def readings(self, time_ns: int) -> Float64s:
        """What the meters show in their tags' units, shape (120,); times as in ``amounts``."""
        rates = self.mass.flow.views[3] * 3.6
        return self._counters.read(
            self.amounts(time_ns),
            rates,
            self.board.consequences.drift,
            behind=self._behind(time_ns),
        )

    def true_t(self, stage: str) -> float:
        """Tonnes that ``stage`` has put out since the start; for PK in good bags."""
        return self.mass.made_kg[[spec.id for spec in STAGES].index(stage)] / 1000.0

    def inject(
        self,
        fault: str,
        target: str,
        *,
        at_ns: int,
        duration_s: float | None = None,
        size: float | None = None,
    ) -> Label:
        """Starts a fault at ``at_ns`` within the last tick. duration_s, size: None for the usual.

        ValueError names an unknown fault, or a target or size that it can't have.
        """
        alone = consequences_at(fault, target)
        for tag in (*alone.reset, *alone.drift):
            if tag not in METER_INDEX:
                raise ValueError(
                    f"fault {fault} is for a meter such as CR-L03-WQ101.TOT; {tag} is none"
                )
        losses = {asset: self.mass.lost_kg(asset) for asset in UNIT}
        injection = self.board.add(
            fault,
            target,
            at_ns=at_ns,
            duration_s=duration_s,
            size=size,
            lost_before_kg=losses,
            drifted_before_kg=self._counters.drifted_kg(target),
        )
        for tag in alone.reset:
            self._counters.reset(tag, self.amounts(at_ns))
            if self._keep_minutes:
                self.resets.append((tag, at_ns))
        return self._label(injection)

    def plan(
        self,
        fault: str,
        target: str,
        *,
        at_ns: int,
        duration_s: float | None = None,
        size: float | None = None,
    ) -> None:
        """Injects a fault later, at ``at_ns``."""
        heapq.heappush(self._planned, (at_ns, next(self._order), fault, target, duration_s, size))

    def clear(self, target: str, *, at_ns: int) -> int:
        """Ends the active faults at ``target`` (an asset, a tag, or a fault's id; "" for all)."""
        over = self.board.ending(at_ns, target=target)
        self._note_losses(over)
        return len(over)

    def labels(self, last: int | None = None) -> tuple[Label, ...]:
        """The record of every fault so far, oldest first; of the ``last`` ones when given."""
        injections = self.board.all if last is None else self.board.all[-last:]
        return tuple(self._label(injection) for injection in injections)

    def _behind(self, time_ns: int) -> float:
        """How much of the last tick is still to come at ``time_ns``, 0 to 1."""
        return min(max((self._now_ns - time_ns) / TICK_NS, 0.0), 1.0)

    def _lost_kg(self, injection: Injection) -> float:
        now = sum(self.mass.lost_kg(asset) for asset in injection.assets)
        return now - injection.lost_before_kg

    def _false_kg(self, injection: Injection) -> float:
        if injection.fault.id != "scale_drift":
            return 0.0
        return self._counters.drifted_kg(injection.target) - injection.drifted_before_kg

    def _note_losses(self, over: Iterable[Injection]) -> None:
        for injection in over:
            injection.lost_kg = self._lost_kg(injection)
            injection.false_kg = self._false_kg(injection)

    def _label(self, injection: Injection) -> Label:
        over = injection.ended_ns is not None
        lost_kg = injection.lost_kg if over else self._lost_kg(injection)
        false_kg = injection.false_kg if over else self._false_kg(injection)
        return Label(
            fault=injection.fault.id,
            target=injection.target,
            size=injection.size,
            injected_ns=injection.injected_ns,
            ends_ns=injection.ends_ns,
            ended_ns=injection.ended_ns,
            lost_t=lost_kg / 1000.0,
            false_t=false_kg / 1000.0,
        )
