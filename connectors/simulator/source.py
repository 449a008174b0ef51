"""The simulated plant as a source inside the service: as fast as it is read, or by the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np

from connectors.simulator.delivery import Delivery
from connectors.simulator.faults.board import Label
from connectors.simulator.faults.campaign import YEAR_S, campaign
from connectors.simulator.panel import Panel, meter_tags
from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import METER_INDEX, METERS
from connectors.simulator.sampling import Sampler
from connectors.simulator.settings import PlannedFault, SimulatorSettings
from connectors.simulator.truth import Truth
from service.domain.arrays import Bools, Int64s
from service.domain.batch import Batch
from service.domain.coverage import Cover, Coverage
from service.domain.instants import SECOND_NS, seconds, to_ns
from service.domain.quality import is_good
from service.domain.tag import Tag
from service.runtime.clock import Clock
from service.runtime.errors import EndOfSource
from service.runtime.source import OpenSource, SourceReport


def source_of(
    settings: SimulatorSettings,
    *,
    name: str,
    tags: Mapping[int, Tag],
    clock: Clock,
    folder: Path,
) -> OpenSource:
    """What opens the simulated plant; each time it begins anew."""
    return partial(open_source, settings, name=name, tags=tags, clock=clock)


@asynccontextmanager
async def open_source(
    settings: SimulatorSettings, *, name: str, tags: Mapping[int, Tag], clock: Clock
) -> AsyncIterator[SimulatorSource]:
    """A simulated plant; ``tags`` by registry number. Nothing outside is touched."""
    yield SimulatorSource(settings, name=name, tags=tags, clock=clock)


class SimulatorSource:
    """Samples every tag each ``step_s`` in [start, start + duration); the truth stays at hand.

    A Batch covers the plant time that it holds, but for the communication losses in it. ``read``
    raises EndOfSource when the duration is over. Truth is kept only where there is a duration,
    since it grows with every minute.
    """

    def __init__(
        self, settings: SimulatorSettings, *, name: str, tags: Mapping[int, Tag], clock: Clock
    ) -> None:
        start_ns = clock.now_ns() if settings.start is None else to_ns(settings.start)
        wanted = meter_tags(tuple(tags.values())) if settings.meters else list(tags.values())
        self._keeps_truth = settings.duration_s is not None
        self.plant = Plant.of_tags(
            tags.values(),
            seed=settings.seed,
            start_ns=start_ns,
            preset=settings.preset,
            keep_minutes=self._keeps_truth,
        )
        for fault in (*settings.faults, *_campaign(settings, self.plant.start_ns)):
            self.plant.plan(
                fault.fault,
                fault.target,
                at_ns=self.plant.start_ns + seconds(fault.after_s),
                duration_s=fault.duration_s,
                size=fault.size,
            )
        numbers = {tag.id: number for number, tag in tags.items()}
        self._name = name
        self._clock = clock
        self._follows_clock = settings.pace == "clock"
        self._step_ns = seconds(settings.step_s)
        self._batch_steps = max(round(settings.batch_s / settings.step_s), 1)
        self._next_ns = self.plant.start_ns
        self._end_ns = (
            None
            if settings.duration_s is None
            else self.plant.start_ns + seconds(settings.duration_s)
        )
        self._sampler = Sampler(
            Panel(self.plant, wanted),
            [numbers[tag.id] for tag in wanted],
            silent=lambda: self.plant.board.consequences.quiet,
            changes_only=settings.emission == "exception",
            bad_share=settings.bad_share,
            rng=np.random.default_rng([settings.seed, 3]),
        )
        self._groups = sorted({tag.item_group for tag in wanted})
        self._meters = [place for place, tag in enumerate(wanted) if tag.id in METER_INDEX]
        self._meter_tags = tuple(wanted[place].id for place in self._meters)
        self._delivery = Delivery(self._meter_tags)
        self._was_silent = False
        self._resets_seen = 0
        self._position = 0
        self._values = 0

    @property
    def truth(self) -> Truth:
        """What every meter really measured."""
        return self.plant.truth

    def labels(self) -> tuple[Label, ...]:
        """What went wrong so far, oldest first: what, where, when, and tonnes truly lost."""
        return self.plant.labels()

    @property
    def now_ns(self) -> int:
        """The plant time up to which Batches were given."""
        return self._next_ns

    def unknown_minutes(self, tag: str, *, bridge_s: float = 60.0) -> Bools:
        """Minutes of ``truth`` in which nobody who read this source can know what meter ``tag``
        measured; shape (minutes,)."""
        meter = METERS[METER_INDEX[tag]]
        return self._delivery.unknown(
            tag,
            first_minute=self.truth.first_minute,
            minutes=self.truth.minutes,
            rate=meter.is_rate,
            pieces=meter.is_count,
            bridge_s=bridge_s,
        )

    async def read(self) -> Batch:
        """The next stretch of plant time that wasn't all silence."""
        while True:
            # Without a pause here, a fast plant would keep every other task from running.
            await self._clock.sleep(0)
            steps = await self._steps_due()
            batch = self._stretch(steps)
            if batch is not None:
                return batch

    def durable(self, position: int) -> None:
        """The plant has nothing to take back."""

    def report(self) -> SourceReport:
        """Liveness comes with every Batch."""
        every_s = self._step_ns / SECOND_NS
        if not self._follows_clock:
            every_s *= self._batch_steps
        return SourceReport(
            keep_alive_s=dict.fromkeys(self._groups, max(every_s, 1.0) / self._clock.speed),
            counters={"values": self._values, "batches": self._position},
            details={"seed": str(self.plant.seed), "model": "reference plant"},
        )

    async def _steps_due(self) -> int:
        """How many samples the next Batch holds; waits for the clock where it leads."""
        steps = self._batch_steps
        if self._end_ns is not None:
            left = -(-(self._end_ns - self._next_ns) // self._step_ns)
            if left <= 0:
                raise EndOfSource(f"the simulated plant {self._name} has run its whole time")
            steps = min(steps, left)
        if not self._follows_clock:
            return steps
        # The last instant of a stretch is its end: what it covers has then passed.
        wait_ns = self._next_ns + self._step_ns - self._clock.now_ns()
        while wait_ns > 0:
            await self._clock.sleep(wait_ns / SECOND_NS)
            wait_ns = self._next_ns + self._step_ns - self._clock.now_ns()
        passed = (self._clock.now_ns() - self._next_ns) // self._step_ns
        return min(steps, passed)

    def _stretch(self, steps: int) -> Batch | None:
        """Samples ``steps`` instants; None when the plant was silent all the time."""
        times = [self._next_ns + k * self._step_ns for k in range(steps)]
        end_ns = self._next_ns + steps * self._step_ns
        samples = self._sampler.take(times)
        alive = np.isin(times, samples.time_ns)
        if self._keeps_truth:
            self._note(np.array(times, np.int64), alive, is_good(samples.status[:, self._meters]))
        after_silence = np.concatenate([[self._was_silent], ~alive])[:-1][alive]
        self._was_silent = not alive[-1]
        self._next_ns = end_ns
        # A fast plant is read after its own time, so the last minute of the truth is complete.
        self.plant.advance_to(end_ns)
        if not len(samples.time_ns):
            return None
        self._position += 1
        batch = self._sampler.batch(
            samples,
            after_silence=after_silence,
            received_ns=self._clock.now_ns() if self._follows_clock else end_ns,
            covers=self._covers(samples.time_ns),
            source=self._name,
            position=self._position,
        )
        self._values += len(batch)
        return batch

    def _covers(self, times_ns: Int64s) -> tuple[Cover, ...]:
        """Each sample that came proves that the plant was reached until the next one."""
        alive = Coverage((t, t + self._step_ns) for t in times_ns.tolist())
        return tuple(Cover(group, a, b) for group in self._groups for a, b in alive.intervals)

    def _note(self, times_ns: Int64s, alive: Bools, good: Bools) -> None:
        arrived = np.zeros((len(times_ns), len(self._meters)), np.bool_)
        arrived[alive] = good
        self._delivery.record(times_ns, arrived)
        for tag, at_ns in self.plant.resets[self._resets_seen :]:
            self._delivery.record_reset(tag, at_ns)
        self._resets_seen = len(self.plant.resets)


def _campaign(settings: SimulatorSettings, start_ns: int) -> tuple[PlannedFault, ...]:
    if settings.campaign is False:
        return ()
    seed = settings.seed if settings.campaign is True else settings.campaign
    return campaign(seed, start_ns, settings.duration_s or YEAR_S)
