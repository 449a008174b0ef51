"""Thirty simulated days of every meter, through journal and accounting, against the plant's own
truth."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from connectors.simulator.settings import SimulatorSettings
from service.domain.arrays import Float64s
from service.domain.instants import MINUTE_NS
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook
from service.settings import load_site
from tests.accounted_plant import Accounted, account_for
from tests.sites import ZONES, sample_in

DAYS = 30
DAY_S = 86_400.0
HOUR_S = 3_600.0
EDGE_KG = 600.0
"""What can lie on the other side of a day's edge: a bag, and a sample of each meter."""


def settings() -> SimulatorSettings:
    """All that is hard on a meter: two resets (one of them inside the gap), a rollover, a gap, 1 %
    Bad."""
    return SimulatorSettings.model_validate(
        {
            "kind": "simulator",
            "seed": 20_260_301,
            "start": "2026-03-01T00:00:00Z",
            "duration_s": DAYS * DAY_S,
            "step_s": 10,
            "batch_s": 3_600,
            "pace": "fast",
            "meters": True,
            "bad_share": 0.01,
            "faults": [
                {"fault": "totaliser_reset", "target": "SC-L03-WQ503.TOT", "after_s": 5.3 * DAY_S},
                {
                    "fault": "communication_loss",
                    "target": "plant",
                    "after_s": 12 * DAY_S,
                    "duration_s": 2 * HOUR_S,
                },
                {
                    "fault": "totaliser_reset",
                    "target": "CT-M05-WQ302.TOT",
                    "after_s": 12 * DAY_S + HOUR_S,
                },
            ],
            # An unsigned 32-bit counter close to its top, beside the 16-bit ones that wrap by
            # themselves.
            "preset": {"CT-M07-WQ302.TOT": 4_294_967_296.0 - 5_000.0},
        }
    )


@pytest.mark.timeout(600)
async def test_accounted_tonnes_are_the_true_ones(tmp_path: Path) -> None:
    done = await account_for(settings(), tmp_path, days=DAYS)
    compare(done)
    for zone in ZONES:
        compare_days(done, load_site(sample_in(zone)).plan)


def compare_days(done: Accounted, plan: Plan) -> None:
    """Each production day's tonnes, as a site in this zone counts its days."""
    truth = done.source.truth
    first, n = truth.first_minute, DAYS * 1440
    book = ProductionBook(done.line, plan, first_minute=first, n_minutes=n)
    true_kg: dict[str, Float64s] = {stage: np.zeros(n) for stage in done.line.meters_by_stage}
    for meter in done.line.meters:
        book.enter(meter.id, done.minutes[meter.id])
        known = np.isfinite(done.kg(meter.id))
        true_kg[meter.stage] += np.where(known, truth.kg(meter.tag)[:n], 0.0)
    day = plan.calendar.local_day(first * MINUTE_NS) + timedelta(days=1)
    days = 0
    while (end := plan.calendar.start_of(day + timedelta(days=1)) // MINUTE_NS) < first + n - 5:
        begin = plan.calendar.start_of(day) // MINUTE_NS
        inside = slice(begin - first, end - first)
        for stage in done.line.meters_by_stage:
            made_kg = float(true_kg[stage][inside].sum())
            window = book.between(stage, begin * MINUTE_NS, end * MINUTE_NS)
            assert window.actual_kg is not None
            # A count, and what a gap spreads over the day's edge.
            assert abs(window.actual_kg - made_kg) <= 0.001 * made_kg + EDGE_KG, (stage, day)
            due_kg = plan.rate_kg_per_h(2026) * (end - begin) / 60
            assert window.plan_kg * done.line.stage_by_id[stage].finished_eq == pytest.approx(
                due_kg, abs=0.1
            )
        day, days = day + timedelta(days=1), days + 1
    assert days >= DAYS - 2


def compare(done: Accounted) -> None:
    truth = done.source.truth
    print(f"\n{'stage':6} {'accounted t':>14} {'true t':>14} {'error %':>9} {'unknown min':>12}")
    wrong = []
    for stage, meters in done.line.meters_by_stage.items():
        kg = true_kg = 0.0
        unknown_minutes = 0
        for meter in meters:
            row = done.kg(meter.id)
            closed = np.isfinite(row) | np.isnan(row)
            # A meter whose first readings are Bad begins later; the last minute waits for a
            # reading.
            assert closed[2 : DAYS * 1440 - 1].all(), meter.id
            unknown = np.isnan(row)
            expected = done.source.unknown_minutes(meter.tag)
            differ = np.flatnonzero(unknown[2:-1] != expected[2 : len(unknown) - 1])
            if len(differ):
                wrong.append((meter.id, len(differ), (differ[:10] + 2).tolist()))
            known = closed & ~unknown
            kg += float(row[known].sum())
            true_kg += float(truth.kg(meter.tag)[: DAYS * 1440][known].sum())
            unknown_minutes += int(unknown.sum())
        error_pct = 100.0 * (kg / true_kg - 1.0)
        print(
            f"{stage:6} {kg / 1e3:14.3f} {true_kg / 1e3:14.3f} {error_pct:9.4f} "
            f"{unknown_minutes:12}"
        )
        assert abs(error_pct) <= 0.1, stage
    assert not wrong
