"""Values that stand still: when they are stuck, and what a stop is instead."""

from __future__ import annotations

import numpy as np
import pytest

from service.domain.coverage import Coverage
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.line import Meter, MeterKind
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import Grade
from service.domain.production.readings import Readings
from service.domain.production.stuck import Span, Standing, find_stuck, without_stuck

COUNTER = Meter(
    "SC-L01", "SC", "SC-L01", "SC-L01.TOT", MeterKind.TOTALISER, "plant/main",
    stuck_s=300.0, runs_tag="SC-L01.PV", runs_above=0.1,
)  # fmt: skip
RATE = Meter(
    "DM-S01", "DM", "DM-S01", "DM-S01.PV", MeterKind.RATE, "plant/main",
    kg_per_unit=1_000.0, stuck_s=300.0,
)  # fmt: skip


def at_minutes(values: dict[float, float]) -> Readings:
    time_ns = np.array([round(m * MINUTE_NS) for m in values], np.int64)
    return Readings(time_ns, np.array(list(values.values())), np.ones(len(values), np.bool_))


MOVES = {float(m): 10.0 * m for m in range(60)}
STANDS = {m: v if m < 20 else 190.0 if m < 40 else v for m, v in MOVES.items()}
ON, NOTHING = at_minutes({0.0: 1.0}), at_minutes({})


@pytest.mark.parametrize(
    ("meter", "values", "running", "gaps", "expected"),
    [
        (COUNTER, MOVES, ON, [], []),
        (COUNTER, STANDS, ON, [], [(24, 40, False)]),
        (COUNTER, {m: v for m, v in STANDS.items() if not 19 < m < 40}, ON, [], [(24, 40, False)]),
        (COUNTER, {m: v for m, v in STANDS.items() if m < 40}, ON, [], [(24, 60, True)]),
        (COUNTER, STANDS, at_minutes({0.0: 1.0, 18.0: 0.0}), [], []),
        (COUNTER, STANDS, at_minutes({0.0: 1.0, 21.0: 0.0, 30.0: 1.0}), [], [(35, 40, False)]),
        (COUNTER, STANDS, NOTHING, [], []),
        (COUNTER, STANDS, ON, [(21, 30)], [(35, 40, False)]),
        (COUNTER, STANDS, ON, [(21, 38)], []),
        (RATE, {m: 0.75 + 0.001 * m for m in range(60)}, NOTHING, [], []),
        (RATE, dict.fromkeys(range(60), 0.75), NOTHING, [], [(5, 60, True)]),
        (RATE, dict.fromkeys(range(60), 0.0), NOTHING, [], []),
    ],
)
def test_a_value_is_stuck_when_it_stands_while_its_machine_runs(
    meter: Meter,
    values: dict[float, float],
    running: Readings,
    gaps: list[tuple[int, int]],
    expected: list[tuple[int, int, bool]],
) -> None:
    holes = [(a * MINUTE_NS, b * MINUTE_NS) for a, b in gaps]
    _, spans = find_stuck(
        meter, Standing(), at_minutes(values), running, gaps=holes, until_ns=60 * MINUTE_NS
    )
    assert spans == [Span(a * MINUTE_NS, b * MINUTE_NS, o) for a, b, o in expected]


def test_step_by_step_is_as_all_at_once() -> None:
    standing, found = Standing(), set()
    for minute in range(60):
        new = at_minutes({float(minute): STANDS[minute]})
        running = ON if minute == 0 else NOTHING
        standing, spans = find_stuck(
            COUNTER, standing, new, running, gaps=[], until_ns=(minute + 1) * MINUTE_NS
        )
        found |= {(s.start_ns // MINUTE_NS) for s in spans}
        assert (standing.stuck_ns is not None) == (24 <= minute < 40)
    assert found == {24}


def test_what_a_stuck_counter_hid_is_spread_over_the_hole() -> None:
    until = 60 * MINUTE_NS
    covered = Coverage([(0, until)])
    readings = at_minutes(STANDS)
    _, spans = find_stuck(COUNTER, Standing(), readings, ON, gaps=[], until_ns=until)
    seen = without_stuck(readings, spans)
    _, minutes = advance(COUNTER, Account(), seen, covered, until)
    assert minutes is not None
    assert minutes.kg[:58].sum() == pytest.approx(580.0, abs=11.0)
    assert (minutes.grade[25:39] == Grade.ESTIMATED).all()
    assert minutes.kg[25:39].tolist() == pytest.approx([210.0 / 16.2] * 14, rel=0.02)
    early, _ = advance(COUNTER, Account(), seen, covered, until)
    assert early.last_ns == 59 * MINUTE_NS
    still = without_stuck(
        at_minutes({m: v for m, v in STANDS.items() if m < 36}),
        [Span(24 * MINUTE_NS, 36 * MINUTE_NS, open=True)],
    )
    _, told = advance(COUNTER, Account(), still, Coverage([(0, 36 * MINUTE_NS)]), 36 * MINUTE_NS)
    assert told is not None
    assert len(told) == 23  # the minutes of the hole wait for what the counter will tell
    assert told.start_ns[-1] < 24 * MINUTE_NS < 24 * MINUTE_NS + SECOND_NS
