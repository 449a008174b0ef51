"""A month of readings through the service's own accounting, rules and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from connectors.simulator.months.signals import Shown, Signals
from service.cli.bench.charts import without
from service.domain.arrays import Bools, Float64s, Int64s
from service.domain.backtest.grid import Grid
from service.domain.backtest.inputs import Past
from service.domain.backtest.replay import replay
from service.domain.backtest.run import alerts_of
from service.domain.batch import believed_ns
from service.domain.definitions import COUNTERS, Definitions, define
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.line import Line, Meter
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import Grade, Minutes
from service.domain.production.readings import Readings
from service.domain.production.stuck import Standing, find_stuck, without_stuck
from service.domain.production.totaliser import falls
from service.domain.rules import Rule, ShiftShortfallRule, ThroughputRule
from service.settings import Site

KEEP_ALIVE_PATIENCE_NS = 20 * SECOND_NS
NOTHING = Readings(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_))


@dataclass(frozen=True, slots=True)
class MeterMonth:
    """What accounting made of one meter, and what the rules on its signal saw.

    kg: shape (minutes,), NaN where unknown. grade: shape (minutes,). late: minutes that were not
    known yet when they were judged. resets_ns, rollovers_ns, stuck_ns: when each was told.
    wrong_clock_ns: of the readings whose times can't be.
    """

    stage: str
    kg: Float64s
    grade: Float64s
    late: Bools
    resets_ns: Int64s
    rollovers_ns: Int64s
    stuck_ns: Int64s
    wrong_clock_ns: Int64s


def account(meter: Meter, signals: Signals, shown: Shown, *, start_ns: int) -> MeterMonth:
    """Readings in, minutes out; the same functions that the running service calls."""
    minutes = len(signals.came)
    until_ns = start_ns + minutes * MINUTE_NS + SECOND_NS
    came = signals.came
    time_ns, received_ns = signals.time_ns[came], signals.received_ns[came]
    believed = believed_ns(time_ns, received_ns, signals.told_ns[came])
    readings = Readings(believed, signals.value[came], signals.usable[came])
    running = NOTHING
    if meter.runs_tag is not None:
        running = Readings(believed[:1], np.array([meter.runs_above + 1.0]), np.ones(1, np.bool_))
    gaps = shown.coverage.gaps(start_ns, until_ns)
    _, spans = find_stuck(meter, Standing(), readings, running, gaps=gaps, until_ns=until_ns)
    good = readings.usable
    resets, rollovers = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if meter.kind in COUNTERS:
        resets, rollovers = falls(meter, believed[good], readings.value[good])
    seen = without_stuck(readings, spans)
    _, closed = advance(meter, Account(), seen, shown.coverage, until_ns)
    kg, grade = np.full(minutes, np.nan), np.full(minutes, float(Grade.UNKNOWN))
    if closed is not None:
        at = closed.first - start_ns // MINUTE_NS
        kg[at : at + len(closed)] = closed.kg
        grade[at : at + len(closed)] = closed.grade
    late = ~came | ~signals.usable
    for span in spans:
        a = (span.start_ns - start_ns) // MINUTE_NS
        late[a : -(-(span.end_ns - start_ns) // MINUTE_NS)] = True
    stuck = np.array([span.start_ns for span in spans], np.int64)
    return MeterMonth(
        meter.stage, kg, grade, late, resets, rollovers, stuck, received_ns[believed != time_ns]
    )


def gaps_told(shown: Shown, *, start_ns: int, until_ns: int) -> Int64s:
    """When communication was told to be lost."""
    found = [
        a + KEEP_ALIVE_PATIENCE_NS
        for a, b in shown.coverage.gaps(start_ns, until_ns)
        if b - a > KEEP_ALIVE_PATIENCE_NS
    ]
    return np.array(found, np.int64)


def bad_told(signals: Signals) -> list[int]:
    """When the meter's value turned Bad."""
    bad = signals.came & ~signals.usable
    first = bad & ~np.concatenate([[False], bad[:-1]])
    return [int(at) for at in signals.received_ns[first].tolist()]


def wraps(signals: Signals) -> bool:
    """Whether the counter came to its top and over it."""
    return bool((np.diff(signals.value) < -(2.0**31)).any())


class Judge:
    """The site's throughput rules on some of its stages."""

    def __init__(self, site: Site, stages: Sequence[str]) -> None:
        self.plan: Plan = site.plan
        self.line: Line = replace(
            site.line,
            stages=tuple(replace(s, feeds=()) for s in site.line.stages if s.id in stages),
            meters=tuple(m for m in site.line.meters if m.stage in stages),
            energy=(),
        )
        rules: list[Rule] = []
        for rule in site.rules:
            if isinstance(rule, ThroughputRule | ShiftShortfallRule):
                kept = tuple(stage for stage in rule.stages if stage in stages)
                rules += [replace(rule, stages=kept)] if kept else []
        self._grid: Grid | None = None
        self.definitions: Definitions = define(rules, tags=(), line=self.line)

    def alerts(
        self, accounts: Mapping[str, MeterMonth], *, start_ns: int, judged_ns: int
    ) -> dict[str, list[tuple[str, int]]]:
        """Throughput alerts from ``judged_ns`` on, as (definition, instant): on what was known in
        the end, and on what was known at each minute; of the same minutes in every call.

        While a meter of the stage tells nothing, all that ever came late is taken as unknown; when
        it tells again, so is what happened in between, as in the service.
        """
        known = self._past({id_: one.kg for id_, one in accounts.items()}, start_ns, judged_ns)
        then = {id_: without(one.kg, one.late) for id_, one in accounts.items()}
        unknown = self._past(then, start_ns, judged_ns)
        found: dict[str, list[tuple[str, int]]] = {"known later": [], "as known then": []}
        for alarm in sorted(self.definitions.stages, key=lambda one: one.stage.id):
            meters = self.line.meters_by_stage[alarm.stage.id]
            waits = np.any([accounts[meter.id].late for meter in meters], axis=0)
            later, doubtful = known.inputs(alarm), unknown.inputs(alarm)
            silent = waits[(later.end_ns - start_ns) // MINUTE_NS - 1]
            inputs = replace(
                later,
                clear=np.where(silent, doubtful.clear, later.clear),
                standing=np.where(silent, doubtful.standing, later.standing),
                value=np.where(silent, doubtful.value, later.value),
            )
            for name, seen in (("known later", later), ("as known then", inputs)):
                _, transitions = replay(alarm.definition, seen)
                found[name] += [
                    (alarm.definition.id, alert.raised_ns) for alert in alerts_of(transitions)
                ]
        return found

    def _past(self, kg: Mapping[str, Float64s], start_ns: int, judged_ns: int) -> Past:
        """kg: by meter, shape (minutes,), NaN where unknown."""
        minutes = len(next(iter(kg.values())))
        first = start_ns // MINUTE_NS
        book = ProductionBook(self.line, self.plan, first_minute=first, n_minutes=minutes)
        for meter, row in kg.items():
            unknown = np.isnan(row)
            grade = np.where(unknown, Grade.UNKNOWN, Grade.MEASURED).astype(np.uint8)
            book.enter(meter, Minutes(first, row, grade))
        end_ns = start_ns + minutes * MINUTE_NS
        book.closed_ns = end_ns
        if self._grid is None:
            self._grid = Grid(self.plan, judged_ns, end_ns)
        return Past(book, self._grid)
