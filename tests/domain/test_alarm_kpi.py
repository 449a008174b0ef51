"""Alarm system indicators: a month counted by hand, and single cases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from service.domain.alarm import Priority, Quiet, TransitionKind
from service.domain.alarm_kpi import AlarmKpis, alarm_kpis
from service.domain.alarm_steps import StepRow, steps_of
from service.domain.alarm_targets import Indicator, Level, figure, level
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

MONTH_NS = 30 * DAY_NS
FROM_NS = 20_000 * DAY_NS
TO_NS = FROM_NS + MONTH_NS

# days: of the month, from 0. repeats: 4x20s is four times, 20 s apart; {n}: of another alarm.
# stands, seen: how long it stands, and after how long the first one of the day is acknowledged.
HAPPENED = """
days          at        repeats      alarm          priority  stands  seen   quiet
0-9,11-29     03:00:00  -            mill-vibration low       30min   60s    -
0,5,15,20,25  06:00:00  -            kiln-zone      medium    2h      120s   -
1,2           09:00:00  -            oxygen         high      10min   30s    -
3             12:00:00  -            oxidiser-trip  critical  5h      10s    -
7             14:00:00  20x20s       flood-{n}      low       1h      600s   -
12            10:00:00  4x20s        level-switch   low       5s      300s   -
14            16:00:00  -            door           low       10s     40s    -
16            00:00:00  -            filter         low       60h     3600s  -
17            06:00:00  -            bearing        low       ever    never  -
-3            12:00:00  -            old-leak       low       72h     60s    -
20,21,22      11:00:00  -            shelved-one    high      10min   never  shelved
4             05:00:00  2x60s        on-trial-{n}   high      10min   never  shadow
8             05:00:00  5x1s         child-{n}      critical  10min   never  inhibited
9             05:00:00  -            stopped-kiln   low       10min   never  suppressed
"""
DOWN = (FROM_NS + 10 * DAY_NS, FROM_NS + 10 * DAY_NS + 12 * HOUR_NS)
"""The service did not run in the first half of day 10."""

# Counted by hand from the list above, with a pocket calculator.
COUNTED = """
known hours                      30 x 24 - 12                                  708
calls                            29 + 5 + 2 + 1 + 20 + 4 + 1 + 1 + 1           64
calls per hour                   64 / 708                                      0.0903955
most in ten minutes              all 20 of day 7, from 14:00                   20
crowded periods                  1 of 708 x 6                                  0.000235405
flood                            11th of 20 at 14:03:20, and over when the
                                 16th, of 14:05:00, is ten minutes old         700 s
share of time in flood           700 / (708 x 3600)                            0.000274639
top ten                          29 + 5 + 4 + 2 + six that came once           46
share of the top ten             46 / 64                                       0.71875
chattering                       level-switch: 3 within 40 s                   1
fleeting                         door; level-switch chatters                   1
stale                            old-leak (from before), filter, bearing       3
stale at one moment              filter and bearing on day 18, 06:00 to 12:00  2
critical                         oxidiser-trip                                 1
high                             oxygen                                        2
medium                           kiln-zone                                     5
low                              29 + 20 + 4 + 1 + 1 + 1                       56
acknowledged                     29 + 5 + 2 + 1 + 20 + 1 + 1 + 1               60
not acknowledged                 bearing                                       1
median to acknowledge, s         the 30th: 10, 30, 30, 40, then 29 x 60        60
95 % to acknowledge, s           the 57th: 39 below 600, then 20 x 600         600
standing at the end              bearing                                       1
quiet, shelved                                                                 3
quiet, on trial                                                                2
quiet, inhibited                                                               5
quiet, suppressed                                                              1
"""


def counted(what: str) -> float:
    """The figure at the end of the paragraph that begins with ``what``."""
    found = re.search(
        rf"^{re.escape(what)}  .*?(?:\n {{20}}.*?)*?  ([0-9.]+)(?: s)?$", COUNTED, re.MULTILINE
    )
    assert found is not None, what
    return float(found[1])


def seconds(text: str) -> int | None:
    if text in ("ever", "never"):
        return None
    number, unit = re.fullmatch(r"(\d+)(s|min|h)", text).groups()  # type: ignore[union-attr]  # our own table
    return int(number) * {"s": 1, "min": 60, "h": 3600}[unit]


def days_of(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.rpartition("-") if not part.startswith("-") else ("", "", part)
        yield from range(int(first or last), int(last) + 1)


def rows_of(text: str) -> list[StepRow]:
    """The steps of what ``text`` says happened, in order."""
    rows: list[StepRow] = []
    for line in text.strip().splitlines()[1:]:
        days, at, repeats, name, priority, stands, seen, quiet = line.split()
        hour, minute, second = map(int, at.split(":"))
        number, step = (1, 0)
        if repeats != "-":
            times, each = repeats.split("x")
            number, step = int(times), seconds(each) or 0
        for day in days_of(days):
            begin = day * 86_400 + hour * 3_600 + minute * 60 + second
            for n in range(number):
                alarm = name.format(n=f"{n:02d}")
                own = alarm != name or number == 1  # repeats of one alarm are one occurrence
                first = begin + n * step if own else begin
                seen_s = seconds(seen) if own or n == 0 else None
                why = None if quiet == "-" else quiet
                add(rows, alarm, f"{alarm} {first}", priority, begin + n * step, seconds(stands),
                    seen_s, why)  # fmt: skip
    return sorted(rows, key=lambda row: row[1])


def add(
    rows: list[StepRow], name: str, occurrence: str, priority: str, at_s: int,
    stands_s: int | None, seen_s: int | None, quiet: str | None,
) -> None:  # fmt: skip
    for kind, after in (
        (TransitionKind.RAISED, 0),
        (TransitionKind.RETURNED, stands_s),
        (TransitionKind.ACKNOWLEDGED, seen_s),
    ):
        if after is not None:
            at_ns = FROM_NS + (at_s + after) * SECOND_NS
            why = None if quiet is None else Quiet(quiet)
            rows.append((name, at_ns, occurrence, kind, why, Priority[priority.upper()]))


def month(operators: int = 1) -> AlarmKpis:
    known = [(FROM_NS - 10 * DAY_NS, DOWN[0]), (DOWN[1], TO_NS + DAY_NS)]
    return alarm_kpis(steps_of(rows_of(HAPPENED)), known, FROM_NS, TO_NS, operators=operators)


def test_a_month_is_what_was_counted_by_hand() -> None:
    found = month()
    (flood,) = found.floods
    begin = FROM_NS + 7 * DAY_NS + (14 * 3_600 + 200) * SECOND_NS
    assert (flood.start_ns, flood.alarms) == (begin, 20)
    figures = {
        "known hours": found.known_h,
        "calls": found.calls,
        "calls per hour": found.per_hour,
        "most in ten minutes": found.most_in_period,
        "crowded periods": found.crowded_share,
        "flood": ((flood.end_ns or 0) - flood.start_ns) / SECOND_NS,
        "share of time in flood": found.flood_share,
        "top ten": sum(one.calls for one in found.top),
        "share of the top ten": found.top_share,
        "chattering": len(found.chattering),
        "fleeting": found.fleeting,
        "stale": len(found.stale),
        "stale at one moment": found.most_stale,
        "critical": found.priorities[Priority.CRITICAL],
        "high": found.priorities[Priority.HIGH],
        "medium": found.priorities[Priority.MEDIUM],
        "low": found.priorities[Priority.LOW],
        "acknowledged": found.acknowledging.acknowledged,
        "not acknowledged": found.acknowledging.open,
        "median to acknowledge, s": found.acknowledging.median_s,
        "95 % to acknowledge, s": found.acknowledging.p95_s,
        "standing at the end": found.standing,
        "quiet, shelved": found.quiet[Quiet.SHELVED],
        "quiet, on trial": found.quiet[Quiet.SHADOW],
        "quiet, inhibited": found.quiet[Quiet.INHIBITED],
        "quiet, suppressed": found.quiet[Quiet.SUPPRESSED],
    }
    assert figures == {what: pytest.approx(counted(what), rel=1e-5) for what in figures}
    assert len(figures) == len(re.findall(r"^\S", COUNTED, re.MULTILINE))
    assert set(found.quiet) == {Quiet.SHELVED, Quiet.SHADOW, Quiet.INHIBITED, Quiet.SUPPRESSED}
    assert [(one.definition, one.calls) for one in found.top[:4]] == [
        ("mill-vibration", 29), ("kiln-zone", 5), ("level-switch", 4), ("oxygen", 2),
    ]  # fmt: skip
    assert found.chattering == ("level-switch",)
    assert set(found.stale) == {"old-leak", "filter", "bearing"}


def test_two_operators_share_the_load() -> None:
    one, two = month(), month(2)
    assert two.per_hour == pytest.approx((one.per_hour or 0) / 2)
    assert two.most_in_period == 10.0
    assert two.crowded_share == 0.0
    assert two.floods == ()  # 20 alarms in ten minutes are ten for each


def test_what_is_not_known_is_not_calm() -> None:
    steps = steps_of(rows_of(HAPPENED))
    found = alarm_kpis(steps, [], FROM_NS, TO_NS)
    assert (found.known_h, found.calls) == (0.0, 64)
    assert (found.per_hour, found.crowded_share, found.flood_share) == (None, None, None)
    assert {level(found, indicator) for indicator in Indicator} == {Level.UNJUDGED}
    half = alarm_kpis(steps, [(FROM_NS, FROM_NS + MONTH_NS // 2)], FROM_NS, TO_NS)
    # Of days 0 to 14: 14 of the mill, 2 kiln zones, 2 oxygen, 1 trip, 20 + 4 + 1 at once.
    assert half.per_hour == pytest.approx(44 / 360)
    assert half.calls == 64


@pytest.mark.parametrize(
    ("indicator", "value", "expected"),
    [
        (Indicator.PER_HOUR, 6.0, Level.GOOD),
        (Indicator.PER_HOUR, 6.01, Level.TOLERABLE),
        (Indicator.PER_HOUR, 12.0, Level.TOLERABLE),
        (Indicator.PER_HOUR, 12.01, Level.BAD),
        (Indicator.MOST_IN_PERIOD, 10.0, Level.GOOD),
        (Indicator.MOST_IN_PERIOD, 10.5, Level.BAD),
        (Indicator.FLOOD_SHARE, 0.02, Level.BAD),
        (Indicator.FLEETING, 0, Level.GOOD),
        (Indicator.FLEETING, 1, Level.BAD),
        (Indicator.MOST_STALE, 4, Level.GOOD),
        (Indicator.MOST_STALE, 5, Level.BAD),
        (Indicator.TOP_SHARE, 0.03, Level.TOLERABLE),
        (Indicator.TOP_SHARE, 0.72, Level.BAD),
    ],
)
def test_levels(indicator: Indicator, value: float, expected: Level) -> None:
    found = replace(month(), calls=1_000, **{str(indicator): value})
    assert figure(found, indicator) == value
    assert level(found, indicator) is expected


def test_the_mix_is_judged_once_there_are_enough_calls() -> None:
    mix = dict(zip(Priority, (2, 50, 150, 798), strict=True))
    many = replace(month(), calls=1_000, priorities=mix)
    assert [level(many, one) for one in (Indicator.CRITICAL_SHARE, Indicator.HIGH_SHARE,
        Indicator.MEDIUM_SHARE)] == [Level.GOOD] * 3  # fmt: skip
    assert level(month(), Indicator.CRITICAL_SHARE) is Level.UNJUDGED
    assert level(month(), Indicator.TOP_SHARE) is Level.UNJUDGED


def test_called_later_counts_from_the_call() -> None:
    """An alarm that was raised while shelved, and called when the shelf ended."""
    at = [FROM_NS + n * MINUTE_NS for n in range(5)]
    rows: list[StepRow] = [
        ("a", at[0], None, TransitionKind.SHELVED, None, None),
        ("a", at[1], "a1", TransitionKind.RAISED, Quiet.SHELVED, Priority.LOW),
        ("a", at[2], None, TransitionKind.UNSHELVED, None, None),
        ("a", at[3], "a1", TransitionKind.RERAISED, None, Priority.LOW),
        ("a", at[4], "a1", TransitionKind.ACKNOWLEDGED, None, Priority.LOW),
    ]
    found = alarm_kpis(steps_of(rows), [(FROM_NS, TO_NS)], FROM_NS, FROM_NS + HOUR_NS)
    assert (found.calls, found.quiet, found.shelved) == (1, {Quiet.SHELVED: 1}, 1)
    assert (found.standing, found.acknowledging.median_s) == (1, 60.0)


@pytest.mark.parametrize(
    ("took", "median", "p95"),
    [
        ([], None, None),
        ([7], 7.0, 7.0),
        ([9, 5], 5.0, 9.0),
        ([1, 2, 3], 2.0, 3.0),
        (range(1, 21), 10.0, 19.0),
        (range(1, 22), 11.0, 20.0),
    ],
)
def test_nearest_rank(took: Sequence[int], median: float | None, p95: float | None) -> None:
    rows: list[StepRow] = []
    for n, seconds_ in enumerate(took):
        add(rows, f"a{n}", f"a{n}", "low", n, None, seconds_, None)
    rows.sort(key=lambda row: row[1])
    found = alarm_kpis(steps_of(rows), [(FROM_NS, TO_NS)], FROM_NS, TO_NS).acknowledging
    assert (found.acknowledged, found.median_s, found.p95_s) == (len(took), median, p95)


def test_a_raise_ends_the_stretch_before_it() -> None:
    """The return between two raises of one occurrence is not known: it stands once, not twice."""
    rows: list[StepRow] = []
    for at_s, stands_s in ((0, None), (30, 90), (7_200, None)):
        add(rows, "a", "a1", "low", at_s, stands_s, None, None)
    end_ns = FROM_NS + 3 * DAY_NS
    found = alarm_kpis(steps_of(rows), [(FROM_NS, end_ns)], FROM_NS, end_ns)
    assert (found.calls, found.standing, found.most_stale, found.fleeting) == (3, 1, 1, 1)
