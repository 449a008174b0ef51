"""The simulated plant as a source, and its generated past."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np
import pytest
from pydantic import ValidationError

from connectors.simulator.history import history
from connectors.simulator.panel import Panel
from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import METERS
from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.simulate import extras
from connectors.simulator.source import SimulatorSource, open_source
from service.domain.batch import Batch
from service.domain.coverage import Coverage
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS, seconds, to_ns
from service.domain.quality import BAD_NO_COMMUNICATION
from service.domain.tag import Tag, TagKind
from service.runtime.clock import FakeClock
from service.runtime.errors import EndOfSource
from service.settings import load_site
from tests.sites import SAMPLE

TAGS = dict(enumerate(load_site(SAMPLE).tags, 10))
NUMBER = {tag.id: number for number, tag in TAGS.items()}
START_NS = 1_772_323_200 * SECOND_NS
RATE, COUNTER = "DM-S04-WIC602.PV", "CT-M05-WQ302.TOT"
GAP_H = (1, 3)


def settings(**given: object) -> SimulatorSettings:
    usual = {
        "kind": "simulator",
        "seed": 9,
        "start": "2026-03-01T00:00:00Z",
        "duration_s": 3_600,
        "pace": "fast",
        "meters": True,
    }
    return SimulatorSettings.model_validate({**usual, **given})


async def whole(
    given: SimulatorSettings, tags: Mapping[int, Tag] = TAGS
) -> tuple[SimulatorSource, list[Batch]]:
    """A source that was read to its end."""
    batches = []
    async with open_source(given, name="plant", tags=tags, clock=FakeClock(0)) as source:
        while source.now_ns < source.plant.start_ns + seconds(given.duration_s or 0.0):
            batches.append(await source.read())
        with pytest.raises(EndOfSource, match="plant has run its whole time"):
            await source.read()
    return source, batches


def coverage(batches: list[Batch]) -> Coverage:
    return Coverage((c.start_ns, c.end_ns) for b in batches for c in b.covers)


def rows(batches: list[Batch], tag: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, values and statuses of one tag."""
    picked = [(b, b.tag == NUMBER[tag]) for b in batches]
    return (
        np.concatenate([b.time_ns[own] for b, own in picked]),
        np.concatenate([b.value[own] for b, own in picked]),
        np.concatenate([b.status[own] for b, own in picked]),
    )


async def test_every_meter_comes_every_ten_seconds() -> None:
    source, batches = await whole(settings())
    assert [b.position for b in batches] == list(range(1, 7))
    assert sum(map(len, batches)) == 360 * len(METERS)
    times, values, status = rows(batches, COUNTER)
    np.testing.assert_array_equal(times, START_NS + np.arange(360) * 10 * SECOND_NS)
    assert (np.diff(values) >= 0).all()
    assert not status.any()
    assert coverage(batches).intervals == [(START_NS, START_NS + HOUR_NS)]
    assert {c.group for b in batches for c in b.covers} == {"plant/main"}
    assert source.report().counters["values"] == 360 * len(METERS)
    assert source.truth.minutes == 60
    assert values[-1] - values[0] == pytest.approx(source.truth.kg(COUNTER).sum(), abs=5)


async def test_by_exception_comes_only_what_has_changed() -> None:
    _, all_of_it = await whole(settings())
    _, changes = await whole(settings(emission="exception"))
    times, values, _ = rows(changes, "PK-P1-KQ702.TOT")
    assert len(times) < 10
    assert (np.diff(values) == 1).all()
    every_ns, every, _ = rows(all_of_it, "PK-P1-KQ702.TOT")
    np.testing.assert_array_equal(values[np.searchsorted(times, every_ns, "right") - 1], every)
    assert coverage(changes).intervals == coverage(all_of_it).intervals


@pytest.mark.parametrize("emission", ["cyclic", "exception"])
async def test_a_gap_is_without_rows_and_covers_and_makes_only_some_minutes_unknown(
    emission: str,
) -> None:
    faults = [
        {"fault": "communication_loss", "target": "plant", "after_s": 3_600, "duration_s": 7_200},
        {"fault": "totaliser_reset", "target": COUNTER, "after_s": 2 * 3_600 + 5},
    ]
    given = settings(faults=faults, duration_s=4 * 3_600, emission=emission)
    source, batches = await whole(given)
    begin_ns, end_ns = (START_NS + hour * HOUR_NS for hour in GAP_H)
    assert coverage(batches).gaps(START_NS, START_NS + 4 * HOUR_NS) == [(begin_ns, end_ns)]
    assert [b.position for b in batches] == list(range(1, 13))
    times = np.concatenate([b.time_ns for b in batches])
    assert not ((times >= begin_ns) & (times < end_ns)).any()
    assert (times == end_ns).sum() == len(METERS)  # all is said anew

    unknown = {m.tag: source.unknown_minutes(m.tag) for m in METERS}
    gap = np.zeros(240, np.bool_)
    gap[60:180] = True
    for meter in METERS:
        if meter.is_rate:
            np.testing.assert_array_equal(unknown[meter.tag], gap)
        elif meter.tag != COUNTER:
            assert not unknown[meter.tag].any()
    # The last sample before the gap is 10 s older than it.
    np.testing.assert_array_equal(np.flatnonzero(unknown[COUNTER]), np.arange(59, 180))
    assert source.unknown_minutes(RATE, bridge_s=7_200.0).sum() == 0


async def test_a_piece_before_a_reset_is_unknown_without_any_gap() -> None:
    bags = "PK-P1-KQ702.TOT"
    faults = [
        {"fault": "totaliser_reset", "target": tag, "after_s": 1_805} for tag in (bags, COUNTER)
    ]
    source, _ = await whole(settings(faults=faults))
    assert np.flatnonzero(source.unknown_minutes(bags)).tolist() == [30]
    assert not source.unknown_minutes(COUNTER).any()


async def test_one_percent_is_bad_the_same_for_the_same_seed() -> None:
    given = settings(bad_share=0.01)
    source, batches = await whole(given)
    status = np.concatenate([b.status for b in batches])
    value = np.concatenate([b.value for b in batches])
    assert (status != 0).mean() == pytest.approx(0.01, abs=0.002)
    np.testing.assert_array_equal(status != 0, np.isnan(value))
    assert not source.unknown_minutes(RATE).any()  # holes of 10 s are bridged
    _, again = await whole(given)
    np.testing.assert_array_equal(np.concatenate([b.status for b in again]), status)


async def test_a_plc_that_is_lost_makes_its_area_bad_and_no_gap() -> None:
    lost = {"fault": "communication_loss", "target": "DM", "after_s": 600, "duration_s": 600}
    source, batches = await whole(settings(faults=[lost]))
    assert coverage(batches).gaps(START_NS, START_NS + HOUR_NS) == []
    times, _, status = rows(batches, RATE)
    bad = (times >= START_NS + 10 * MINUTE_NS) & (times < START_NS + 20 * MINUTE_NS)
    np.testing.assert_array_equal(status == BAD_NO_COMMUNICATION, bad)
    assert not rows(batches, COUNTER)[2].any()
    assert source.unknown_minutes(RATE).sum() == 10


async def test_the_whole_site_comes_with_texts_in_the_sources_own_units() -> None:
    _, batches = await whole(settings(meters=False, duration_s=600, emission="exception"))
    first = batches[0]
    at_start = first.time_ns == START_NS
    assert at_start.sum() == len(TAGS)
    texts = {TAGS[int(first.tag[row])].id: words for row, words in first.text.items()}
    assert texts["GZ-G3-RUN.ID"] == "G3-R00100"
    assert len(texts) == sum(tag.kind is TagKind.TEXT for tag in TAGS.values())
    _, coil, _ = rows(batches, "DM-S01-TT603.PV")
    assert 600 < coil[0] < 800  # tenths of a degree


async def test_a_source_that_follows_the_clock_waits_for_it() -> None:
    clock = FakeClock(START_NS + 7 * SECOND_NS)
    given = settings(start=None, pace="clock", duration_s=None)
    async with open_source(given, name="plant", tags=TAGS, clock=clock) as source:
        assert source.now_ns == START_NS
        reading = asyncio.create_task(source.read())
        await clock.advance(2.9)
        assert not reading.done()
        await clock.advance(0.1)
        first = await reading
        assert set(first.time_ns.tolist()) == {START_NS}
        assert first.received_ns == START_NS + 10 * SECOND_NS
        assert coverage([first]).end_ns == START_NS + 10 * SECOND_NS

        cancelled = asyncio.create_task(source.read())
        await clock.advance(5)
        cancelled.cancel()
        await clock.advance(25)
        later = await source.read()
        assert sorted(set(later.time_ns.tolist())) == [
            START_NS + s * SECOND_NS for s in (10, 20, 30)
        ]
        source.durable(later.position)
        assert source.truth.minutes == 0  # nothing grows in a plant that runs on
        assert source.report().keep_alive_s == {"plant/main": 10.0}


async def test_the_past_and_the_server_are_one_plant() -> None:
    end_ns = START_NS + HOUR_NS + 17 * SECOND_NS
    batches = list(history(TAGS, seed=9, start_ns=START_NS, end_ns=end_ns, source="plant"))
    assert [b.position for b in batches] == list(range(1, 8))
    assert all((np.diff(b.time_ns) >= 0).all() for b in batches)
    assert coverage(batches).intervals == [(START_NS, end_ns)]
    meter_times = rows(batches, "CR-L03-WQ101.TOT")[0]
    assert set(np.diff(meter_times).tolist()) == {10 * SECOND_NS}
    slow_times = rows(batches, "CB-L07B-AT120.PV")[0]
    assert (np.diff(slow_times) % (60 * SECOND_NS) == 0).all()

    live = Panel(Plant.of_tags(TAGS.values(), seed=9, start_ns=START_NS), list(TAGS.values()))
    on = dict(zip(NUMBER, live.read(START_NS + HOUR_NS).value.tolist(), strict=True))
    for tag in ("CR-L03-WQ101.TOT", "GZ-G3-WQ404.TOT", "CB-L07B-KQ131.TOT", "CB-L07B-AT120.PV"):
        times, values, _ = rows(batches, tag)
        before = values[times <= START_NS + HOUR_NS][-1]
        assert on[tag] == before, tag


def test_the_past_can_be_had_in_the_tags_units() -> None:
    given = {"seed": 9, "start_ns": START_NS, "end_ns": START_NS + MINUTE_NS}
    coil = "DM-S01-TT603.PV"
    raw = rows(list(history(TAGS, **given)), coil)[1]
    scaled = rows(list(history(TAGS, scaled=True, **given)), coil)[1]
    np.testing.assert_allclose(scaled, raw * 0.1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"faults": [{"fault": "rust", "target": "x", "after_s": 0}]}, "there is no fault 'rust'"),
        (
            {"faults": [{"fault": "roller_jam", "target": "CR-L01", "after_s": 0}]},
            "roller_jam is for a target like CB-L07B; came 'CR-L01'",
        ),
        ({"preset": {"CR-L01-II110.PV": 1}}, "CR-L01-II110.PV is no meter"),
        ({"batch_s": 5}, r"batch_s \(5.0\) is at least step_s \(10.0\)"),
        ({"start": "2026-03-01T00:00:00"}, "timezone"),
        ({"bad_share": 1.0}, "less than 1"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_be_say_why(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(**given)


def test_a_start_is_kept_to_the_nanosecond_of_its_minute() -> None:
    start = settings().start
    assert start is not None
    assert to_ns(start) == START_NS


def test_extra_tags_make_a_site_of_any_size() -> None:
    found = extras(8_528)
    assert len(found) == 8_528
    assert len({tag.id for tag in found}) == 8_528
    assert found[0].id == "UT-X0001-TT001.PV"
    assert found[-1].asset == "UT-X0853"
    with pytest.raises(ValueError, match="extra tags are 0 to 100000; came -1"):
        extras(-1)
