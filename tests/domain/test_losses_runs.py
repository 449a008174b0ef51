"""Graphitization: run starts against schedule, runs in the energy, energy against its curve."""

from __future__ import annotations

from datetime import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.calendar import Calendar, Downtime, Shift
from service.domain.coverage import Coverage
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS, seconds
from service.domain.losses.curve import Curve, CurveState, judge_energy, reference_curve
from service.domain.losses.events import find_losses
from service.domain.losses.runs import (
    RUN_DETECTION,
    RunShape,
    energised,
    find_runs,
    progress_kg,
)
from service.domain.losses.schedule import (
    Schedule,
    Start,
    after_planned,
    judge_starts,
    starts_lost,
    starts_of_counter,
)
from tests.losses_line import FIRST, stage, told
from tests.sites import ZONE

T0 = FIRST * MINUTE_NS
RUNS = Schedule(every_ns=seconds(43.2 * 3_600), tolerance_ns=2 * HOUR_NS)


def calendar(*down: tuple[float, float]) -> Calendar:
    """All hours planned, but for ``down`` in hours since T0."""
    spans = tuple(Downtime(hour(a), hour(b), "overhaul") for a, b in down)
    return Calendar(ZONE, time(8), (Shift("all", time(8)),), spans)


def hour(h: float) -> int:
    return T0 + round(h * HOUR_NS)


def verdicts(
    starts_h: list[float | tuple[float, float]],
    until_h: float,
    *,
    seen_h: float | None = None,
    down: tuple[tuple[float, float], ...] = (),
) -> list[tuple[str, float, int]]:
    """(state, hours late, starts missed) of each; a pair is a start somewhere between."""
    bounds = [s if isinstance(s, tuple) else (s, s) for s in starts_h]
    starts = [Start(hour(a), hour(b)) for a, b in bounds]
    got = judge_starts(
        starts, RUNS, calendar(*down), until_ns=hour(until_h),
        seen_until_ns=hour(until_h if seen_h is None else seen_h),
    )  # fmt: skip
    return [(v.state.value, round(v.late_ns / HOUR_NS, 3), v.missed) for v in got]


CASES = {
    "nothing has started": (([], 100.0), []),
    "on time, the next not due": (
        ([0.0, 43.2, 86.4], 100.0),
        [("on_time", 0.0, 0), ("on_time", 0.0, 0), ("pending", 0.0, 0)],
    ),
    "early": (([0.0, 42.0], 50.0), [("on_time", 0.0, 0), ("pending", 0.0, 0)]),
    "within the tolerance": (([0.0, 45.0], 50.0), [("on_time", 1.8, 0), ("pending", 0.0, 0)]),
    "late": (([0.0, 50.0], 60.0), [("late", 6.8, 0), ("pending", 0.0, 0)]),
    "lateness does not add up": (
        ([0.0, 50.0, 93.2], 100.0),
        [("late", 6.8, 0), ("on_time", 0.0, 0), ("pending", 0.0, 0)],
    ),
    "a whole run missed": (([0.0, 86.4], 100.0), [("missed", 43.2, 1), ("pending", 0.0, 0)]),
    "three runs missed": (([0.0, 180.0], 190.0), [("missed", 136.8, 3), ("pending", 0.0, 0)]),
    "overdue now": (([0.0], 50.0), [("late", 6.8, 0)]),
    "missed by now": (([0.0], 90.0), [("missed", 46.8, 1)]),
}


@pytest.mark.parametrize("name", CASES)
def test_starts_against_schedule(name: str) -> None:
    (starts, until), expected = CASES[name]
    assert verdicts(starts, until) == expected  # type: ignore[arg-type]


def test_what_nobody_saw_is_not_missed() -> None:
    assert verdicts([0.0], 90.0, seen_h=44.0) == [("unknown", 0.0, 0)]
    assert verdicts([0.0], 90.0, seen_h=50.0) == [("late", 6.8, 0)]  # late when last seen


def test_a_start_in_a_gap() -> None:
    assert verdicts([0.0, (40.0, 44.0)], 50.0)[0] == ("on_time", 0.8, 0)
    assert verdicts([0.0, (40.0, 60.0)], 70.0)[0] == ("unknown", 0.0, 0)
    assert verdicts([0.0, (50.0, 60.0)], 70.0)[0] == ("late", 6.8, 0)  # at least


def test_the_overhaul_does_not_make_a_start_late() -> None:
    assert verdicts([0.0, 63.2], 70.0, down=((10.0, 30.0),))[0] == ("on_time", 0.0, 0)
    assert verdicts([0.0], 60.0, down=((40.0, 60.0),)) == [("pending", 0.0, 0)]
    assert verdicts([0.0, 80.0], 81.0, down=((43.0, 70.0),))[0] == ("late", 9.8, 0)


def test_starts_lost_in_parts() -> None:
    starts = [Start(hour(h), hour(h)) for h in (0.0, 86.4, 86.4 + 43.2 + 21.6)]
    got = judge_starts(starts, RUNS, calendar(), until_ns=hour(152), seen_until_ns=hour(152))
    assert starts_lost(got, RUNS) == pytest.approx(1.5)


@given(
    gaps=st.lists(st.floats(20.0, 200.0), min_size=1, max_size=8),
    down=st.lists(st.tuples(st.floats(1.0, 60.0), st.floats(1.0, 60.0)), max_size=4),
    planned_h=st.floats(0.0, 300.0),
)
@settings(max_examples=60, deadline=None)
def test_planned_time_passes_only_while_it_is_planned(
    gaps: list[float], down: list[tuple[float, float]], planned_h: float
) -> None:
    spans, at = [], 0.0
    for work, rest in down:
        spans.append((at + work, at + work + rest))
        at = spans[-1][1]
    cal = calendar(*spans)
    end = after_planned(cal, T0, round(planned_h * HOUR_NS))
    assert cal.planned_ns(T0, end) == round(planned_h * HOUR_NS)
    starts = [Start(hour(h), hour(h)) for h in np.cumsum([0.0, *gaps])]
    until = starts[-1].at_ns
    got = judge_starts(starts, RUNS, cal, until_ns=until, seen_until_ns=until)
    assert len(got) == len(starts)
    assert all(v.late_ns >= 0 and v.missed == v.late_ns // RUNS.every_ns for v in got)


def number(rows: list[tuple[float, float]], alive: list[tuple[float, float]]) -> list[Start]:
    return list(
        starts_of_counter(
            np.array([hour(h) for h, _ in rows], np.int64),
            np.array([n for _, n in rows]),
            Coverage((hour(a), hour(b)) for a, b in alive),
            sample_ns=10 * SECOND_NS,
        )
    )


def test_a_run_number_that_rises_is_a_start() -> None:
    got = number([(0.0, 100.0), (40.0, 101.0), (80.0, 101.0), (83.0, 102.0)], [(0.0, 90.0)])
    assert got == [
        Start(hour(40.0) - 10 * SECOND_NS, hour(40.0)),
        Start(hour(83.0) - 10 * SECOND_NS, hour(83.0)),
    ]


def test_a_run_number_across_a_hole() -> None:
    gap = number([(0.0, 100.0), (80.0, 102.0)], [(0.0, 30.0), (79.0, 90.0)])
    assert gap == [Start(hour(30.0), hour(80.0))] * 2
    bad = number([(0.0, 100.0), (20.0, np.nan), (80.0, 101.0)], [(0.0, 90.0)])
    assert bad == [Start(hour(20.0), hour(80.0))]


def test_a_run_number_that_starts_over() -> None:
    assert len(number([(0.0, 999.0), (40.0, 1.0)], [(0.0, 50.0)])) == 1


# --- runs in the energy ---------------------------------------------------------------------

RUN_MIN, SWITCH_MIN = 2_400, 192
PER_MIN = 549_000.0 / RUN_MIN


def energy(*parts: tuple[str, int]) -> np.ndarray:
    kwh = {"on": PER_MIN, "off": 0.0, "?": np.nan, "half": PER_MIN / 2}
    return np.concatenate([np.full(n, kwh[what]) for what, n in parts])


def found(*parts: tuple[str, int]) -> list[tuple[int, int | None]]:
    return [(run.start, run.end) for run in find_runs(energy(*parts))]


RUN = (("on", RUN_MIN), ("off", SWITCH_MIN))
ENERGY = {
    "nothing": ((("off", 500),), []),
    "two on schedule": ((*RUN, *RUN), [(0, 2_400), (2_592, 4_992)]),
    "under way": ((("off", 100), ("on", 900)), [(100, None)]),
    "just switched off": ((("off", 100), ("on", RUN_MIN), ("off", 10)), [(100, None)]),
    "curtailed for 4 h": (
        (("on", 1_000), ("off", 240), ("on", 1_400), ("off", 192), ("on", 50)),
        [(0, 2_640), (2_832, None)],
    ),
    "a flicker at the end": (
        (("on", 2_390), ("off", 5), ("on", 10), ("off", 192)),
        [(0, 2_405)],
    ),
    "given up": (
        (("on", 600), ("off", 3_000), ("on", 600)),
        [(0, 600), (3_600, None)],
    ),
    "a gap within a run": (
        (("on", 1_000), ("?", 300), ("on", 1_100), ("off", 192), ("on", 9)),
        [(0, 2_400), (2_592, None)],
    ),
    "a gap that hides a switch": (
        (("on", 2_000), ("?", 700), ("on", 2_292), ("off", 192)),
        [(0, 2_000), (2_700, 4_992)],
    ),
    "unseen since": ((("on", RUN_MIN), ("?", 600)), [(0, None)]),
}


@pytest.mark.parametrize("name", ENERGY)
def test_runs_in_the_energy(name: str) -> None:
    parts, expected = ENERGY[name]
    assert found(*parts) == expected


def test_what_is_known_of_a_run() -> None:
    runs = find_runs(
        energy(("off", 100), ("?", 60), ("on", 1_000), ("?", 300), ("on", 1_100), *RUN[1:])
    )
    (run,) = runs
    assert (run.since, run.start, run.end) == (100, 160, 2_560)
    assert (run.energised_min, run.unknown_min, run.cut) == (2_100, 300, False)
    assert run.kwh == pytest.approx(2_100 * PER_MIN)
    assert run.as_start(FIRST) == Start((FIRST + 100) * MINUTE_NS, (FIRST + 160) * MINUTE_NS)


def test_runs_of_the_energy_keep_the_schedule() -> None:
    kwh = energy(*RUN, *RUN, ("off", 600), *RUN)
    starts = [run.as_start(FIRST) for run in find_runs(kwh)]
    end = (FIRST + len(kwh)) * MINUTE_NS
    got = judge_starts(starts, RUNS, calendar(), until_ns=end, seen_until_ns=end)
    assert [(v.state.value, v.late_ns / HOUR_NS) for v in got[:2]] == [
        ("on_time", 0.0),
        ("late", 10.0),
    ]


def test_a_rectifiers_progress_is_a_runs_mass_and_switching_is_no_stop() -> None:
    kwh = energy(*RUN, *RUN, ("off", 2_592), *RUN)
    made = progress_kg(kwh, kg_per_run=52_250.0)
    assert float(made.sum()) == pytest.approx(3 * 52_250.0)
    line = [stage("GZ", [made], due=52_250.0 / 2_592, capacity=52_250.0 / 2_592)]
    events = find_losses(line, {}, detection={"GZ": RUN_DETECTION})["GZ"].events
    assert [row for row in told(events) if row[1] == "stopped"] == [
        ("GZ1", "stopped", 4_992, 7_776)
    ]


# --- energy against the curve ---------------------------------------------------------------

CURVE = Curve(np.array([0.0, 600.0, 2_400.0]), np.array([0.0, 60_000.0, 600_000.0]))
"""100 kWh a minute for 10 h, then 300."""


def test_the_curve_by_hand() -> None:
    # From minute 540 to 660: 60 × 100 + 60 × 300 = 24,000 kWh.
    assert CURVE.between(540, 660) == pytest.approx(24_000.0)


@pytest.mark.parametrize(
    ("kwh", "last_min", "state", "deviation"),
    [
        (np.full(600, 100.0), None, CurveState.ON_CURVE, 0.0),
        (np.full(600, 102.0), None, CurveState.ON_CURVE, 0.02),
        (np.full(600, 110.0), None, CurveState.ABOVE, 0.10),
        (np.full(600, 90.0), None, CurveState.BELOW, -0.10),
        # The last two hours went wrong: 10 % there, 2 % over all.
        (np.r_[np.full(480, 100.0), np.full(120, 90.0)], None, CurveState.ON_CURVE, -0.02),
        (np.r_[np.full(480, 100.0), np.full(120, 90.0)], 120, CurveState.BELOW, -0.10),
        # 60 of 600 minutes unseen leave ± 10 % open.
        (np.r_[np.full(540, 100.0), np.full(60, np.nan)], None, CurveState.UNKNOWN, 0.0),
        (np.r_[np.full(540, 130.0), np.full(60, np.nan)], None, CurveState.ABOVE, 0.27),
        (np.r_[np.full(540, 70.0), np.full(60, np.nan)], None, CurveState.BELOW, -0.27),
        (np.zeros(0), None, CurveState.UNKNOWN, None),
    ],
)
def test_energy_against_the_curve(
    kwh: np.ndarray, last_min: int | None, state: CurveState, deviation: float | None
) -> None:
    got = judge_energy(CURVE, kwh, last_min=last_min)
    assert got.state is state
    assert got.deviation == (None if deviation is None else pytest.approx(deviation))


def test_a_cut_prolongs_a_run_and_does_not_spoil_its_curve() -> None:
    kwh = energy(("on", 600), ("off", 240), ("on", 600))
    (run,) = find_runs(kwh)
    straight = Curve(np.array([0.0, 2_400.0]), np.array([0.0, 549_000.0]))
    assert judge_energy(straight, energised(kwh, run)).state is CurveState.ON_CURVE
    assert len(energised(kwh, run)) == 1_200


def test_the_reference_is_the_median_of_good_runs() -> None:
    runs = [np.full(100, p) for p in (90.0, 100.0, 250.0)]
    curve = reference_curve([*runs[:2], np.append(runs[2], [9.0])], step_min=30)
    assert curve.energised_min.tolist() == [0.0, 30.0, 60.0, 90.0, 100.0]
    assert curve.kwh.tolist() == [0.0, 3_000.0, 6_000.0, 9_000.0, 10_000.0]


@pytest.mark.parametrize(("runs", "says"), [([], "came none"), ([np.array([np.nan])], "unseen")])
def test_what_makes_no_reference(runs: list[np.ndarray], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        reference_curve(runs)


def test_another_furnace_has_another_shape() -> None:
    small = RunShape(run_kwh=1_000.0, switch_min=5)
    kwh = np.r_[np.full(50, 20.0), np.zeros(5), np.full(50, 20.0), np.zeros(5)]
    assert [(r.start, r.end) for r in find_runs(kwh, small)] == [(0, 50), (55, 105)]
