"""Alarms looked back on after a correction: by the rules in force, on what was known then and on
what is known now."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from service.app.backtest import recorded
from service.domain.backtest.grid import Grid
from service.domain.backtest.inputs import Past
from service.domain.definitions import Definitions
from service.domain.instants import DAY_NS, MINUTE_NS
from service.domain.production.book import ProductionBook
from service.domain.production.corrections import Correction
from service.domain.production.minutes import Minutes
from service.domain.retrospect import Retrospective, look_back
from service.domain.rules import ShiftShortfallRule, ThroughputRule
from service.domain.stage_alarms import StageAlarm
from service.runtime.accounting import Accounting
from service.runtime.backtest import CannotBacktest
from service.runtime.clock import Clock
from service.runtime.retry import until_done
from service.runtime.watch import Watch
from service.settings import Site
from service.state.corrections import known_between
from service.state.database import Database
from service.state.ledger import minutes_in
from service.state.retrospect import StateRetrospect, raised_between

BEFORE_NS = DAY_NS
"""So long before a correction judging begins, so that delays and what stood are as they were."""
AFTER_NS = 8 * DAY_NS
"""So long after a correction rolling windows see it."""
GATHER_S = 5.0


class LookingBack:
    """The task. ``stages``: alarms on production that are judged minute by minute."""

    def __init__(
        self,
        site: Site,
        stages: Sequence[StageAlarm],
        database: Database,
        accounting: Accounting,
        watch: Watch,
        clock: Clock,
    ) -> None:
        self._site = site
        self._alarms = [
            one for one in stages if isinstance(one.rule, ThroughputRule | ShiftShortfallRule)
        ]
        self._database = database
        self._state = StateRetrospect(database)
        self._accounting = accounting
        self._watch = watch
        self._clock = clock

    async def run(self) -> None:
        """Looks back after every correction, for ever."""
        while True:
            seen = self._accounting.corrections.value
            await until_done(self.once, what="looking back", clock=self._clock)
            await self._accounting.corrections.until(seen + 1)
            await self._clock.sleep(GATHER_S)  # corrections come meter by meter

    async def once(self) -> int:
        """Looks back on what was not looked back on yet; the number of corrections."""
        open_ = await self._state.unjudged()
        judged_ns = self._watch.judged_ns
        if not open_ or judged_ns is None:
            return 0
        now_ns = self._clock.now_ns()
        look = partial(self._look, corrections=open_, judged_ns=judged_ns)
        entries = await self._database.read(look)
        await self._state.keep(entries, open_, now_ns)
        return len(open_)

    def _look(
        self, connection: Connection, *, corrections: Sequence[Correction], judged_ns: int
    ) -> list[Retrospective]:
        stage_of = {meter.id: meter.stage for meter in self._site.line.meters}
        stages = {stage_of.get(one.meter) for one in corrections}
        alarms = [one for one in self._alarms if one.stage.id in stages]
        since_ns = min(one.start_ns for one in corrections)
        start_ns = since_ns - BEFORE_NS
        end_ns = min(max(one.end_ns for one in corrections) + AFTER_NS, judged_ns)
        if not alarms or start_ns >= end_ns:
            return []
        judged = Definitions(tuple(alarms), (), (), ())
        try:
            books = [
                recorded(connection, self._site, [judged], start_ns, end_ns, _unheard).book
                for _ in range(2)
            ]
        except CannotBacktest:
            return []
        now, then = books
        _forget(connection, then, since_ns, end_ns)
        grid = Grid(now.plan, start_ns, end_ns)
        seen_now, seen_then = Past(now, grid), Past(then, grid)
        return [
            entry
            for one in alarms
            for entry in look_back(
                one.definition,
                seen_then.inputs(one),
                seen_now.inputs(one),
                raised_between(connection, one.definition.id, start_ns, end_ns),
                since_ns=since_ns,
            )
        ]


def _unheard(_work: str, _done: int, _of: int) -> None:
    """Nobody waits for it."""


def _forget(connection: Connection, book: ProductionBook, start_ns: int, end_ns: int) -> None:
    """Brings ``book`` back to what was known of [start_ns, end_ns) at first."""
    first, end = start_ns // MINUTE_NS, -(-end_ns // MINUTE_NS)
    at_first: dict[str, Minutes] = {}
    for one in reversed(known_between(connection, first, end)):  # the oldest comes last, and stays
        if one.meter not in at_first:
            n = end - first
            at_first[one.meter] = minutes_in(connection, one.meter, first, n)
        kept = at_first[one.meter]
        a = max(one.minutes.first, first)
        b = min(one.minutes.first + len(one.minutes), end)
        there = slice(a - one.minutes.first, b - one.minutes.first)
        kept.kg[a - first : b - first] = one.minutes.kg[there]
        kept.grade[a - first : b - first] = one.minutes.grade[there]
    for meter, minutes in at_first.items():
        book.correct(meter, minutes_in(connection, meter, first, len(minutes)), minutes)
