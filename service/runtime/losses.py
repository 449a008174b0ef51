"""Loss accounting: follows the closed minutes, finds what was lost, and keeps it shift by shift."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from service.domain.calendar import Calendar, ShiftSpan
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_iso
from service.domain.line import Line
from service.domain.losses.entries import ReasonEntry, say
from service.domain.losses.reasons import Reason
from service.domain.losses.shifts import Look, Piece, ShiftLosses
from service.domain.plan import Plan
from service.runtime.clock import Clock
from service.runtime.lossfinding import Recorded, found_shifts, looked_at
from service.runtime.progress import Progress
from service.runtime.retry import until_done

log = logging.getLogger(__name__)

BACK_NS = 4 * DAY_NS
"""So far before a shift its window begins: a rectifier's run and the wait for the next."""
AFTER_NS = 4 * DAY_NS
"""So long after its end a shift is found again, because pieces of long cycles still come out."""
AT_ONCE_NS = 4 * DAY_NS
"""Shifts that are found in one go while catching up."""
EVERY_S = 120.0
DEEP_EVERY_NS = HOUR_NS
"""How often all shifts that are not settled are found again; else only the last two."""
SPARING = 10.0
"""While catching up, so many times as long as a pass took is waited before the next one."""


class NoSuchEvent(LookupError):
    """No event of the losses covers this unit and minute."""


@dataclass(frozen=True, slots=True)
class LossState:
    """What is remembered between two passes.

    settled_ns: begin of the first shift that is still found again; None before the first.
    fingerprint: of what the losses were found with. corrected: number of the last correction of
    production that was followed.
    """

    settled_ns: int | None = None
    fingerprint: str = ""
    corrected: int = 0


class Closing(Protocol):
    """What closes minutes: ``service.runtime.accounting.Accounting``."""

    @property
    def closed_ns(self) -> int | None:
        """End of the last minute for which accounting is done."""
        ...

    @property
    def commits(self) -> Progress:
        """Moves on with every commit of closed minutes."""
        ...


class LossStore(Protocol):
    """Where losses are kept. Called by one task at a time; raises Retryable when the state can't be
    used now."""

    async def load(self) -> LossState:
        """The state of the last ``keep``; a fresh one when there was none."""
        ...

    async def recorded(self, start_ns: int, end_ns: int) -> Recorded:
        """What is known of [start_ns, end_ns), whole hours, and of what lies before."""
        ...

    async def keep(self, shifts: Sequence[ShiftLosses], state: LossState) -> None:
        """Keeps ``shifts`` in place of what was kept of them, and ``state``, all or nothing."""
        ...

    async def first_ns(self) -> int | None:
        """Begin of the first closed minute; None when there is none."""
        ...

    async def corrected_since(self, number: int) -> tuple[int, list[tuple[int, int]]]:
        """Spans [start_ns, end_ns) whose production was corrected after correction ``number``, and
        the number of the last."""
        ...


class Statements(Protocol):
    """What operators said about events. Raises Retryable when the state can't be used now."""

    async def event(self, unit: str, minute_ns: int) -> Sequence[Piece]:
        """The pieces of the event of ``unit`` that covers a minute; none when there is no such."""
        ...

    async def said(self, unit: str, start_ns: int, end_ns: int) -> list[ReasonEntry]:
        """All that was said about a stretch of a unit's time, in the order of saying."""
        ...

    async def append(self, entry: ReasonEntry) -> None:
        """Keeps a statement with its audit row, all or nothing."""
        ...


class Losses:
    """The consumer that finds losses. ``found`` moves on with each pass that was kept."""

    def __init__(
        self,
        line: Line,
        plan: Plan,
        accounting: Closing,
        store: LossStore,
        statements: Statements,
        clock: Clock,
        *,
        sparing: float = SPARING,
    ) -> None:
        self._line = line
        self._plan = plan
        self._accounting = accounting
        self._store = store
        self._statements = statements
        self._clock = clock
        self._sparing = sparing
        self._state = LossState()
        self._finding = asyncio.Lock()
        self._deep_ns = 0
        self._first_ns: int | None = None
        # Later versions of the plan leave what was due before them as it was.
        about = repr((line, plan.first.target_kg, plan.first.calendar))
        self._fingerprint = hashlib.sha256(about.encode()).hexdigest()[:16]
        self._changed: set[int] = set()
        self.found = Progress()

    @property
    def calendar(self) -> Calendar:
        """Shifts, days and months as they are now."""
        return self._plan.calendar

    @property
    def line(self) -> Line:
        """The line with all its versions."""
        return self._line

    def take_changed(self) -> list[int]:
        """The begins of the shifts that were found since this was last asked, in order."""
        changed, self._changed = sorted(self._changed), set()
        return changed

    def now_ns(self) -> int:
        """The instant now."""
        return self._clock.now_ns()

    def replan(self, plan: Plan) -> None:
        """Losses are found against ``plan`` from now on."""
        self._plan = plan

    async def run(self) -> None:
        """Follows the closed minutes for ever."""
        self._state = await until_done(self._store.load, what="losses", clock=self._clock)
        while True:
            seen = self._accounting.commits.value
            await until_done(self.catch_up, what="losses", clock=self._clock)
            await self._clock.sleep(EVERY_S)
            await self._accounting.commits.until(seen + 1)

    async def catch_up(self) -> None:
        """Finds what there is to find up to the last closed minute, and what was corrected."""
        await self._follow_corrections()
        while (span := await self._due()) is not None:
            began = asyncio.get_running_loop().time()
            await self._find(*span)
            if span[1] >= (self._accounting.closed_ns or 0):
                return
            took_s = asyncio.get_running_loop().time() - began
            await asyncio.sleep(took_s * self._sparing)  # real seconds: it is about the processor

    async def _follow_corrections(self) -> None:
        """Finds again what corrected production has changed in shifts that are settled."""
        number, spans = await self._store.corrected_since(self._state.corrected)
        settled_ns, first_ns = self._state.settled_ns, await self._began_ns()
        if settled_ns is not None and first_ns is not None:
            for start_ns, end_ns in _united(spans, around_ns=AFTER_NS):
                await self._find_all(max(start_ns, first_ns), min(end_ns, settled_ns))
        self._state = replace(self._state, corrected=number)

    async def _find_all(self, start_ns: int, end_ns: int) -> None:
        """Finds [start_ns, end_ns) in portions."""
        for at_ns in range(start_ns, end_ns, AT_ONCE_NS):
            await self._find(at_ns, min(at_ns + AT_ONCE_NS, end_ns))

    async def say(
        self, unit: str, minute_ns: int, *, reason: Reason | None, comment: str, by: str,
        seen_version: int,
    ) -> Sequence[Piece]:  # fmt: skip
        """Gives the event of ``unit`` at ``minute_ns`` its reason; None takes back what was said.

        The event's pieces as they are then. Raises NoSuchEvent, ReasonConflict, Retryable.
        """
        pieces = await self._event(unit, minute_ns)
        start_ns, end_ns = pieces[0].began_ns, pieces[-1].event.end_ns
        entry = say(
            await self._statements.said(unit, start_ns, end_ns),
            unit=unit, start_ns=start_ns, end_ns=end_ns, reason=reason, comment=comment, by=by,
            at_ns=self._clock.now_ns(), seen_version=seen_version, whole=True,
        )  # fmt: skip
        await self._statements.append(entry)
        await self._find_all(start_ns, end_ns)
        return await self._event(unit, minute_ns)

    async def look(self, start_ns: int, end_ns: int) -> Look | None:
        """The losses of [start_ns, end_ns) as they are found now, on whole minutes, beside those of
        a longer time around it; None when nothing of it is closed. Keeps nothing."""
        closed_ns, first_ns = self._accounting.closed_ns, await self._began_ns()
        if closed_ns is None or first_ns is None:
            return None
        first = max(start_ns - BACK_NS, first_ns) // MINUTE_NS
        end = min(end_ns + AFTER_NS, closed_ns) // MINUTE_NS
        cut = (max(start_ns // MINUTE_NS, first), min(-(-end_ns // MINUTE_NS), end))
        if cut[0] >= cut[1]:
            return None
        recorded = await self._store.recorded(first * MINUTE_NS, end * MINUTE_NS)
        return await asyncio.to_thread(
            looked_at, self._line, self._plan, recorded, (first, end), cut
        )

    async def _event(self, unit: str, minute_ns: int) -> Sequence[Piece]:
        pieces = await self._statements.event(unit, minute_ns)
        if not pieces:
            raise NoSuchEvent(
                f"{unit} has no event at {to_iso(minute_ns)} (any more); "
                f"GET /api/v1/losses lists those there are"
            )
        return pieces

    async def _due(self) -> tuple[int, int] | None:
        """The next span to find; None when nothing is closed."""
        closed_ns = self._accounting.closed_ns
        first_ns = await self._began_ns()
        if closed_ns is None or first_ns is None or closed_ns <= first_ns:
            return None
        if self._state.settled_ns is None or self._state.fingerprint != self._fingerprint:
            self._state = replace(self._state, settled_ns=first_ns, fingerprint=self._fingerprint)
        settled_ns = max(self._state.settled_ns or first_ns, first_ns)
        if closed_ns - settled_ns > AFTER_NS + AT_ONCE_NS:
            return settled_ns, settled_ns + AT_ONCE_NS
        if closed_ns - self._deep_ns >= DEEP_EVERY_NS:
            self._deep_ns = closed_ns
            return settled_ns, closed_ns
        last = self._plan.calendar.shift_at(closed_ns - 1).start_ns
        return max(self._plan.calendar.shift_at(last - 1).start_ns, settled_ns), closed_ns

    async def _began_ns(self) -> int | None:
        if self._first_ns is None:
            self._first_ns = await self._store.first_ns()
        return self._first_ns

    async def _find(self, start_ns: int, end_ns: int) -> None:
        """Finds and keeps the shifts that overlap [start_ns, end_ns)."""
        async with self._finding:
            closed_ns = self._accounting.closed_ns
            first_ns = await self._began_ns()
            if closed_ns is None or first_ns is None:
                return
            calendar = self._plan.calendar
            spans = calendar.shifts_between(start_ns, min(end_ns, closed_ns))
            back_ns = calendar.shift_at(spans[0].start_ns - BACK_NS).start_ns
            window = (
                max(back_ns, first_ns) // MINUTE_NS,
                min(spans[-1].end_ns + AFTER_NS, closed_ns) // MINUTE_NS,
            )
            recorded = await self._store.recorded(window[0] * MINUTE_NS, window[1] * MINUTE_NS)
            shifts = await asyncio.to_thread(
                found_shifts, self._line, self._plan, recorded, window, spans
            )
            state = self._moved_on(spans, closed_ns)
            await self._store.keep(shifts, state)
            self._state = state
            self._changed.update(shift.span.start_ns for shift in shifts)
            self.found.step()

    def _moved_on(self, spans: Sequence[ShiftSpan], closed_ns: int) -> LossState:
        """The state once ``spans`` are kept: those long over are settled."""
        settled_ns = self._state.settled_ns
        if settled_ns is not None and spans[0].start_ns <= settled_ns:
            done = [s.end_ns for s in spans if s.end_ns + AFTER_NS <= closed_ns]
            return replace(self._state, settled_ns=max([settled_ns, *done]))
        return self._state


def _united(spans: Sequence[tuple[int, int]], *, around_ns: int) -> list[tuple[int, int]]:
    """``spans``, each with ``around_ns`` on either side, as few that are apart."""
    found: list[tuple[int, int]] = []
    for start_ns, end_ns in sorted((a - around_ns, b + around_ns) for a, b in spans):
        if found and start_ns <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end_ns))
        else:
            found.append((start_ns, end_ns))
    return found
