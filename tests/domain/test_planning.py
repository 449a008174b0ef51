"""Versions of calendar and plan: the year adds up, the past stays, and what is refused."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.calendar import Calendar, Downtime, DowntimeKind, Shift
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan
from service.domain.planning import PlanClash, PlanRefused, Proposal, meaning, proposed
from service.domain.planversion import PlanVersion, Ramp
from service.domain.production.book import ProductionBook
from tests.sites import SITE_ZONE

THREE = (Shift("night", time(0)), Shift("day", time(8)), Shift("evening", time(16)))
TWO = (Shift("day", time(8)), Shift("night", time(20)))
TARGET_KG = 70_000_000.0


def base(zone: str = SITE_ZONE, *down: Downtime) -> PlanVersion:
    calendar = Calendar(ZoneInfo(zone), time(8), THREE, down)
    return PlanVersion(0, calendar, {2026: TARGET_KG, 2027: 72_000_000.0}, crews=4)


YEAR = base().calendar.year_bounds_ns(2026)
NOW_NS = YEAR[0] + 100 * DAY_NS
STOP = Downtime(NOW_NS + 10 * DAY_NS, NOW_NS + 15 * DAY_NS, "new furnace", DowntimeKind.OVERHAUL)


def changed(*versions: PlanVersion, **fields: object) -> PlanVersion:
    return proposed(versions[-1], Proposal(**fields), now_ns=NOW_NS)  # type: ignore[arg-type]


def test_a_new_downtime_moves_what_is_due_to_the_hours_that_are_left() -> None:
    before = Plan.of([base()])
    version = changed(base(), add=(STOP,))
    after = Plan.of([base(), version])
    assert version.effective_ns == NOW_NS
    assert after.due_kg(YEAR[0], NOW_NS) == before.due_kg(YEAR[0], NOW_NS)
    assert after.due_kg(*YEAR) == pytest.approx(TARGET_KG)
    assert after.due_kg(STOP.start_ns, STOP.end_ns) == 0.0
    hours = (YEAR[1] - NOW_NS) / HOUR_NS
    left_kg = TARGET_KG - before.due_kg(YEAR[0], NOW_NS)
    assert after.rate_at_kg_per_h(NOW_NS) == pytest.approx(left_kg / (hours - 5 * 24))
    assert after.rate_at_kg_per_h(NOW_NS - 1) == before.rate_at_kg_per_h(NOW_NS - 1)
    assert after.due_kg(*after.calendar.year_bounds_ns(2027)) == pytest.approx(72_000_000.0)


def test_weights_and_a_ramp_shape_the_year() -> None:
    ramp = Ramp(date(2026, 8, 1), date(2026, 8, 11), 0.5)
    plan = Plan.of([replace(base(), month_weight={2: 0.5}, ramps=(ramp,))])
    start_of = plan.calendar.start_of

    def due(day: date) -> float:
        return plan.due_kg(start_of(day), start_of(day) + DAY_NS)

    full = due(date(2026, 3, 3))
    assert due(date(2026, 2, 10)) == pytest.approx(0.5 * full)
    shares = [due(date(2026, 8, day)) / full for day in range(1, 12)]
    assert shares == pytest.approx([0.525 + 0.05 * n for n in range(10)] + [1.0])
    assert plan.due_kg(*YEAR) == pytest.approx(TARGET_KG)


ZONES = st.sampled_from(["Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin"])


@settings(max_examples=60, deadline=None)
@given(
    ZONES,
    st.lists(
        st.tuples(
            st.integers(1, 90), st.integers(1, 40), st.integers(1, 20), st.floats(6e7, 8e7),
            st.sampled_from([THREE, TWO]), st.floats(0.3, 1.5),
        ),
        max_size=4,
    ),
    st.integers(0, 364),
)  # fmt: skip
def test_the_year_adds_up_and_the_past_stays(
    zone: str, changes: list[tuple[int, int, int, float, tuple[Shift, ...], float]], day: int
) -> None:
    """Of each change: days until it is made, until its downtime, its length, target, shifts, and
    the weight of May."""
    versions = [base(zone)]
    calendar = versions[0].calendar
    year_ns = calendar.year_bounds_ns(2026)
    now_ns = year_ns[0]
    for wait, until, length, target_kg, shifts, weight in changes:
        now_ns += wait * DAY_NS
        start_ns = now_ns + until * DAY_NS
        if start_ns + length * DAY_NS >= year_ns[1]:
            break
        before = Plan.of(versions)
        stop = Downtime(start_ns, start_ns + length * DAY_NS, "stop")
        asked = Proposal(downtimes=(stop,), target_kg={2026: target_kg}, shifts=shifts,
                         month_weight={5: weight})  # fmt: skip
        versions.append(proposed(versions[-1], asked, now_ns=now_ns))
        after = Plan.of(versions)
        at = now_ns - 1
        assert after.calendar.shift_at(at).start_ns == before.calendar.shift_at(at).start_ns
        assert after.due_kg(year_ns[0], now_ns) == before.due_kg(year_ns[0], now_ns)
        due_kg = before.due_kg(year_ns[0], now_ns)
        assert after.due_kg(*year_ns) == pytest.approx(max(target_kg, due_kg))
    plan = Plan.of(versions)
    first = (year_ns[0] + day * DAY_NS) // MINUTE_NS
    minutes = plan.due_per_minute(first, 1440)
    whole = plan.due_kg(first * MINUTE_NS, (first + 1440) * MINUTE_NS)
    assert minutes.sum() == pytest.approx(whole, abs=1e-6)
    spans = plan.calendar.shifts_between(year_ns[0], year_ns[1])
    assert all(a.end_ns == b.start_ns for a, b in itertools.pairwise(spans))


def test_shifts_change_where_a_version_comes_into_force() -> None:
    midnight = NOW_NS - 8 * HOUR_NS + DAY_NS
    version = changed(base(), shifts=TWO, effective_ns=midnight + 8 * HOUR_NS)
    calendar = Plan.of([base(), version]).calendar
    spans = calendar.shifts_between(midnight, midnight + 2 * DAY_NS)
    assert [(s.shift.id, (s.end_ns - s.start_ns) // HOUR_NS) for s in spans[:4]] == [
        ("night", 8),
        ("day", 12),
        ("night", 12),
        ("day", 12),
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "nothing would change"),
        ({"effective_ns": NOW_NS - MINUTE_NS, "crews": 5}, "is past, and what was judged"),
        ({"effective_ns": NOW_NS + 1, "crews": 5}, "no whole minute"),
        ({"crews": 0}, "expected 1 to 100"),
        ({"shifts": ()}, "1 to 24"),
        ({"shifts": (THREE[0], THREE[0])}, "of its own"),
        ({"add": (replace(STOP, start_ns=NOW_NS - DAY_NS),)}, "begins before the change"),
        ({"add": (replace(STOP, end_ns=STOP.start_ns),)}, "ends before it starts"),
        ({"add": (replace(STOP, reason=" "),)}, "needs a reason"),
        ({"add": (STOP, replace(STOP, start_ns=STOP.start_ns + DAY_NS))}, "overlaps new furnace"),
        ({"remove": (NOW_NS,)}, "no downtime that is still to come"),
        ({"add": (Downtime(NOW_NS, YEAR[1], "for ever"),)}, "no planned hour of 2026"),
        ({"target_kg": {}}, "at least one year"),
        ({"target_kg": {2026: float("nan")}}, "above 0 for 2026"),
        ({"target_kg": {1900: 1.0}}, "no year"),
        ({"month_weight": {13: 1.0}}, "months 1 to 12"),
        ({"month_weight": {2: 0.0}}, "above 0"),
        ({"ramps": (Ramp(date(2026, 8, 1), date(2026, 8, 1), 0.5),)}, "1 to 366 days after"),
        ({"ramps": (Ramp(date(2026, 8, 1), date(2026, 8, 2), 0.0),)}, "above 0, up to 100 %"),
        ({"ramps": (Ramp(date(2026, 8, 1), date(2026, 8, 9), 0.5),
                    Ramp(date(2026, 8, 5), date(2026, 8, 12), 0.5))}, "overlaps"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_to_do(fields: dict[str, object], words: str) -> None:
    with pytest.raises(PlanRefused) as told:
        changed(base(), **fields)
    assert words in str(told.value)


def test_a_version_takes_effect_after_the_one_before() -> None:
    later = changed(base(), crews=5, effective_ns=NOW_NS + DAY_NS)
    with pytest.raises(PlanClash, match="give a later instant"):
        changed(base(), later, crews=6)


def test_one_that_lasts_may_end_earlier_and_the_past_keeps_it() -> None:
    lasting = replace(STOP, start_ns=NOW_NS - DAY_NS, end_ns=NOW_NS + 4 * DAY_NS)
    shorter = replace(lasting, end_ns=NOW_NS + DAY_NS)
    version = changed(base(SITE_ZONE, lasting), downtimes=(shorter,))
    calendar = Plan.of([base(SITE_ZONE, lasting), version]).calendar
    assert calendar.planned_ns(NOW_NS - 2 * DAY_NS, NOW_NS + 4 * DAY_NS) == 4 * DAY_NS


LINE = Line(
    (Stage("GZ", "G", "石", 0.969, 0.95, 9.68, ("PK",)), Stage("PK", "P", "包", 1.0, 1.0, 16.0)),
    (Meter("PK-P1", "PK", "PK-P1", "t", MeterKind.COUNT, "g"),),
    "PK",
)


def test_what_a_change_means() -> None:
    before = Plan.of([base()])
    after = Plan.of([base(), changed(base(), add=(STOP,), target_kg={2026: 75_000_000.0})])
    produced_kg = before.due_kg(YEAR[0], NOW_NS)
    means = meaning(before, after, LINE, effective_ns=NOW_NS, produced_kg=produced_kg)
    left_h = (YEAR[1] - NOW_NS) / HOUR_NS
    assert (means.planned_before_h, means.planned_after_h) == (left_h, left_h - 120)
    assert (means.target_before_t, means.target_after_t) == (70_000.0, 75_000.0)
    assert means.catch_up_before_t_per_h == pytest.approx((70e6 - produced_kg) / left_h / 1e3)
    assert means.catch_up_after_t_per_h == pytest.approx(
        (75e6 - produced_kg) / (left_h - 120) / 1e3
    )
    gz, pk = means.stages
    assert pk.after_t_per_h == pytest.approx(means.catch_up_after_t_per_h)
    assert gz.after_t_per_h == pytest.approx(pk.after_t_per_h / 0.969)
    assert (gz.possible, pk.possible) == (True, True)
    more = Plan.of([base(), changed(base(), target_kg={2026: 95_000_000.0})])
    assert not meaning(before, more, LINE, effective_ns=NOW_NS, produced_kg=None).stages[0].possible


def test_the_book_judges_the_past_by_the_plan_of_then() -> None:
    first, n = (NOW_NS - DAY_NS) // MINUTE_NS, 20 * 1440
    book = ProductionBook(LINE, Plan.of([base()]), first_minute=first, n_minutes=n)
    spans = [(NOW_NS - 20 * HOUR_NS, NOW_NS), (NOW_NS - 3 * HOUR_NS, NOW_NS - HOUR_NS)]
    was = [book.between("PK", *span) for span in spans]
    book.replan(Plan.of([base(), changed(base(), add=(STOP,))]))
    assert [book.between("PK", *span) for span in spans] == was
    assert book.between("PK", STOP.start_ns, STOP.end_ns).plan_kg == 0.0
