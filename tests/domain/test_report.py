"""What a shift report says: names of shifts, figures, losses, and what a revision changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.report import say
from service.api.report.curve import curve_svg
from service.api.report.words import EN, NAMED, ZH
from service.domain.alarm import Priority
from service.domain.alarm_targets import Level
from service.domain.entries.entry import Draft, Entry, EntryKind
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_ns
from service.domain.losses.reasons import LossKind, Reason
from service.domain.losses.sums import stage_sums
from service.domain.plan import Window
from service.domain.report.alarm_load import SHOWN
from service.domain.report.content import (
    Absence,
    Change,
    Figures,
    LossPart,
    Missing,
    NotePart,
    Part,
    ReasonLoss,
)
from service.domain.report.losses import kpi_part, loss_part
from service.domain.report.make import make_report
from service.domain.report.notes import notes_of
from service.domain.report.revise import changes
from service.domain.report.shifts import shift_before, shift_id, shift_named
from tests.lossplant import hand_filled, steady, stop
from tests.sample_reports import (
    NO_PARTS,
    book_of,
    fill,
    full_report,
    names_of,
    plain_report,
    sample_site,
    shift_of,
)
from tests.sites import ZONES

SITE = sample_site()
YEAR_NS = to_ns(datetime(2026, 1, 1, tzinfo=UTC))


@given(at=st.integers(0, 364 * 1440), zone=st.sampled_from(ZONES))
def test_a_shift_is_found_by_its_name(at: int, zone: str) -> None:
    calendar = replace(SITE.calendar, zone=ZoneInfo(zone))
    span = calendar.shift_at(YEAR_NS + at * MINUTE_NS)
    name = shift_id(calendar, span)
    assert shift_named(calendar, name) == span
    before = shift_before(calendar, span)
    assert before.end_ns == span.start_ns
    assert shift_id(calendar, before) != name


def test_every_figure_is_that_of_the_book() -> None:
    book, span = book_of(SITE), shift_of(SITE)
    fill(book, span.start_ns - 3 * DAY_NS, span.start_ns)
    fill(book, span.start_ns, span.end_ns, part=1.1, hole_min=48)
    report = make_report(names_of(SITE), book, span, NO_PARTS, now_ns=span.end_ns)
    assert [stage.id for stage in report.stages] == [stage.id for stage in SITE.line.stages]
    for stage in report.stages:
        window = book.between(stage.id, span.start_ns, span.end_ns)
        assert stage.shift.actual_kg == window.actual_kg
        assert stage.shift.deviation_pct == pytest.approx(10.0)
        assert stage.shift.known_share == pytest.approx(0.9)
        assert stage.unknown_min == pytest.approx(48.0)
        assert stage.shift.deviation_kg == pytest.approx(stage.shift.plan_known_kg * 0.1)
    plant = report.plant
    assert plant.shift == next(s.shift for s in report.stages if s.id == plant.stage)
    assert report.curve[-1].made_kg == plant.shift.actual_kg
    assert report.curve[-1].plan_kg == pytest.approx(plant.shift.plan_kg)
    assert [p.known for p in report.curve].count(False) == 4  # quarters that the hole touches
    assert plant.catch_up_kg_per_h is None, "too little of the year is known"


def test_nothing_known_is_unknown_and_not_zero() -> None:
    book, span = book_of(SITE), shift_of(SITE)
    report = make_report(names_of(SITE), book, span, NO_PARTS, now_ns=span.end_ns)
    assert {stage.shift.actual_kg for stage in report.stages} == {None}
    assert {stage.shift.deviation_kg for stage in report.stages} == {None}
    assert not report.final


async def test_losses_add_up_to_those_of_the_stages(tmp_path: Path) -> None:
    kg = steady(1)
    stop(kg, "A1", 3.0, 4.5)
    stop(kg, "B1", 5.0, 5.5)
    stop(kg, "A2", 6.0, 6.5, float("nan"))
    async with hand_filled(tmp_path, kg) as plant:
        await plant.close(24.0)
        sums = stage_sums(await plant.shifts(0, 8))
    part = loss_part(sums)
    for stage, one in sums.items():
        told = {r.reason: r.lost_kg for r in part.by_reason if r.stage == stage if r.lost_kg}
        assert told == pytest.approx({k: v for k, v in one.totals.by_reason.items() if v})
    assert part.total == len(part.events) == sum(len(one.pieces) for one in sums.values())
    (a1,) = (e for e in part.events if e.unit == "A1" and e.kind is LossKind.STOPPED)
    assert a1.lost_kg == pytest.approx(750.0)
    (unseen,) = (e for e in part.events if e.kind is LossKind.UNKNOWN)
    assert unseen.lost_kg is None
    by_comms = next(r for r in part.by_reason if r.reason is unseen.reason)
    assert (by_comms.lost_kg, by_comms.hours) == (None, 0.5)
    kpis = kpi_part(sums, {stage: one.indicators() for stage, one in sums.items()})
    (a, _b) = kpis.stages
    assert a.values["availability"] == pytest.approx(14.0 / 15.5)  # of 16 h, half an hour unseen
    assert a.known_share == pytest.approx(15.5 / 16.0)


def test_notes_are_those_about_the_shift_by_time() -> None:
    span = shift_of(SITE)

    def entry(id_: str, at_ns: int) -> Entry:
        return Entry(id_, Draft(EntryKind.NOTE, "", at_ns, at_ns, None, id_), "li", at_ns)

    entries = [
        entry("late", span.end_ns - 1),
        entry("next", span.end_ns),
        entry("first", span.start_ns),
        entry("before", span.start_ns - 1),
    ]
    part = notes_of(entries, span)
    assert [line.text for line in part.lines] == ["first", "late"]
    assert part.total == 2


LOSS = ReasonLoss("CR", Reason.EQ_MECH, 1, 1.0, 500.0, 450.0, 0.0)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ({}, {}, []),
        ({"losses": Missing(Absence.NOT_YET)}, {"losses": LossPart((), (), 0)},
         [Change(Part.LOSSES, "", None, None)]),
        ({"losses": LossPart((), (), 0)}, {"losses": LossPart((LOSS,), (), 1)},
         [Change(Part.LOSSES, f"CR {LOSS.reason}", 0.0, 500.0)]),
        ({"losses": LossPart((LOSS,), (), 1)},
         {"losses": LossPart((replace(LOSS, lost_kg=540.0),), (), 1)}, []),
        ({"notes": NotePart((), 0)}, {"notes": full_report(notes=2).notes},
         [Change(Part.NOTES, "", 0.0, 2.0)]),
        ({"forecast": full_report().forecast}, {}, []),
    ],
)  # fmt: skip
def test_a_revision_names_what_it_changed(
    was: Mapping[str, object], now: Mapping[str, object], expected: list[Change]
) -> None:
    report = plain_report()
    assert list(changes(replace(report, **was), replace(report, **now))) == expected  # type: ignore[arg-type]  # fields of a report


@pytest.mark.parametrize(
    ("value", "digits", "text", "with_sign"),
    [
        (None, 1, "—", "—"),
        (0.0, 1, "0.0", "0.0"),
        (-0.04, 1, "0.0", "0.0"),
        (0.04, 1, "0.0", "0.0"),
        (-1_234.56, 1, "−1,234.6", "−1,234.6"),
        (1_234.56, 0, "1,235", "+1,235"),
    ],
)
def test_numbers(value: float | None, digits: int, text: str, with_sign: str) -> None:
    assert say.number(value, digits) == text
    assert say.signed(value, digits) == with_sign


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100 %"),
        (0.9999, ">99 %"),
        (0.0, "0 %"),
        (0.003, "<1 %"),
        (0.875, "88 %"),
        (None, "—"),
        (1.2, "120 %"),
    ],
)
def test_almost_all_is_not_all(share: float | None, text: str) -> None:
    assert say.share(share).replace(say.SPACE, " ") == text


@pytest.mark.parametrize(
    ("deviation", "mark"),
    [(None, ""), (0.4, ""), (-0.4, ""), (3.0, "▲"), (-3.0, "▼"), (-10.0, "▼"), (-10.2, "▼▼")],
)
def test_a_deviation_is_marked_without_colour(deviation: float | None, mark: str) -> None:
    assert say.mark(Figures(1.0, 1.0, 1.0, 1.0, deviation)) == mark


@given(text=st.text(max_size=60), cells=st.integers(2, 40))
def test_a_shortened_text_fits_and_says_that_it_was_longer(text: str, cells: int) -> None:
    short = say.shortened(text, cells)
    assert say.width(short) <= cells
    whole = " ".join(text.split())
    assert short == whole or (short.endswith("…") and whole.startswith(short[:-1]))


def test_both_languages_say_the_same_things() -> None:
    assert EN.keys() == ZH.keys()
    for key, text in EN.items():
        assert text.count("{") == ZH[key].count("{"), key
    kinds = (Priority, LossKind, EntryKind, Absence, Part, Level)
    members = [*SHOWN, *(member for kind in kinds for member in kind)]
    for member in [*members, Window.SHIFT, Window.MONTH, Window.YEAR]:
        assert all(NAMED[member]), member
    assert len(NAMED) == len(members) + 3, "no two members share a name"


def test_the_picture_of_nothing_is_a_picture() -> None:
    book, span = book_of(SITE), shift_of(SITE)
    report = make_report(names_of(SITE), book, span, NO_PARTS, now_ns=span.start_ns + HOUR_NS)
    svg = curve_svg(report.curve, SITE.zone, label="output")
    assert 'class="plan"' in svg
    assert "NaN" not in svg
