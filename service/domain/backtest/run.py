"""A set of rules, tried on a book of production."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from service.domain.alarm import Transition, TransitionKind
from service.domain.arrays import Bools, Int64s
from service.domain.backtest.grid import Grid
from service.domain.backtest.inputs import Inputs, Past
from service.domain.backtest.labels import Alert, Label, matches, verdict
from service.domain.backtest.outcome import AlarmOutcome, Outcome, Spans, flood_minutes
from service.domain.backtest.replay import replay
from service.domain.definitions import Definitions
from service.domain.detection.drift import looks_back_ns
from service.domain.detection.limits import Limits
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.judge import UNKNOWN
from service.domain.losses.followed import WARM_NS as RUNS_WARM_NS
from service.domain.plan import Plan, Window, window_start_ns
from service.domain.production.book import ProductionBook
from service.domain.rules import BalanceRule, DriftRule, RunRule, ThroughputRule
from service.domain.stage_alarms import StageAlarm


def backtest(
    definitions: Definitions,
    book: ProductionBook,
    *,
    name: str,
    start_ns: int,
    end_ns: int,
    labels: Sequence[Label] | None = None,
    grace_ns: int = 0,
    kept: Mapping[str, Sequence[Limits]] = MappingProxyType({}),
    grid: Grid | None = None,
    progressed: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """What the production rules of ``definitions`` would have done in [start_ns, end_ns).

    Every alarm begins clear; nobody acknowledges. ``book`` holds the range and what the windows
    look back on, see ``needed_from_ns``. kept: see ``Past``. grid: of the same plan and range, to
    try many books at the same minutes; None makes it. progressed: told after each alarm how many
    are done; may raise to end it.
    """
    grid = grid or Grid(book.plan, start_ns, end_ns)
    past = Past(book, grid, kept)
    found: dict[str, AlarmOutcome] = {}
    # By stage, for a stage is summed once.
    for alarm in sorted(definitions.stages, key=lambda one: one.stage.id):
        inputs = past.inputs(alarm)
        _, transitions = replay(alarm.definition, inputs)
        found[alarm.definition.id] = _outcome(alarm, inputs, transitions, labels, grace_ns, end_ns)
        progressed(len(found))
    alarms = [found[alarm.definition.id] for alarm in definitions.stages]
    raised = [alert.raised_ns for alarm in alarms for alert in alarm.alerts]
    others = len(definitions.limits) + len(definitions.tags) + len(definitions.groups)
    others += len(definitions.clocks) + len(definitions.meters) + len(definitions.forecasts)
    others += len(definitions.devices)
    return Outcome(
        name=name,
        start_ns=start_ns,
        end_ns=end_ns,
        alarms=alarms,
        verdicts=[
            verdict(
                label,
                [
                    (one.definition.id, one.alerts)
                    for one in alarms
                    if label.stage in (None, one.definition.stage)
                ],
                grace_ns=grace_ns,
            )
            for label in labels or ()
        ],
        flood_minutes=flood_minutes(raised, grid.ends_ns),
        left_out=others,
    )


def needed_from_ns(definitions: Iterable[Definitions], plan: Plan, start_ns: int) -> int:
    """The earliest instant that any window looks back on when judging begins after ``start_ns``."""
    first_end_ns = (start_ns // MINUTE_NS + 1) * MINUTE_NS
    definitions = list(definitions)
    windows = {Window.HOUR, Window.SHIFT} | {
        alarm.rule.window
        for one in definitions
        for alarm in one.stages
        if isinstance(alarm.rule, ThroughputRule)
    }
    starts = [window_start_ns(window, plan.calendar, first_end_ns) for window in windows]
    starts += [
        (first_end_ns // HOUR_NS) * HOUR_NS - round(alarm.rule.window_days * DAY_NS)
        for one in definitions
        for alarm in one.stages
        if isinstance(alarm.rule, BalanceRule)
    ]
    starts += [
        plan.calendar.month_start_ns(first_end_ns - 1) - RUNS_WARM_NS
        for one in definitions
        for alarm in one.stages
        if isinstance(alarm.rule, RunRule)
    ]
    starts += [
        looks_back_ns(alarm.rule, plan.calendar, first_end_ns)
        for one in definitions
        for alarm in one.stages
        if isinstance(alarm.rule, DriftRule)
    ]
    return min(starts)


def alerts_of(transitions: Iterable[Transition]) -> tuple[Alert, ...]:
    """Raises with their returns."""
    alerts: list[Alert] = []
    for one in transitions:
        if one.kind is TransitionKind.RAISED:
            alerts.append(Alert(one.at_ns, None, one.value))
        elif one.kind is TransitionKind.RETURNED:
            last = alerts[-1]
            alerts[-1] = Alert(last.raised_ns, one.at_ns, last.value)
    return tuple(alerts)


def spans_where(true: Bools, end_ns: Int64s) -> Spans:
    """The stretches of minutes, given by their ends, that are ``true``."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], true, [False])).astype(np.int8)))
    pairs = edges.reshape(-1, 2)
    return np.stack([end_ns[pairs[:, 0]] - MINUTE_NS, end_ns[pairs[:, 1] - 1]], axis=1)


def _outcome(
    alarm: StageAlarm,
    inputs: Inputs,
    transitions: Sequence[Transition],
    labels: Sequence[Label] | None,
    grace_ns: int,
    end_ns: int,
) -> AlarmOutcome:
    alerts = alerts_of(transitions)
    of_stage = [one for one in labels or () if one.stage in (None, alarm.stage.id)]
    standing = [(a.raised_ns, end_ns if a.returned_ns is None else a.returned_ns) for a in alerts]
    matching = sum(any(matches(a, one, grace_ns=grace_ns) for one in of_stage) for a in alerts)
    own = [(alarm.definition.id, alerts)]
    return AlarmOutcome(
        definition=alarm.definition,
        alerts=alerts,
        standing=np.array(standing, np.int64).reshape(-1, 2),
        unknown=spans_where(inputs.clear == UNKNOWN, inputs.end_ns),
        unlabelled=None if labels is None else len(alerts) - matching,
        verdicts=[verdict(one, own, grace_ns=grace_ns) for one in of_stage],
    )
