"""When a destination is told and with what together: quiet hours, floods, groups."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alarm import Priority
from service.domain.announcing import (
    Announcement,
    Announcing,
    Form,
    announcements,
    counted,
    to_all,
)
from service.domain.flood import Flooding, FloodState, Position
from service.domain.instants import DAY_NS, MINUTE_NS, SECOND_NS, to_datetime, to_ns
from service.domain.quiet_hours import LONGEST_NS, QuietHours, quiet_until
from service.domain.routing import Heard, Routing, Subject

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
WORKDAYS = frozenset(range(5))
NIGHT = QuietHours(frozenset({"boss"}), time(22), time(6))
HIGH, CRITICAL = Priority.HIGH, Priority.CRITICAL


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return to_ns(datetime.fromisoformat(text).replace(tzinfo=zone))


def until(
    text: str, *hours: QuietHours, priority: Priority = HIGH, zone: ZoneInfo = SHANGHAI
) -> str | None:
    """The local time at which the boss is told, as text; None when at once."""
    ends_ns = quiet_until(hours, "boss", priority, at(text, zone), zone)
    if ends_ns is None:
        return None
    return to_datetime(ends_ns).astimezone(zone).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-04 21:59", None),
        ("2026-05-04 22:00", "2026-05-05 06:00"),
        ("2026-05-05 05:59", "2026-05-05 06:00"),
        ("2026-05-05 06:00", None),
    ],
)
def test_quiet_hours_over_midnight(text: str, expected: str | None) -> None:
    assert until(text, NIGHT) == expected


def test_what_is_urgent_passes_unless_said_otherwise() -> None:
    assert until("2026-05-05 01:00", NIGHT, priority=CRITICAL) is None
    assert until("2026-05-05 01:00", NIGHT, priority=HIGH) is not None
    assert until("2026-05-05 01:00", replace(NIGHT, passes=HIGH), priority=HIGH) is None
    assert until("2026-05-05 01:00", replace(NIGHT, passes=None), priority=CRITICAL) is not None


def test_others_are_not_spared() -> None:
    assert quiet_until([NIGHT], "guard", HIGH, at("2026-05-05 01:00"), SHANGHAI) is None


WEEKEND = QuietHours(frozenset({"boss"}), time(0), time(0), weekdays=frozenset({5, 6}))
WORKNIGHTS = replace(NIGHT, weekdays=WORKDAYS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-05-08 22:30", "2026-05-11 00:00", id="Friday's night and the weekend"),
        pytest.param("2026-05-10 23:59", "2026-05-11 00:00", id="Sunday ends at midnight"),
        pytest.param("2026-05-11 00:00", None, id="nothing began on Sunday night"),
        pytest.param("2026-05-11 22:00", "2026-05-12 06:00", id="Monday's night"),
    ],
)
def test_quiet_hours_that_meet_are_one(text: str, expected: str | None) -> None:
    assert until(text, WORKNIGHTS, WEEKEND) == expected


def test_hours_end_by_the_clock_on_the_wall_when_it_is_changed() -> None:
    """In Berlin on 2026-03-29 02:00 becomes 03:00, on 2026-10-25 03:00 becomes 02:00."""
    assert until("2026-03-28 23:00", NIGHT, zone=BERLIN) == "2026-03-29 06:00"
    short_ns = quiet_until([NIGHT], "boss", HIGH, at("2026-03-28 22:00", BERLIN), BERLIN)
    long_ns = quiet_until([NIGHT], "boss", HIGH, at("2026-10-24 22:00", BERLIN), BERLIN)
    assert short_ns == at("2026-03-28 22:00", BERLIN) + 7 * 60 * MINUTE_NS
    assert long_ns == at("2026-10-24 22:00", BERLIN) + 9 * 60 * MINUTE_NS
    leapt = replace(NIGHT, end=time(2, 30))
    assert until("2026-03-28 23:00", leapt, zone=BERLIN) == "2026-03-29 03:00"
    assert until("2026-05-05 01:00", NIGHT, zone=KOLKATA) == "2026-05-05 06:00"


def test_quiet_without_an_end_is_cut() -> None:
    always = QuietHours(frozenset({"boss"}), time(0), time(0))
    ends_ns = quiet_until([always], "boss", HIGH, at("2026-05-05 01:00"), SHANGHAI)
    assert ends_ns is not None
    assert LONGEST_NS <= ends_ns - at("2026-05-05 01:00") < LONGEST_NS + DAY_NS


local_times = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(
    st.lists(
        st.builds(
            QuietHours, st.just(frozenset({"boss"})), local_times, local_times,
            st.frozensets(st.integers(0, 6), max_size=5),
        ),
        max_size=3,
    ),
    st.integers(0, 14 * 24 * 60),
)  # fmt: skip
def test_quiet_ends_at_the_first_minute_that_no_hours_cover(
    hours: list[QuietHours], minute: int
) -> None:
    """Against a look at each minute, in a zone whose clock never changes."""

    def is_quiet(time_ns: int) -> bool:
        local = to_datetime(time_ns)
        now, today = local.time(), local.weekday()
        return any(
            (today in one.weekdays and one.start <= now < one.end)
            if one.start < one.end
            else (
                (today in one.weekdays and one.start <= now)
                or ((today - 1) % 7 in one.weekdays and now < one.end)
            )
            for one in hours
        )

    start_ns = to_ns(datetime(2026, 5, 4, tzinfo=UTC)) + minute * MINUTE_NS
    found = quiet_until(hours, "boss", HIGH, start_ns, ZoneInfo("UTC"))
    expected = start_ns
    while is_quiet(expected) and expected - start_ns < LONGEST_NS:
        expected += MINUTE_NS
    if expected - start_ns < LONGEST_NS:
        assert found == (expected if expected > start_ns else None)
    else:
        assert found is not None
        assert found - start_ns >= LONGEST_NS


KILN = Subject("hour-low", "throughput", HIGH, "CB-L07B", "CB")
NOW = at("2026-05-04 10:00")
FURNACES = Position("furnaces", frozenset({"CB", "GZ"}))
SITE = Announcing(
    Routing({"boss": Priority.LOW, "log": Priority.LOW}),
    SHANGHAI,
    (NIGHT,),
    Flooding(positions=(FURNACES, Position("mill"))),
)
FLOOD = FloodState((NOW - MINUTE_NS,) * 11, since_ns=NOW - 7 * MINUTE_NS, alarms=40)


def told(
    *heard: Heard,
    subject: Subject = KILN,
    now_ns: int = NOW,
    flood: str | None = None,
    root: str | None = None,
) -> list[Announcement]:
    floods = {} if flood is None else {flood: FLOOD}
    return list(announcements(SITE, heard, subject, now_ns=now_ns, floods=floods, root=root))


BOSS, LOG = Heard("boss"), Heard("log", group_ns=5 * SECOND_NS)


def test_on_a_calm_day_one_is_told_at_once_or_with_what_belongs_together() -> None:
    assert told(BOSS, LOG) == [
        Announcement("boss", Form.AT_ONCE, NOW),
        Announcement("log", Form.TOGETHER, NOW + 5 * SECOND_NS, "group CB"),
    ]
    nowhere = replace(KILN, stage=None)
    assert told(LOG, subject=nowhere, root="a1")[0].collect == "group a1"
    assert told(LOG, subject=nowhere)[0].collect == "group CB-L07B"


def test_critical_alarms_never_wait_for_others() -> None:
    critical = replace(KILN, priority=CRITICAL)
    for flood in (None, "furnaces"):
        assert told(BOSS, LOG, subject=critical, flood=flood) == [
            Announcement("boss", Form.AT_ONCE, NOW),
            Announcement("log", Form.AT_ONCE, NOW),
        ]


def test_in_a_flood_each_destination_is_told_once_a_period() -> None:
    """The flood began seven minutes ago, periods are of five: the second ends in three."""
    due_ns = NOW + 3 * MINUTE_NS
    assert told(BOSS, LOG, flood="furnaces") == [
        Announcement(name, Form.AFTER_FLOOD_PERIOD, due_ns, f"flood furnaces {due_ns}")
        for name in ("boss", "log")
    ]
    (later,) = told(BOSS, flood="furnaces", now_ns=due_ns)
    assert later.due_ns == due_ns + 5 * MINUTE_NS


def test_a_flood_at_one_position_leaves_the_others_alone() -> None:
    assert told(BOSS, flood="mill")[0].form is Form.AT_ONCE
    mill = replace(KILN, stage="CR")
    assert told(BOSS, subject=mill, flood="mill")[0].form is Form.AFTER_FLOOD_PERIOD
    nowhere = replace(KILN, stage=None)
    assert told(BOSS, subject=nowhere, flood="mill")[0].form is Form.AFTER_FLOOD_PERIOD


def test_a_flood_that_is_over_by_now_holds_nothing_back() -> None:
    (one,) = told(BOSS, flood="furnaces", now_ns=NOW + 9 * MINUTE_NS)
    assert one.form is Form.AT_ONCE


def test_who_has_quiet_is_told_at_its_end_whatever_else_is() -> None:
    night_ns = at("2026-05-04 23:00")
    boss, log = told(BOSS, LOG, now_ns=night_ns)
    assert (boss.form, boss.due_ns) == (Form.AFTER_QUIET, at("2026-05-05 06:00"))
    assert log.form is Form.TOGETHER


def test_alarms_are_counted_where_they_are_seen_to() -> None:
    floods = counted(SITE.flooding, {}, "GZ", NOW)
    floods = counted(SITE.flooding, floods, None, NOW)
    assert floods == {"furnaces": FloodState((NOW,)), "mill": FloodState((NOW,))}


def test_a_site_that_says_nothing_tells_everybody_at_once() -> None:
    site = to_all({"m": Priority.LOW})
    heard = [Heard("m")]
    assert announcements(site, heard, KILN, now_ns=NOW, floods={}) == (
        Announcement("m", Form.AT_ONCE, NOW),
    )
