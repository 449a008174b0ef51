"""A line that changes from some instant on: each minute by what was in force then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.calendar import Calendar, Shift
from service.domain.coverage import Coverage
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.line import Line, Meter, MeterKind, Stage, StageChange
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook
from service.domain.production.due import own_due_kg, own_dues_kg
from service.domain.production.masses import by_mass_in_force
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import Minutes, Portions
from service.domain.production.readings import Readings
from service.settings import load_site
from service.settings.report import summary
from tests.sites import ZONE, copy_of_sample

CALENDAR = Calendar(ZONE, time(8), (Shift("day", time(8)), Shift("night", time(20))))
PLAN = Plan(CALENDAR, {2026: 87_600_000.0})
FIRST_NS = CALENDAR.year_bounds_ns(2026)[0] + 40 * DAY_NS
CHANGE_NS = FIRST_NS + 2 * DAY_NS
GR = Stage("GR", "Granulation", "造粒", 0.9, 0.93, 13.5, ("PK",))
PK = Stage("PK", "Packing", "包装", 1.0, 0.999, 16.0)
METERS = tuple(
    Meter(f"{stage}-1", stage, f"{stage}-1", f"t{stage}", MeterKind.TOTALISER, "g")
    for stage in ("GR", "PK")
)
LINE = Line((GR, PK), METERS, "PK", changes=(StageChange(CHANGE_NS, replace(GR, finished_eq=0.8)),))


def a_book(line: Line = LINE, days: int = 5) -> ProductionBook:
    n_minutes = days * 1440
    return ProductionBook(line, PLAN, first_minute=FIRST_NS // MINUTE_NS, n_minutes=n_minutes)


def test_the_line_at_an_instant() -> None:
    assert LINE.at(CHANGE_NS - 1).stages == (GR, PK)
    later = LINE.at(CHANGE_NS)
    assert (later.stages[0].finished_eq, later.changes) == (0.8, ())
    assert [(at, s.finished_eq) for at, s in LINE.history_of("GR")] == [(0, 0.9), (CHANGE_NS, 0.8)]
    assert LINE.history_of("PK") == ((0, PK),)
    never = Line((GR, PK), METERS, "PK")
    assert never.at(CHANGE_NS) is never


@given(st.integers(0, 5 * 24), st.integers(0, 5 * 24))
def test_a_stages_plan_is_finished_tonnes_by_the_yield_of_their_minute(a: int, b: int) -> None:
    """10 t/h finished are due; from the change on granulation needs more for them."""
    start_ns, end_ns = (FIRST_NS + hours * HOUR_NS for hours in sorted((a, b)))
    before_h = max(min(end_ns, CHANGE_NS) - start_ns, 0) / HOUR_NS
    after_h = (end_ns - start_ns) / HOUR_NS - before_h
    expected = 10_000.0 * (before_h / 0.9 + after_h / 0.8)
    book = BOOK
    assert book.between("GR", start_ns, end_ns).plan_kg == pytest.approx(expected, rel=1e-9)
    assert own_due_kg(LINE, PLAN, "GR", start_ns, end_ns) == pytest.approx(expected)
    assert book.between("PK", start_ns, end_ns).plan_kg == pytest.approx(
        10_000.0 * (end_ns - start_ns) / HOUR_NS
    )


BOOK = a_book()


def test_windows_beyond_the_book_use_the_yield_of_their_minute_too() -> None:
    short = a_book(days=1)
    span = FIRST_NS - DAY_NS, FIRST_NS + 4 * DAY_NS
    plan_kg = short.between("GR", *span).plan_kg
    assert plan_kg == pytest.approx(own_due_kg(LINE, PLAN, "GR", *span))
    ends = np.array([span[1]])
    many = short.among("GR", short.running("GR"), np.array([span[0]]), ends)
    assert float(many.plan_kg[0]) == plan_kg


def test_shifts_are_due_alike_one_by_one_and_at_once() -> None:
    spans = CALENDAR.shifts_between(FIRST_NS, FIRST_NS + 4 * DAY_NS)
    starts = np.array([s.start_ns for s in spans for _ in range(3)])
    finished = np.array([PLAN.due_kg(s.start_ns, s.end_ns) for s in spans for _ in range(3)])
    for stage in ("GR", "PK"):
        one_by_one = [
            own_due_kg(LINE, PLAN, stage, s.start_ns, s.end_ns) for s in spans for _ in range(3)
        ]
        assert own_dues_kg(LINE, PLAN, stage, starts, finished).tolist() == one_by_one


SAGGERS = Meter("CB-1", "CB", "CB-1", "t", MeterKind.COUNT, "g", kg_per_unit=7.6,
                masses=((CHANGE_NS, 7.8), (CHANGE_NS + HOUR_NS, 8.0)))  # fmt: skip


def accounted(cuts: list[int]) -> Minutes:
    """Two saggers a minute for four hours about the change, fed in pieces."""
    first_ns = CHANGE_NS - 2 * HOUR_NS
    time_ns = first_ns + np.arange(241, dtype=np.int64) * MINUTE_NS
    value = 2.0 * np.arange(241)
    coverage = Coverage([(first_ns, first_ns + 5 * HOUR_NS)])
    state, parts, done = Account(), [], 0
    for upto in (*sorted(cuts), 241):
        readings = Readings(time_ns[done:upto], value[done:upto], np.ones(upto - done, np.bool_))
        until_ns = first_ns + (upto - 1) * MINUTE_NS
        state, minutes = advance(SAGGERS, state, readings, coverage, until_ns)
        done = upto
        if minutes is not None:
            parts.append(minutes)
    kg = np.concatenate([part.kg for part in parts])
    return Minutes(parts[0].first, kg, np.concatenate([part.grade for part in parts]))


def test_pieces_weigh_what_was_in_force_in_their_minute() -> None:
    whole = accounted([])
    at = CHANGE_NS // MINUTE_NS - whole.first
    # A count shows in the last seconds of its minute.
    assert whole.kg[1 : at - 1].tolist() == pytest.approx([15.2] * (at - 2))
    assert whole.kg[at : at + 59].tolist() == pytest.approx([15.6] * 59)
    assert whole.kg[at + 60 : at + 100].tolist() == pytest.approx([16.0] * 40)
    assert whole.kg.sum() == pytest.approx(15.2 * at + 15.6 * 60 + 16.0 * (len(whole) - at - 60))


@given(st.lists(st.integers(1, 240), max_size=5, unique=True))
def test_it_is_the_same_in_whatever_pieces_it_runs(cuts: list[int]) -> None:
    whole, pieces = accounted([]), accounted(cuts)
    assert pieces.kg.tolist() == pytest.approx(whole.kg.tolist())
    assert pieces.first == whole.first


def test_mass_across_a_change_is_shared_by_time() -> None:
    across = Portions(
        np.array([CHANGE_NS - HOUR_NS]), np.array([CHANGE_NS + HOUR_NS]), np.array([760.0]),
        np.array([1], np.uint8),
    )  # fmt: skip
    got = by_mass_in_force(SAGGERS, across)
    assert got.kg.tolist() == pytest.approx([380.0, 390.0])
    assert got.end_ns.tolist() == [CHANGE_NS, CHANGE_NS + HOUR_NS]
    assert got.grade.tolist() == [1, 1]


def test_a_site_says_its_changes_and_check_explains_them(tmp_path: Path) -> None:
    folder = copy_of_sample(tmp_path)
    file = folder / "site.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace(
        "capacity_t_per_h = 13.5\n",
        "capacity_t_per_h = 13.5\nchanges = [\n"
        "  { effective = 2026-06-01, yield_pct = 94, finished_eq = 0.9 },\n"
        "  { effective = 2026-09-01T12:00:00, capacity_t_per_h = 14 },\n]\n",
    )
    text = text.replace(
        "kg_per_unit = 7.6  ",
        "changes = [{ effective = 2026-07-01, kg_per_unit = 7.8 }]\nkg_per_unit = 7.6  ",
    )
    file.write_text(text, encoding="utf-8")
    site = load_site(folder)
    start_of = site.calendar.start_of
    assert [c.effective_ns for c in site.line.changes] == [
        start_of(date(2026, 6, 1)),
        start_of(date(2026, 9, 1)) + 4 * HOUR_NS,
    ]
    assert site.line.changes[1].stage.yield_fraction == 0.94  # what was changed before stays
    kiln = next(m for m in site.line.meters if m.stage == "CB")
    assert kiln.masses == ((start_of(date(2026, 7, 1)), 7.8),)
    told = [line for line in summary(site) if line.startswith("version")]
    assert told == [
        "version        from 2026-06-01 08:00  GR: yield 93 → 94 %, finished_eq 0.908 → 0.9",
        "version        from 2026-07-01 08:00  meters of CB: 7.8 kg a unit",
        "version        from 2026-09-01 12:00  GR: capacity 13.5 → 14 t/h",
    ]
