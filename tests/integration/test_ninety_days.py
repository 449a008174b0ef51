"""Ninety simulated days with all 22 faults at random, through journal and accounting, against the
plant's own truth. No test fixes the seed: it is printed, and ANODEWATCH_SEED repeats it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from connectors.simulator.faults.board import Label
from connectors.simulator.faults.table import FAULTS
from connectors.simulator.process.reference import METER_INDEX
from connectors.simulator.settings import SimulatorSettings
from service.domain.instants import MINUTE_NS
from service.domain.line import Meter, MeterKind
from tests.accounted_plant import MINUTES_PER_DAY, Accounted, account_for

DAY_S = 86_400.0
WITHIN_PCT = 0.1
SAMPLE_KG = 20.0
"""What a meter of a stage that can drift makes at most between two samples."""
BAG_KG = 500.0


@pytest.fixture
def days(torture: bool) -> int:
    return 90 if torture else 6


@pytest.fixture
def seed() -> int:
    given = os.environ.get("ANODEWATCH_SEED")
    return int.from_bytes(os.urandom(4), "big") if given is None else int(given)


@pytest.mark.timeout(3_000)
async def test_accounted_tonnes_are_the_true_ones_whatever_fails(
    tmp_path: Path, days: int, seed: int
) -> None:
    print(f"\nseed {seed}, {days} days")
    settings = SimulatorSettings.model_validate(
        {
            "kind": "simulator",
            "seed": seed,
            "start": "2026-03-01T00:00:00Z",
            "duration_s": days * DAY_S,
            "batch_s": 3_600,
            "pace": "fast",
            "meters": True,
            "bad_share": 0.01,
            "campaign": True,
        }
    )
    done = await account_for(settings, tmp_path, days=days)
    labels = done.source.labels()
    assert {label.fault for label in labels} == {fault.id for fault in FAULTS}
    compare(done, labels, days * MINUTES_PER_DAY, seed)


@dataclass(frozen=True)
class Stage:
    """What is compared of a stage, in kg, and its unknown minutes."""

    kg: float
    true_kg: float
    unknown_minutes: int


def compare(done: Accounted, labels: tuple[Label, ...], minutes: int, seed: int) -> None:
    truth = done.source.truth.all_kg()
    wrong: list[str] = []
    print(f"{'stage':6} {'accounted t':>12} {'true t':>12} {'error %':>9} {'unknown min':>12}")
    for name, meters in done.line.meters_by_stage.items():
        parts = [one_meter(m, done, truth[:minutes], labels, wrong) for m in meters]
        stage = Stage(
            sum(p.kg for p in parts),
            sum(p.true_kg for p in parts),
            sum(p.unknown_minutes for p in parts),
        )
        error_pct = 100.0 * (stage.kg / stage.true_kg - 1.0)
        print(
            f"{name:6} {stage.kg / 1e3:12.3f} {stage.true_kg / 1e3:12.3f} {error_pct:9.4f} "
            f"{stage.unknown_minutes:12}"
        )
        if abs(error_pct) > WITHIN_PCT:
            wrong.append(f"{name}: {error_pct:.4f} % off")
    assert not wrong, f"seed {seed}: {wrong}"


def one_meter(
    meter: Meter, done: Accounted, truth: np.ndarray, labels: tuple[Label, ...], wrong: list[str]
) -> Stage:
    """Compares one meter's minutes; what counts for its stage, where nobody could lie."""
    row, true = done.kg[meter.id], truth[:, METER_INDEX[meter.tag]]
    own = [label for label in labels if touches(label, meter)]
    end = told_until(own, done, len(row))
    # A meter whose first readings are Bad begins later, and the last minute waits for a reading.
    row, true = row[2:end], true[2:end]
    expected = done.source.unknown_minutes(meter.tag)[2:end]
    unknown = np.isnan(row)
    nothing = Stage(0.0, 0.0, int(unknown.sum()))
    if cannot_be_known(own, meter):
        return nothing
    if np.isinf(row).any():
        wrong.append(f"{meter.id}: never closed minute {2 + np.flatnonzero(np.isinf(row))[0]}")
        return nothing
    if (unknown != expected).any():
        wrong.append(f"{meter.id}: minute {2 + np.flatnonzero(unknown != expected)[0]} is unknown "
                     f"to one only")  # fmt: skip
    kg, true_kg = float(row[~unknown].sum()), float(true[~unknown].sum())
    drifts = [label for label in own if label.fault == "scale_drift"]
    if drifts:
        # The scale lies; the account says what it said, and nothing else.
        false_kg = sum(1_000.0 * label.false_t for label in drifts)
        hidden_kg = max(abs(label.size) for label in drifts) * unknown.sum() / 60.0
        if abs(kg - true_kg - false_kg) > 0.001 * true_kg + 10 * SAMPLE_KG + hidden_kg:
            wrong.append(f"{meter.id}: {kg - true_kg:.0f} kg off, its drift is {false_kg:.0f} kg")
        return nothing
    if meter.stage == "PK":
        lost = round((true_kg - kg) / BAG_KG, 9)
        # A bag that was filled between the last reading before a reset and the reset is gone.
        if not 0 <= lost <= sum(label.fault == "totaliser_reset" for label in own):
            wrong.append(f"{meter.id}: {lost} bags lost")
    return Stage(kg, true_kg, int(unknown.sum()))


def touches(label: Label, meter: Meter) -> bool:
    """Whether the fault is on the meter itself, or between it and us."""
    if label.fault == "communication_loss":
        return label.target in ("plant", meter.tag[:2])
    return label.target == meter.tag


def told_until(own: list[Label], done: Accounted, minutes: int) -> int:
    """Up to which minute all has been told: what is hidden at the end is told later."""
    first = done.source.truth.first_minute
    end_ns = (first + minutes) * MINUTE_NS
    hidden = [
        label.injected_ns // MINUTE_NS - first - 2
        for label in own
        if label.fault in ("communication_loss", "stuck_value")
        and label.ends_ns > end_ns - 5 * MINUTE_NS
    ]
    return max(min([minutes - 3, *hidden]), 3)


def cannot_be_known(own: list[Label], meter: Meter) -> bool:
    """A rate that stuck; a counter reset while it stuck; a reset that may be a rollover."""
    faults = {label.fault for label in own}
    reset = "totaliser_reset" in faults
    small = meter.rollover is not None and meter.rollover <= 2**16
    stuck = "stuck_value" in faults
    return (stuck and (reset or meter.kind is MeterKind.RATE)) or (reset and small)
