"""A meter's own troubles raise their own alarms: resets, rollovers, stuck values, wrong clocks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from service.domain.alarm import Priority
from service.domain.batch import Batch, make_batch
from service.domain.coverage import Cover
from service.domain.definitions import define
from service.domain.instants import SECOND_NS
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.rules import ClockRule, CounterEvent, CounterRule, StuckRule, Timing
from service.domain.tag import Tag
from service.domain.tagtable import TagTable
from service.runtime.alarms import AlarmStates
from service.runtime.watch_meters import MeterRules

T0 = 1_780_000_000 * SECOND_NS
TOTAL, RUNS = 0, 1
TAGS = {TOTAL: Tag("SC-L01-WQ.TOT", "plant", "a", "kg"), RUNS: Tag("SC-L01-ST", "plant", "b")}
GROUP = TAGS[TOTAL].item_group
METER = Meter(
    "SC-L01", "SC", "SC-L01", "SC-L01-WQ.TOT", MeterKind.TOTALISER, GROUP,
    rollover=65_536.0, max_rate_kg_per_h=2_000.0, stuck_s=600.0, runs_tag="SC-L01-ST",
)  # fmt: skip
LINE = Line((Stage("SC", "Screening", "筛分", 1.0, 1.0, 10.0),), (METER,), "SC")
RULES = (
    CounterRule("reset", CounterEvent.RESET, ("*",), Priority.MEDIUM, Timing(off_delay_s=300.0)),
    CounterRule("over", CounterEvent.ROLLOVER, ("*",), Priority.LOW, Timing(off_delay_s=300.0)),
    StuckRule("stuck", ("*",), Priority.MEDIUM, Timing()),
    ClockRule("clock", ("plant",), Priority.MEDIUM, Timing(off_delay_s=60.0)),
)


@dataclass
class Rig:
    """A source that brings a reading every minute, as its messages do."""

    rules: MeterRules
    states: AlarmStates
    minute: int = 0
    seen: list[tuple[str, str, float]] = field(default_factory=list)

    def give(self, value: float | None, *, runs: float | None = None, says_s: float = 0.0) -> None:
        at_ns = T0 + self.minute * 60 * SECOND_NS
        cover = Cover(GROUP, max(at_ns - 60 * SECOND_NS, T0 - SECOND_NS), at_ns)
        rows = [(TOTAL, value), (RUNS, runs)]
        given = [(tag, v) for tag, v in rows if v is not None]
        self.take(given, at_ns, cover, says_ns=at_ns - SECOND_NS + round(says_s * SECOND_NS))
        self.minute += 1

    def take(
        self, rows: list[tuple[int, float]], at_ns: int, cover: Cover, *, says_ns: int
    ) -> None:
        tag, value = [tag for tag, _ in rows], [value for _, value in rows]
        times = np.full(len(rows), says_ns, np.int64)
        batch: Batch = make_batch(tag, times, value, received_ns=at_ns, covers=(cover,))
        self.rules.take(batch)
        for definition, transition, _ in self.states.taken()[1]:
            when = (transition.at_ns - T0) / (60 * SECOND_NS)
            self.seen.append((definition.rule, str(transition.kind), round(when, 1)))


def rig() -> Rig:
    definitions = define(RULES, tags=list(TAGS.values()), line=LINE)
    states = AlarmStates(definitions.all())
    return Rig(MeterRules(definitions, TagTable(TAGS), states), states)


def test_a_steady_counter_raises_nothing() -> None:
    plant = rig()
    for n in range(60):
        plant.give(1_000.0 + 12.0 * n, runs=1.0 if n == 0 else None)
    assert plant.seen == []


def test_a_reset_and_a_rollover_are_told_apart_and_go_by_themselves() -> None:
    plant = rig()
    for n in range(20):
        plant.give(65_500.0 + 12.0 * n - (65_536.0 if n >= 4 else 0.0), runs=1.0)
    for n in range(20):
        plant.give(12.0 * n, runs=1.0)
    raised = [(rule, at) for rule, kind, at in plant.seen if kind == "raised"]
    assert raised == [("over", 4.0), ("reset", 20.0)]
    assert [rule for rule, kind, _ in plant.seen if kind == "returned"] == ["over", "reset"]


def test_a_counter_that_stands_while_its_machine_runs_is_stuck_until_it_moves() -> None:
    plant = rig()
    for n in range(60):
        told = 12.0 * n
        plant.give(told if n < 20 or n >= 40 else None, runs=1.0 if n == 0 else None)
    assert [(rule, kind) for rule, kind, _ in plant.seen] == [
        ("stuck", "raised"), ("stuck", "returned"),
    ]  # fmt: skip
    assert plant.seen[0][2] == 29.0
    assert plant.seen[1][2] == 40.0


def test_a_machine_that_stops_is_not_stuck() -> None:
    plant = rig()
    for n in range(60):
        runs = {0: 1.0, 21: 0.0}.get(n)
        plant.give(12.0 * n if n < 20 else None, runs=runs)
    assert plant.seen == []


def test_clocks_behind_and_ahead_are_told_and_a_source_that_resumes_is_believed() -> None:
    plant = rig()
    for n in range(40):
        behind = -3_600.0 if 10 <= n < 14 else 7_200.0 if 25 <= n < 28 else 0.0
        plant.give(12.0 * n, runs=1.0, says_s=behind)
    assert [(rule, kind, at) for rule, kind, at in plant.seen if kind == "raised"] == [
        ("clock", "raised", 10.0), ("clock", "raised", 25.0),
    ]  # fmt: skip
    back = rig()
    for n in range(5):
        back.give(12.0 * n, runs=1.0)
    back.minute += 60  # an hour without a sign of life, then all that it holds, as old as it is
    at_ns = T0 + back.minute * 60 * SECOND_NS
    old_ns = T0 - 90 * 86_400 * SECOND_NS
    back.take(
        [(TOTAL, 48.0), (RUNS, 1.0)], at_ns, Cover(GROUP, at_ns - SECOND_NS, at_ns), says_ns=old_ns
    )
    assert back.seen == []
