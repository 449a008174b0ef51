"""Watch: rules become alarms. Every step is kept in one state transaction with its
notifications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from service.domain.alarm import AlarmState
from service.domain.instants import seconds
from service.runtime.accounting import Accounting
from service.runtime.alarms import AlarmStates, AlarmStore, WatchCommit
from service.runtime.clock import Clock
from service.runtime.errors import Retryable
from service.runtime.log import JournalReader
from service.runtime.progress import Progress
from service.runtime.retry import until_done
from service.runtime.steady import Steady
from service.runtime.suppressing import Suppressions
from service.runtime.watch_absence import AbsenceRules
from service.runtime.watch_deliveries import DeliveryRules
from service.runtime.watch_devices import DeviceRules
from service.runtime.watch_meters import MeterRules
from service.runtime.watch_production import ProductionRules
from service.runtime.watch_values import ValueRules

CURSOR_EVERY_S = 1.0
ABSENCE_EVERY_S = 1.0
SETTLE_S = 10.0
"""For so long after a start nobody is called again: what returned meanwhile is still to be read."""
PATIENCE_S = 10.0
"""How long a person waits for what was done to an alarm to be kept."""

T = TypeVar("T")


class Watch:
    """Owns the states of all alarms. One step at a time: judge, then commit. ``transitions``
    counts the
    transitions that were committed."""

    def __init__(
        self,
        states: AlarmStates,
        store: AlarmStore,
        clock: Clock,
        *,
        devices: DeviceRules | None = None,
        suppressions: Suppressions | None = None,
        values: ValueRules,
        meters: MeterRules,
        production: ProductionRules,
        absence: AbsenceRules,
        deliveries: DeliveryRules | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._states = states
        self._store = store
        self._clock = clock
        self._first = [one for one in (suppressions, devices) if one is not None]
        self._suppressions = suppressions
        self._values = values
        self._meters = meters
        self._production = production
        self._absence = absence
        self._deliveries = deliveries
        self._patience_s = patience_s
        self._steady = Steady(clock)
        self._step = asyncio.Lock()
        self._judged_ns: int | None = None
        self._read = Progress()
        self._committed_s: float | None = None
        self.position = 0
        self.transitions = Progress()
        self.commits = 0

    async def load(self) -> None:
        """Takes up what the last commit left; before the runs."""
        state = await self._store.load()
        self.position = state.position
        self._read.reach(state.position)
        self._judged_ns = state.judged_ns
        self._states.restore(state.states)
        self._values.restore(state.groups)
        await self._production.load()

    async def run_values(self, journal: JournalReader) -> None:
        """Follows ``journal`` with the rules on values, for ever."""
        while True:
            for entry in await journal.read(self._read.value):
                async with self._step:
                    self._values.set_on(self._steady.look())
                    for rules in self._first:  # what they find decides who hears of the rest
                        rules.take(entry.batch)
                    self._values.take(entry.batch)
                    self._meters.take(entry.batch)
                    self._read.reach(entry.position)
                    await self._commit_if_due()

    async def run_production(self, accounting: Accounting) -> None:
        """Judges every minute that accounting closes, for ever."""
        while True:
            seen = accounting.commits.value
            for end_ns in self._production.due(self._judged_ns):
                await self._production.prepare(end_ns)
                async with self._step:
                    self._production.judge(end_ns)
                    self._judged_ns = end_ns
                    await self._commit_if_due()
                await asyncio.sleep(0)
            await accounting.commits.until(seen + 1)

    async def run_absence(self) -> None:
        """Looks for silent item groups and lets time pass for all alarms, for ever."""
        steady = Steady(self._clock)
        while True:
            settled = steady.passed_ns() >= seconds(SETTLE_S)
            await self.look_around(call=settled)
            await self._clock.sleep(ABSENCE_EVERY_S)

    async def look_around(self, *, call: bool = True) -> None:
        """Judges once what time alone changes. call: whether people may be called again."""
        async with self._step:
            now_ns = self._clock.now_ns()
            self._absence.judge(now_ns)
            if self._deliveries is not None:
                self._deliveries.judge(now_ns)
            if self._suppressions is not None:
                self._suppressions.pass_time(now_ns)
            if call:
                self._states.pass_time(now_ns)
            await self._commit_if_due()

    async def keep(self, deed: Callable[[int], T]) -> T:
        """Does what a person asked for, given the time, and waits until it is kept. Retryable when
        that took too long: it is done, and will be kept with a later step."""
        # At once, though a step may be waiting for the store: it counts with the next one.
        answer = deed(self._clock.now_ns())
        try:
            async with asyncio.timeout(self._patience_s), self._step:
                if self._states.dirty:
                    await self._commit()
        except TimeoutError as error:
            raise Retryable(
                "the state can't be written at the moment; what you did to the alarm is taken and "
                "will be stored once the state can be written"
            ) from error
        return answer

    async def caught_up(self, position: int) -> None:
        """Waits until everything up to journal ``position`` was judged, then keeps the cursor."""
        await self._read.until(position)
        async with self._step:
            await self._commit()

    @property
    def judged_ns(self) -> int | None:
        """End of the last minute whose production was judged."""
        return self._judged_ns

    def state(self, definition: str) -> AlarmState:
        """Where one alarm stands."""
        return self._states[definition]

    async def _commit_if_due(self) -> None:
        """Commits what changed at once, and the cursor alone at most once a second: without
        changes,
        judging the same entries again gives the same."""
        now_s, last_s = self._clock.monotonic_s(), self._committed_s
        waited = last_s is None or now_s - last_s >= CURSOR_EVERY_S / self._clock.speed
        if self._states.dirty or (waited and self._read.value != self.position):
            await self._commit()

    async def _commit(self) -> None:
        changed, transitions = self._states.taken()
        now_ns = self._clock.now_ns()
        step = WatchCommit(
            self._read.value, self._judged_ns, self._values.groups(), changed, transitions, now_ns
        )
        try:
            await until_done(partial(self._store.commit, step), what="alarms", clock=self._clock)
        except BaseException:
            self._states.put_back(changed, transitions)  # it may be kept; keeping is idempotent
            raise
        self._committed_s = self._clock.monotonic_s()
        self.position = self._read.value
        self.commits += 1
        self.transitions.reach(self.transitions.value + len(transitions))
