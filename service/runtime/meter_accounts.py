"""The accounts of all meters: how far each is told, the minutes that closes, what came too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from service.domain.instants import MINUTE_NS, seconds
from service.domain.line import Meter
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import Minutes
from service.domain.production.moved import Moved
from service.domain.production.readings import Readings, in_order
from service.domain.production.recount import Recount, Span, believed, late_before_ns, with_span
from service.domain.production.stuck import Standing
from service.runtime.ledger import AccountingState
from service.runtime.meter_rows import MeterRows, sort_rows
from service.runtime.recounting import LateMeter

SILENT_NS = 2 * MINUTE_NS
"""A group this far behind the most advanced one has fallen silent."""
NEVER = np.iinfo(np.int64).min

Made = tuple[str, Minutes]
"""A meter and what it made."""


class MeterAccounts:
    """Advances the accounts of ``meters`` within ``state``, which its owner commits.

    groups: the meters' item groups. counters: ``readings`` and ``late`` are counted there.
    lateness_ns: so long after a group proved itself alive its values of before may still come.
    """

    def __init__(
        self,
        meters: Sequence[Meter],
        groups: Sequence[str],
        state: AccountingState,
        counters: dict[str, int],
        *,
        lateness_ns: int,
    ) -> None:
        self._meters = meters
        self._groups = groups
        self._state = state
        self._counters = counters
        self._lateness_ns = lateness_ns

    def minute_is_over(self) -> bool:
        """Whether another minute can be closed."""
        closable = self._closable_ns()
        return closable is not None and closable > (self._state.closed_ns or NEVER)

    def advance(
        self, rows: Mapping[str, MeterRows], lively: Sequence[tuple[str, Span]]
    ) -> tuple[list[Made], list[Moved]]:
        """Advances every meter's account; returns the minutes that closed, and the readings that
        count at another time than their own. Runs in a worker thread."""
        closed: list[Made] = []
        moved: list[Moved] = []
        for meter in self._meters:
            mark = self._watermark_ns(meter.item_group)
            if mark is None:
                continue
            account = self._state.accounts.get(meter.id, Account())
            late_ns = late_before_ns(meter, account)
            spans = [s for group, s in lively if group == meter.item_group and s[0] < late_ns]
            readings = _NO_READINGS
            if meter.tag in rows:
                self._counters["readings"] += len(rows[meter.tag].said_ns)
                done = sort_rows(
                    meter.id, rows[meter.tag], self._state.newest.get(meter.id), late_ns
                )
                readings = done.readings
                moved += done.moved
                spans += done.late
                self._counters["late"] += len(done.late)
                if done.newest is not None:
                    self._state.newest[meter.id] = done.newest
            for span in spans:
                self._state.late[meter.id] = with_span(self._state.late.get(meter.id, ()), *span)
            coverage = self._state.coverage[meter.item_group]
            if meter.stuck_s is not None:
                readings = self._believed(meter, readings, rows.get(meter.runs_tag or ""), mark)
            account, minutes = advance(meter, account, readings, coverage, mark)
            self._state.accounts[meter.id] = account
            if minutes is not None:
                closed.append((meter.id, minutes))
        closable = self._closable_ns()
        if closable is not None:
            self._state.closed_ns = max(closable, self._state.closed_ns or NEVER)
        self._forget()
        return closed, moved

    def reopened(self, closed: Sequence[Made]) -> tuple[list[Made], list[Made]]:
        """Minutes that are closed for the first time, and those that something late had opened
        again."""
        fresh, again = [], []
        for meter, minutes in closed:
            until = self._state.reopened.get(meter, minutes.first)
            n = min(max(until - minutes.first, 0), len(minutes))
            if minutes.first + n >= until:
                self._state.reopened.pop(meter, None)
            if n:
                again.append((meter, Minutes(minutes.first, minutes.kg[:n], minutes.grade[:n])))
            if n < len(minutes):
                part = Minutes(minutes.first + n, minutes.kg[n:], minutes.grade[n:])
                fresh.append((meter, part))
        return fresh, again

    def some_late(self, limit: int) -> list[LateMeter]:
        """Up to ``limit`` meters that something came late for, in the order of the line."""
        late = [m for m in self._meters if m.id in self._state.late][:limit]
        return [
            LateMeter(
                meter,
                self._state.late[meter.id][0],
                self._state.accounts[meter.id],
                self._watermark_ns(meter.item_group) or 0,
                self._state.coverage[meter.item_group],
            )
            for meter in late
        ]

    def take_up(self, one: LateMeter, again: Recount | None) -> None:
        """The state after ``one`` was accounted for ``again``."""
        meter = one.meter.id
        left = self._state.late[meter][1:]
        if left:
            self._state.late[meter] = left
        else:
            del self._state.late[meter]
        if again is None or again.account is None:
            return
        was, now = one.account.open, again.account.open
        if was is not None and now is not None and now.first < was.first:
            self._state.reopened[meter] = max(was.first, self._state.reopened.get(meter, 0))
        self._state.accounts[meter] = again.account
        if again.standing is not None and one.meter.stuck_s is not None:
            self._state.standing[meter] = again.standing

    def _closable_ns(self) -> int | None:
        """End of the last minute that every living group has told all about.

        A group that fell silent does not hold up the others: its meters' minutes are unknown for
        now.
        """
        marks = [m for g in self._groups if (m := self._watermark_ns(g)) is not None]
        if not marks:
            return None
        living_ns = min(m for m in marks if m >= max(marks) - SILENT_NS)
        longest_ns = max(seconds(m.sample_s) for m in self._meters)
        return (living_ns - longest_ns) // MINUTE_NS * MINUTE_NS

    def _watermark_ns(self, group: str) -> int | None:
        coverage = self._state.coverage.get(group)
        end_ns = coverage.end_ns if coverage else None
        return None if end_ns is None else end_ns - self._lateness_ns

    def _believed(
        self, meter: Meter, readings: Readings, running: MeterRows | None, until_ns: int
    ) -> Readings:
        """``readings`` without those of a value that is stuck."""
        runs = _NO_READINGS
        if running is not None:
            runs = Readings(running.held_ns, running.value, running.usable)
        found, self._state.standing[meter.id] = believed(
            meter,
            in_order(readings, after_ns=None),
            in_order(runs, after_ns=None),
            self._state.coverage[meter.item_group],
            until_ns,
            self._state.standing.get(meter.id, Standing()),
        )
        return found

    def _forget(self) -> None:
        """Drops coverage that no account looks back at."""
        for group, coverage in self._state.coverage.items():
            needed = [
                account.last_ns
                for meter in self._meters
                if meter.item_group == group
                and (account := self._state.accounts.get(meter.id)) is not None
                and account.last_ns is not None
            ]
            if needed:
                coverage.forget_before(min(needed))


_NO_READINGS = Readings(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_))
