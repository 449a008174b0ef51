"""What ISA-18.2-2016 and IEC 62682:2014 (both clause 16) ask of an alarm system, and how far
indicators meet it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.domain.alarm import Priority
from service.domain.alarm_kpi import AlarmKpis


class Indicator(StrEnum):
    """An indicator that has a target."""

    PER_HOUR = "per_hour"
    MOST_IN_PERIOD = "most_in_period"
    CROWDED_SHARE = "crowded_share"
    FLOOD_SHARE = "flood_share"
    TOP_SHARE = "top_share"
    CHATTERING = "chattering"
    FLEETING = "fleeting"
    MOST_STALE = "most_stale"
    CRITICAL_SHARE = "critical_share"
    HIGH_SHARE = "high_share"
    MEDIUM_SHARE = "medium_share"


class Level(StrEnum):
    """How far an indicator meets its target."""

    GOOD = "good"
    TOLERABLE = "tolerable"
    BAD = "bad"
    UNJUDGED = "unjudged"
    """Too little is known, or too few alarms came, to judge."""


@dataclass(frozen=True, slots=True)
class Target:
    """good: an indicator up to this is good. limit: up to this it is tolerable."""

    good: float
    limit: float


TARGETS = {
    Indicator.PER_HOUR: Target(6.0, 12.0),
    Indicator.MOST_IN_PERIOD: Target(10.0, 10.0),
    Indicator.CROWDED_SHARE: Target(0.01, 0.01),
    Indicator.FLOOD_SHARE: Target(0.01, 0.01),
    Indicator.TOP_SHARE: Target(0.01, 0.05),
    Indicator.CHATTERING: Target(0.0, 0.0),
    Indicator.FLEETING: Target(0.0, 0.0),
    Indicator.MOST_STALE: Target(4.0, 4.0),
    Indicator.CRITICAL_SHARE: Target(0.01, 0.02),
    Indicator.HIGH_SHARE: Target(0.05, 0.10),
    Indicator.MEDIUM_SHARE: Target(0.15, 0.30),
}
"""About 6 alarms an hour and operator are very likely acceptable, about 12 the most that can be
managed; at most 10 in ten minutes; less than 1 % of time in flood; the ten most frequent 1 to 5 %
of all; no chattering and no fleeting ones; fewer than 5 stale; about 80 % low, 15 % medium, 5 %
high, less than 1 % critical. The standards say "about" of the mix: twice that is tolerable here."""
MIX = {
    Indicator.CRITICAL_SHARE: Priority.CRITICAL,
    Indicator.HIGH_SHARE: Priority.HIGH,
    Indicator.MEDIUM_SHARE: Priority.MEDIUM,
}
ENOUGH_CALLS = 200
"""With fewer, ten alarms that come once each are more than 5 % of all, and one critical alarm may
be more than 1 %: shares of calls say nothing yet."""


def figure(kpis: AlarmKpis, indicator: Indicator) -> float | None:
    """The value of ``indicator``; None where too little is known."""
    if indicator in MIX:
        return kpis.share_of(MIX[indicator])
    if indicator is Indicator.CHATTERING:
        return float(len(kpis.chattering))
    found = getattr(kpis, indicator)
    return None if found is None else float(found)


def level(kpis: AlarmKpis, indicator: Indicator) -> Level:
    """How far ``kpis`` meet the target of ``indicator``."""
    value = figure(kpis, indicator)
    of_calls = indicator in MIX or indicator is Indicator.TOP_SHARE
    # That nothing was seen while nobody watched is no merit.
    if value is None or kpis.per_hour is None or (of_calls and kpis.calls < ENOUGH_CALLS):
        return Level.UNJUDGED
    target = TARGETS[indicator]
    if value <= target.good:
        return Level.GOOD
    return Level.TOLERABLE if value <= target.limit else Level.BAD
