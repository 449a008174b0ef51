"""Who hears of an alarm: routes, roles on call, and what each destination is told when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alarm import Priority
from service.domain.calendar import Calendar, Shift
from service.domain.instants import HOUR_NS, SECOND_NS, to_ns
from service.domain.oncall import Basis, Duty, Moment, OnCall, Override, called, moment
from service.domain.routing import Mismatch, Route, Routing, Subject, hear, tried

SHANGHAI = ZoneInfo("Asia/Shanghai")
SHIFTS = (Shift("night", time(0)), Shift("day", time(8)), Shift("evening", time(16)))
CALENDAR = Calendar(SHANGHAI, time(8), SHIFTS)
KILN = Subject("hour-low", "throughput", Priority.HIGH, "CB-L07B", "CB")
PLC = Subject("lost", "communication", Priority.CRITICAL, "plant/main", None)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    """The instant of a local time such as ``2026-05-01 08:00``."""
    return to_ns(datetime.fromisoformat(text).replace(tzinfo=zone))


def now(text: str) -> Moment:
    return moment(CALENDAR, at(text))


MONDAY = now("2026-05-04 10:00")


@pytest.mark.parametrize(
    ("text", "shift", "day"),
    [
        ("2026-05-01 08:00", "day", date(2026, 5, 1)),
        ("2026-05-01 23:59", "evening", date(2026, 5, 1)),
        ("2026-05-02 00:00", "night", date(2026, 5, 1)),
        ("2026-05-02 07:59", "night", date(2026, 5, 1)),
        ("2026-05-02 08:00", "day", date(2026, 5, 2)),
    ],
)
def test_a_night_shift_belongs_to_the_day_on_which_its_production_day_began(
    text: str, shift: str, day: date
) -> None:
    assert now(text) == Moment(at(text), shift, day)


WEEKEND = Duty((("boss",),), weekdays=frozenset({5, 6}))
TURNS = Duty((("zhang",), ("li",), ("wang",)), turn_days=7, first=date(2026, 1, 5))
NIGHTS = Duty((("guard",),), shifts=frozenset({"night"}), last=date(2026, 6, 30))
ROLE = OnCall(
    "electricians",
    (WEEKEND, NIGHTS, TURNS),
    (Override(("wu",), at("2026-05-06 12:00"), at("2026-05-06 20:00"), "swap"),),
    ("maintenance",),
)


@pytest.mark.parametrize(
    ("text", "who", "basis"),
    [
        pytest.param("2026-01-05 08:00", "zhang", Basis.DUTY, id="first turn"),
        pytest.param("2026-01-11 23:00", "boss", Basis.DUTY, id="the first duty that covers says"),
        pytest.param("2026-01-12 08:00", "li", Basis.DUTY, id="second turn"),
        pytest.param("2026-01-19 08:00", "wang", Basis.DUTY, id="third turn"),
        pytest.param("2026-01-26 08:00", "zhang", Basis.DUTY, id="from the start again"),
        pytest.param("2026-01-02 08:00", "maintenance", Basis.OTHERWISE, id="before all turns"),
        pytest.param("2026-05-02 03:00", "guard", Basis.DUTY, id="Friday's night on Saturday"),
        pytest.param("2026-05-02 08:00", "boss", Basis.DUTY, id="and then it is Saturday"),
        pytest.param("2026-05-04 07:59", "boss", Basis.DUTY, id="Sunday's night on Monday"),
        pytest.param("2026-07-01 03:00", "guard", Basis.DUTY, id="the last night of June"),
        pytest.param("2026-07-02 03:00", "li", Basis.DUTY, id="nobody's night any more"),
        pytest.param("2026-05-06 11:59", "wang", Basis.DUTY, id="before the swap"),
        pytest.param("2026-05-06 12:00", "wu", Basis.OVERRIDE, id="the swap"),
        pytest.param("2026-05-06 20:00", "wang", Basis.DUTY, id="after it"),
    ],
)
def test_who_is_on_call(text: str, who: str, basis: Basis) -> None:
    assert called(ROLE, now(text)) == ((who,), basis)


def test_turns_keep_their_order_for_years() -> None:
    for n in range(400):
        day = date(2026, 1, 5) + timedelta(days=n)
        assert TURNS.whose(day) == TURNS.turns[n // 7 % 3]


DESTINATIONS = {
    "maintenance": Priority.LOW, "zhang": Priority.LOW, "boss": Priority.HIGH, "log": Priority.LOW,
}  # fmt: skip
PLAIN = Routing(DESTINATIONS)
FURNACES = Route("furnaces", ("zhang",), stages=frozenset({"CB", "GZ"}), group_ns=5 * SECOND_NS)
REST = Route("rest", ("maintenance",))


def names(routing: Routing, subject: Subject, at: Moment = MONDAY, step: int = 0) -> list[str]:
    return [one.destination for one in hear(routing, subject, at, step=step)]


def test_without_routes_each_destination_hears_of_what_is_urgent_enough() -> None:
    low = replace(KILN, priority=Priority.LOW)
    assert names(PLAIN, KILN) == list(DESTINATIONS)
    assert names(PLAIN, low) == ["maintenance", "zhang", "log"]
    assert names(PLAIN, low, step=3) == ["maintenance", "zhang", "log"]


@pytest.mark.parametrize(
    ("conditions", "mismatch"),
    [
        ({}, None),
        ({"stages": frozenset({"CB"})}, None),
        ({"stages": frozenset({"GZ"})}, Mismatch.STAGE),
        ({"assets": ("CB-L0*",)}, None),
        ({"assets": ("CB-L1*", "GZ-*")}, Mismatch.ASSET),
        ({"rules": ("hour-*",)}, None),
        ({"rules": ("day-low",)}, Mismatch.RULE),
        ({"kinds": frozenset({"throughput"})}, None),
        ({"kinds": frozenset({"limit"})}, Mismatch.KIND),
        ({"least_urgent": Priority.HIGH}, None),
        ({"least_urgent": Priority.CRITICAL}, Mismatch.PRIORITY),
        ({"most_urgent": Priority.HIGH}, None),
        ({"most_urgent": Priority.MEDIUM}, Mismatch.PRIORITY),
        ({"shifts": frozenset({"day"})}, None),
        ({"shifts": frozenset({"night", "evening"})}, Mismatch.SHIFT),
        ({"stages": frozenset({"CB"}), "shifts": frozenset({"night"})}, Mismatch.SHIFT),
    ],
)
def test_what_a_route_takes(conditions: dict[str, object], mismatch: Mismatch | None) -> None:
    route = replace(Route("one", ("zhang",)), **conditions)  # type: ignore[arg-type]
    routing = Routing(DESTINATIONS, (route, REST))
    assert next(tried(routing, KILN, MONDAY))[1] is mismatch
    assert names(routing, KILN) == (["maintenance"] if mismatch else ["zhang"])


def test_an_alarm_of_no_stage_is_of_none_that_a_route_names() -> None:
    assert names(Routing(DESTINATIONS, (FURNACES, REST)), PLC) == ["maintenance"]


def test_the_first_route_that_takes_it_ends_the_search_unless_it_continues() -> None:
    routing = Routing(DESTINATIONS, (FURNACES, REST))
    assert [m for _, m in tried(routing, KILN, MONDAY)] == [None, Mismatch.TAKEN]
    goes_on = Routing(DESTINATIONS, (replace(FURNACES, goes_on=True), REST))
    assert [m for _, m in tried(goes_on, KILN, MONDAY)] == [None, None]
    assert names(goes_on, KILN) == ["zhang", "maintenance"]


def test_a_destination_hears_once_by_the_first_way() -> None:
    twice = (replace(FURNACES, goes_on=True), Route("rest", ("maintenance", "zhang")))
    found = hear(Routing(DESTINATIONS, twice), KILN, MONDAY)
    assert [(one.destination, one.route) for one in found] == [
        ("zhang", "furnaces"), ("maintenance", "rest"),
    ]  # fmt: skip
    assert found[0].group_ns == 5 * SECOND_NS


def test_a_destination_is_spared_what_is_not_urgent_enough_for_it() -> None:
    routing = Routing(DESTINATIONS, (Route("all", ("boss", "log")),))
    assert names(routing, replace(KILN, priority=Priority.MEDIUM)) == ["log"]


def test_a_route_to_nobody_tells_nobody() -> None:
    assert names(Routing(DESTINATIONS, (Route("none", ()),)), KILN) == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, ["zhang"]), (1, ["maintenance", "log"]), (2, ["boss"]), (3, ["boss"])],
)
def test_escalation_goes_step_by_step_and_stays_with_the_last(
    step: int, expected: list[str]
) -> None:
    route = replace(FURNACES, escalate_to=(("maintenance", "log"), ("boss",)))
    assert names(Routing(DESTINATIONS, (route, REST)), KILN, step=step) == expected


def test_escalation_without_steps_calls_the_same_again() -> None:
    assert names(Routing(DESTINATIONS, (FURNACES, REST)), KILN, step=1) == ["zhang"]


def test_a_role_is_whoever_is_on_call_then() -> None:
    role = OnCall("duty", (Duty((("boss",),), shifts=frozenset({"night"})),), (), ("log", "zhang"))
    routing = Routing(DESTINATIONS, (Route("all", ("duty", "zhang")),), {"duty": role})
    by_day = hear(routing, KILN, MONDAY)
    assert [(one.destination, one.role, one.basis) for one in by_day] == [
        ("log", "duty", Basis.OTHERWISE), ("zhang", "duty", Basis.OTHERWISE),
    ]  # fmt: skip
    by_night = hear(routing, KILN, now("2026-05-05 02:00"))
    assert [(one.destination, one.role, one.basis) for one in by_night] == [
        ("boss", "duty", Basis.DUTY), ("zhang", None, None),
    ]  # fmt: skip


stages = st.sampled_from(["CR", "CB", "GZ"])
routes = st.lists(
    st.builds(
        Route,
        name=st.just("r"),
        to=st.lists(st.sampled_from(sorted(DESTINATIONS)), max_size=3, unique=True).map(tuple),
        stages=st.frozensets(stages),
        least_urgent=st.sampled_from(Priority),
        shifts=st.frozensets(st.sampled_from(["day", "night"])),
        goes_on=st.booleans(),
    ),
    max_size=6,
)


@given(routes, stages, st.sampled_from(Priority), st.integers(0, 23))
def test_who_hears_is_what_reading_the_routes_downwards_says(
    found: list[Route], stage: str, priority: Priority, hour: int
) -> None:
    subject = replace(KILN, stage=stage, priority=priority)
    at_hour = moment(CALENDAR, at("2026-05-04 00:00") + hour * HOUR_NS)
    shift = ("night", "day", "evening")[hour // 8]
    expected: list[str] = []
    for route in (*found, REST):
        if route.stages and stage not in route.stages:
            continue
        if priority > route.least_urgent or (route.shifts and shift not in route.shifts):
            continue
        expected += [d for d in route.to if d not in expected and priority <= DESTINATIONS[d]]
        if not route.goes_on:
            break
    assert names(Routing(DESTINATIONS, (*found, REST)), subject, at_hour) == expected
