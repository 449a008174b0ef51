"""Losses found in a simulated day of the whole plant, held against what was truly done to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import METER_SLICES, STAGES
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.line import Stage
from service.domain.losses.bottleneck import find_bottlenecks, line_stations, station_loads
from service.domain.losses.events import Event, StageLosses, find_losses, root_stage
from service.domain.losses.reasons import LossKind
from service.domain.losses.units import StageMinutes, WorkUnit, stage_minutes, standing_by
from tests.losses_line import FIRST

START_NS = FIRST * MINUTE_NS
CYCLE_MIN = {"GR": 480.0, "CB": 4.4, "GZ": 2_592.0, "PK": 13.6}
JOIN_MIN = {"GR": 30, "CB": 1, "GZ": 60, "PK": 1}
DUE_KG_PER_MIN = 9_000.0 / 60.0
FEEDS: dict[str, Sequence[str]] = {a.id: (b.id,) for a, b in pairwise(STAGES)}
FAULTS = [
    # fault, target, from hour, to hour; and what must be found of it: unit, kind
    ("feeder_bridging", "CR-L03", 3.0, 3.5, "CR-L03", LossKind.STOPPED),
    ("roller_jam", "CB-L07B", 5.0, 11.0, "CB-L07B", LossKind.STOPPED),
    ("screen_blinding", "SC-L02", 6.0, 8.0, "SC-L02", LossKind.SLOW),
    ("demagnetizer_coil_fault", "DM-S04", 7.0, 8.0, "DM-S04", LossKind.STOPPED),
    ("bag_shortage", "PK-P1", 16.0, 22.0, "PK-P1", LossKind.STOPPED),
    ("bag_shortage", "PK-P2", 16.0, 22.0, "PK-P2", LossKind.STOPPED),
    ("bag_shortage", "PK-P3", 16.0, 22.0, "PK-P3", LossKind.STOPPED),
    ("bag_shortage", "PK-P4", 16.0, 22.0, "PK-P4", LossKind.STOPPED),
]


@pytest.fixture(scope="module")
def plant() -> Plant:
    plant = Plant(seed=20_261, start_ns=START_NS)
    for fault, target, start_h, end_h, *_ in FAULTS:
        plant.plan(
            fault, target, at_ns=START_NS + round(start_h * HOUR_NS),
            duration_s=(end_h - start_h) * 3_600.0,
        )  # fmt: skip
    plant.advance_to(START_NS + 24 * HOUR_NS)
    return plant


@pytest.fixture(scope="module")
def found(plant: Plant) -> dict[str, StageLosses]:
    return find_losses([minutes(plant, at) for at in range(len(STAGES))], FEEDS)


def minutes(plant: Plant, at: int) -> StageMinutes:
    """A stage's minutes as its meters show them: whole units of the counter."""
    spec = STAGES[at]
    made = plant.truth.all_kg()[:, METER_SLICES[spec.id]].T
    shown = np.floor(np.cumsum(made, axis=1) + 0.5) if spec.id != "DM" else np.cumsum(made, axis=1)
    kg = np.diff(shown, prepend=0.0)
    units = tuple(
        WorkUnit(
            asset, spec.id, spec.capacity_t_per_h * 1e3, CYCLE_MIN.get(spec.id, 0.0),
            JOIN_MIN.get(spec.id, 0),
        )
        for asset in spec.assets
    )  # fmt: skip
    out = np.array([10_000 if spec.id == "CB" and n >= 24 else 0 for n in range(len(units))])
    return stage_minutes(
        Stage(spec.id, spec.id, spec.id, spec.finished_eq, spec.yield_fraction, 1.0),
        units,
        first_minute=FIRST,
        kg=kg,
        finished_due_kg=np.full(kg.shape[1], DUE_KG_PER_MIN),
        planned=np.ones(kg.shape[1]),
        standing_by=standing_by(kg, after_min=4_320, idle_before_min=out),
    )


def hours(event: Event) -> tuple[float, float]:
    return (event.start_ns - START_NS) / HOUR_NS, (event.end_ns - START_NS) / HOUR_NS


@pytest.mark.parametrize(
    ("start_h", "end_h", "unit", "kind"), [row[2:] for row in FAULTS], ids=[r[1] for r in FAULTS]
)
def test_each_fault_is_found_where_and_when_it_was(
    found: dict[str, StageLosses], start_h: float, end_h: float, unit: str, kind: LossKind
) -> None:
    events = [e for e in found[unit[:2]].events if e.unit == unit and e.kind is kind]
    (event,) = [e for e in events if hours(e)[0] < end_h and hours(e)[1] > start_h]
    slack_h = 0.3  # a piece's cycle, or half the window of a slow mean
    assert hours(event) == pytest.approx((start_h, end_h), abs=slack_h)


def test_the_tonnes_of_a_fault_are_the_true_ones(
    plant: Plant, found: dict[str, StageLosses]
) -> None:
    """Within what the unit's pace differs from its share of the plan (the kilns hurry), and what a
    bag or a row weighs."""
    for label in plant.labels():
        own = (LossKind.STOPPED, LossKind.SLOW)
        events = [
            e for e in found[label.target[:2]].events if e.unit == label.target and e.kind in own
        ]
        lost_t = sum(e.lost_kg or 0.0 for e in events) / 1e3
        assert lost_t == pytest.approx(label.lost_t, rel=0.2, abs=0.5), label


def test_little_else_is_found(found: dict[str, StageLosses]) -> None:
    faulty = {row[4] for row in FAULTS}
    others = [
        e
        for stage, losses in found.items()
        for e in losses.events
        if e.unit not in faulty and stage != "DM"
    ]
    assert sum(e.lost_kg or 0.0 for e in others) < 2_000.0
    assert not [e for e in found["CB"].events if e.unit != "CB-L07B"]  # spare kilns stand by


def test_packing_without_bags_blocks_what_is_before_it(found: dict[str, StageLosses]) -> None:
    blocked = [e for e in found["DM"].events if e.kind is LossKind.BLOCKED]
    assert {e.unit for e in blocked} == {f"DM-S{n:02d}" for n in range(1, 13)}
    assert {e.because_of for e in blocked} == {"PK"}
    assert {root_stage(found, e) for e in blocked} == {"PK"}
    assert all(16.0 < hours(e)[0] < 22.0 for e in blocked)


def test_the_separators_are_no_bottleneck_while_they_wait(found: dict[str, StageLosses]) -> None:
    got = find_bottlenecks(line_stations(found), load=station_loads(found))
    assert "DM" not in got.at(20 * 60)
    assert all(station.startswith("GZ-G") for station in got.at(20 * 60))
