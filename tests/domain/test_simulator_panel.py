"""What the instruments show: every tag of the sample site, and any tag that nobody foresaw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from connectors.simulator.panel import Panel, Reading
from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import METERS
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS
from service.domain.tag import Tag, TagKind
from service.settings import load_site
from tests.sites import SAMPLE

START_NS = 1_772_323_200 * SECOND_NS
TAGS = load_site(SAMPLE).tags
PLACE = {tag.id: place for place, tag in enumerate(TAGS)}


def panel(*tags: Tag, seed: int = 2) -> Panel:
    listed = tags or TAGS
    return Panel(Plant.of_tags(listed, seed=seed, start_ns=START_NS), listed)


def day(of: Panel) -> list[Reading]:
    return [of.read(START_NS + k * 2 * MINUTE_NS) for k in range(720)]


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    """A day of the whole site, every two minutes."""
    return day(panel())


def test_a_healthy_day_stays_within_every_range_and_limit(readings: list[Reading]) -> None:
    value = np.stack([reading.value for reading in readings])
    for place, tag in enumerate(TAGS):
        if tag.kind is not TagKind.ANALOG:
            continue
        shown = value[:, place] * tag.scale + tag.offset
        low, high = shown.min(), shown.max()
        assert tag.low is None or low >= tag.low, tag.id
        assert tag.high is None or high <= tag.high, tag.id
        assert tag.limits.h is None or high < tag.limits.h, (tag.id, high)
        assert tag.limits.l is None or low > tag.limits.l, (tag.id, low)
    assert not np.concatenate([reading.status for reading in readings]).any()


def test_values_move_and_are_shown_no_finer_than_instruments_do(readings: list[Reading]) -> None:
    temperature = [r.value[PLACE["CB-L07B-TIC112.PV"]] for r in readings]
    assert len(set(temperature)) > 10
    assert all(round(value, 1) == value for value in temperature)
    assert {r.value[PLACE["CR-L01-M110.ST"]] for r in readings} == {1.0}


def test_batches_show_their_phases(readings: list[Reading]) -> None:
    assert {r.value[PLACE["GR-K12-ST.PHASE"]] for r in readings} >= {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
    furnaces = [place for tag, place in PLACE.items() if tag.startswith("GZ-") and "PHASE" in tag]
    assert {v for r in readings for v in r.value[furnaces]} == {0.0, 1.0, 2.0, 3.0}
    runs = {r.text[PLACE["GZ-G3-RUN.ID"]] for r in readings}
    assert runs == {"G3-R00100"} | {f"G3-R{n:05d}" for n in range(101, 100 + len(runs))}


def test_a_run_takes_549_mwh() -> None:
    energy = next(tag for tag in TAGS if tag.id == "GZ-G1-JQ402.TOT")
    of = panel(energy)
    before = of.read(START_NS).value[0]
    assert of.read(START_NS + 43 * HOUR_NS).value[0] - before == pytest.approx(549_000, rel=0.01)


def test_a_tag_with_a_scale_is_sent_as_the_plc_has_it() -> None:
    coil = next(tag for tag in TAGS if tag.id == "DM-S01-TT603.PV")
    assert coil.scale == 0.1
    raw = panel(coil).read(START_NS).value[0]
    assert raw == int(raw)
    assert raw * coil.scale == pytest.approx(68.0, abs=2.0)


def test_noise_depends_on_nothing_but_time() -> None:
    tag = next(tag for tag in TAGS if tag.id == "CB-L07B-AT120.PV")
    often, once = panel(tag), panel(tag)
    for second in range(120):
        last = often.read(START_NS + second * SECOND_NS)
    assert once.read(START_NS + 119 * SECOND_NS).value == pytest.approx(last.value)


def test_another_seed_is_another_plant() -> None:
    a, b = panel(seed=1).read(START_NS), panel(seed=2).read(START_NS)
    assert (a.value != b.value).mean() > 0.3


def test_a_tag_that_nobody_foresaw_walks_within_its_range() -> None:
    odd = [
        Tag("XX-A1-TT001.PV", "plant", "n", low=-40.0, high=60.0),
        Tag("XX-A1-TT002.PV", "plant", "n"),
        Tag("XX-A1-Q3.TOT", "plant", "n", kind=TagKind.COUNTER),
        Tag("XX-A1-M4.ST", "plant", "n", kind=TagKind.BOOLEAN),
        Tag("XX-A1-LOT.ID", "plant", "n", kind=TagKind.TEXT),
    ]
    seen = np.stack([reading.value for reading in day(panel(*odd))])
    assert seen[:, 0].min() >= -40.0
    assert seen[:, 0].max() <= 60.0
    assert len(np.unique(seen[:, 0])) > 100
    assert abs(np.diff(seen[:, 0])).max() < 60.0
    assert ((seen[:, 1] >= 0.0) & (seen[:, 1] <= 100.0)).all()
    assert (np.diff(seen[:, 2]) > 0).all()
    assert (seen[:, 3] == 1.0).all()
    assert np.isnan(seen[:, 4]).all()


def test_the_site_has_every_meter_and_a_panel_of_meters_shows_the_same() -> None:
    meters = [TAGS[PLACE[meter.tag]] for meter in METERS]
    whole, few = panel(), panel(*[replace(tag) for tag in meters])
    at_ns = START_NS + HOUR_NS + 3 * SECOND_NS
    whole.read(at_ns)
    expected = whole.read(at_ns).value[[PLACE[tag.id] for tag in meters]]
    np.testing.assert_array_equal(few.read(at_ns).value, expected)
