"""The sample plant's kettles by their load cells: the site's alternative, against the truth."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from connectors.simulator.panel import Panel
from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import METER_INDEX
from service.domain.coverage import Coverage
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS
from service.domain.line import Meter, MeterKind
from service.domain.production.meter import Account, advance
from service.domain.production.readings import Readings
from service.settings import Site, load_site
from tests.sites import copy_of_sample

START_NS = 1_772_323_200 * SECOND_NS
STEP_S = 20
SAMPLE = re.compile(r'^tag = "GR-K\?\?-WQ204.TOT"\n(?:.+\n)*\n', re.MULTILINE)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The sample site with its commented load cells in place of the totalisers."""
    folder = copy_of_sample(tmp_path)
    file = folder / "site.toml"
    before, after = SAMPLE.split(file.read_text(encoding="utf-8"))
    lines = after.split("\n")
    end = lines.index("")
    lines[:end] = [line.removeprefix("# ") for line in lines[1:end]]
    file.write_text(before + "\n".join(lines), encoding="utf-8")
    return load_site(folder)


def test_batches_are_the_true_ones_whatever_a_load_cell_does(site: Site, torture: bool) -> None:
    hours = 24 * 20 if torture else 40
    plant = Plant.of_tags(site.tags, seed=11, start_ns=START_NS)
    meters = [m for m in site.line.meters if m.stage == "GR"]
    assert {m.kind for m in meters} == {MeterKind.BATCH}
    for kettle, after_h, size in ((3, 5.0, 0.3), (12, 9.3, 0.1), (20, 15.0, 0.2)):
        plant.plan(
            "load_cell_fault",
            f"GR-K{kettle:02d}",
            at_ns=START_NS + round(after_h * HOUR_NS),
            duration_s=10 * 3_600.0,
            size=size,
        )
    by_id = {tag.id: tag for tag in site.tags}
    panel = Panel(plant, [by_id[m.tag] for m in meters])
    time_ns = START_NS + np.arange(0, hours * 3_600, STEP_S, dtype=np.int64) * SECOND_NS
    weight = np.stack([panel.read(int(at)).value for at in time_ns])
    end_ns = START_NS + hours * HOUR_NS
    error = unknown = true_kg = 0.0
    for place, meter in enumerate(meters):
        row = minutes_of(meter, time_ns, weight[:, place], end_ns)
        truth = plant.truth.kg(f"{meter.id}-WQ204.TOT")[: len(row)]
        assert f"{meter.id}-WQ204.TOT" in METER_INDEX
        known = np.isfinite(row)
        unknown += int(np.isnan(row).sum())
        kg, true = float(row[known].sum()), float(truth[known].sum())
        # A load cell wobbles, once at full and once at empty, in each of up to 5 batches a day.
        assert abs(kg - true) <= 6.0 * hours * 5 / 24 + 3.0, meter.id
        error, true_kg = error + kg - true, true_kg + true
    print(
        f"{hours} h: {true_kg / 1e3:.1f} t, error {100 * error / true_kg:.4f} %, {unknown} unknown"
    )
    assert abs(error) <= 0.001 * true_kg
    assert unknown == 0


def minutes_of(meter: Meter, time_ns: np.ndarray, weight: np.ndarray, end_ns: int) -> np.ndarray:
    """kg of each minute from the start on, inf where it is not told."""
    readings = Readings(time_ns, weight, np.ones(len(weight), np.bool_))
    coverage = Coverage([(START_NS, end_ns)])
    _, minutes = advance(meter, Account(), readings, coverage, end_ns)
    assert minutes is not None
    first = minutes.first - START_NS // MINUTE_NS
    row = np.full(first + len(minutes), np.inf)
    row[first:] = minutes.kg
    return row
