"""Alarm system indicators after ISA-18.2-2016 and IEC 62682:2014, both clause 16 (monitoring and
assessment), whose targets are for one operator position.

Only what called an operator is load: quiet transitions are counted apart. Time in which the service
did not watch is unknown, not calm: rates and shares are over the known time, which is stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.alarm import Priority, Quiet, TransitionKind
from service.domain.alarm_steps import (
    NEVER_NS,
    QUIETS,
    AlarmSteps,
    Answers,
    Stands,
    answers_of,
    stands_of,
    taken,
)
from service.domain.arrays import Bools, Int64s
from service.domain.flood import Flood, FloodLimits, floods
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

PERIOD_NS = 10 * MINUTE_NS
MOST_IN_PERIOD = 10
"""Alarms for one operator in ten minutes; more are too many."""
LOOK_BACK_NS = DAY_NS
"""So much of the time before is needed to know what goes on at the begin: floods, stale alarms."""
TOP = 10
CHATTERS = 3
CHATTER_NS = MINUTE_NS
"""Raised so often within so long, an alarm chatters (the standards' example)."""
FLEETING_NS = MINUTE_NS
"""An alarm that stood for less, and does not chatter, is fleeting: the standards say "short", the
minute is ours."""
STALE_NS = DAY_NS
LEAST_KNOWN_NS = PERIOD_NS
"""Rates over less known time would say nothing."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Frequent:
    """An alarm, how often it called, and its share of all calls."""

    definition: str
    calls: int
    share: float


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """How long it took from the first call about an occurrence to the first acknowledgement.

    median_s, p95_s: nearest rank over those that were acknowledged; None when none was. open: those
    that nobody acknowledged by the end.
    """

    acknowledged: int
    open: int
    median_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class AlarmKpis:
    """Indicators of [start_ns, end_ns) for ``operators`` who share the alarms evenly.

    known_h: hours in which the service watched. calls: alarms that called an operator. quiet:
    raises that called nobody, by reason. per_hour: calls in known time, for one operator and hour.
    most_in_period, in_last_period: calls for one operator in ten minutes, at most and at the end.
    crowded_share: of the wholly known ten-minute periods, counted from start_ns, those with more
    than ten. floods: cut to the
    range. flood_share: of known time. top: the ten most frequent, top_share: of all calls.
    chattering: the definitions that chattered. fleeting: how often an alarm was fleeting. stale:
    the definitions that had stood for more than a day, most_stale: at one moment. standing: at the
    end. shelved, suppressed, out_of_service: how often an alarm was put aside so. None where too
    little is known.
    """

    start_ns: int
    end_ns: int
    operators: int
    known_h: float
    calls: int
    quiet: Mapping[Quiet, int]
    per_hour: float | None
    most_in_period: float
    in_last_period: float
    crowded_share: float | None
    floods: tuple[Flood, ...]
    flood_share: float | None
    top: tuple[Frequent, ...]
    top_share: float | None
    chattering: tuple[str, ...]
    fleeting: int
    stale: tuple[str, ...]
    most_stale: int
    priorities: Mapping[Priority, int]
    acknowledging: Acknowledging
    standing: int
    shelved: int
    suppressed: int
    out_of_service: int

    @property
    def per_period(self) -> float | None:
        """Calls for one operator in ten minutes on average."""
        return None if self.per_hour is None else self.per_hour * PERIOD_NS / HOUR_NS

    def share_of(self, priority: Priority) -> float | None:
        """The share of ``priority`` in all calls; None without calls."""
        return self.priorities[priority] / self.calls if self.calls else None


def alarm_kpis(
    steps: AlarmSteps,
    known: Sequence[Span],
    start_ns: int,
    end_ns: int,
    *,
    operators: int = 1,
) -> AlarmKpis:
    """The indicators of [start_ns, end_ns).

    steps: all of LOOK_BACK_NS before the begin up to the end, and those of alarms that stood then.
    known: when the service watched, disjoint and in order; the rest of the range is unknown.
    """
    steps = taken(steps, slice(int(np.searchsorted(steps.at_ns, end_ns, "left"))))
    known = _clipped(known, start_ns, end_ns)
    known_ns = sum(b - a for a, b in known)
    enough = known_ns >= LEAST_KNOWN_NS
    inside = np.asarray(steps.at_ns >= start_ns)
    calls = inside & steps.calls
    n_calls, seen = int(calls.sum()), _within(steps.at_ns[calls], known)
    stands, answers = stands_of(steps), answers_of(steps)
    most, crowded = _periods(steps.at_ns[calls], known, start_ns, end_ns, operators)
    flooded = _floods(steps.at_ns[steps.calls], start_ns, end_ns, operators)
    flood_ns = sum(_overlap(known, flood.start_ns, flood.end_ns or end_ns) for flood in flooded)
    top = _top(steps, calls)
    chattering = _chattering(stands, start_ns)
    stale, most_stale = _stale(stands, start_ns, end_ns)
    return AlarmKpis(
        start_ns=start_ns,
        end_ns=end_ns,
        operators=operators,
        known_h=known_ns / HOUR_NS,
        calls=n_calls,
        quiet=_quiet(stands, start_ns),
        per_hour=seen / operators / (known_ns / HOUR_NS) if enough else None,
        most_in_period=most / operators,
        in_last_period=int((steps.at_ns[calls] >= end_ns - PERIOD_NS).sum()) / operators,
        crowded_share=crowded,
        floods=flooded,
        flood_share=flood_ns / known_ns if enough else None,
        top=top,
        top_share=sum(one.calls for one in top) / n_calls if n_calls else None,
        chattering=tuple(steps.definitions[one] for one in np.flatnonzero(chattering)),
        fleeting=_fleeting(stands, chattering, start_ns),
        stale=tuple(steps.definitions[one] for one in stale),
        most_stale=most_stale,
        priorities={
            priority: int((steps.priority[calls] == priority).sum()) for priority in Priority
        },
        acknowledging=_acknowledging(answers, start_ns),
        standing=int(((stands.returned_ns == NEVER_NS) & (stands.called_ns != NEVER_NS)).sum()),
        shelved=int((inside & steps.of_kind(TransitionKind.SHELVED)).sum()),
        suppressed=int((inside & steps.of_kind(TransitionKind.SUPPRESSED)).sum()),
        out_of_service=int((inside & steps.of_kind(TransitionKind.OUT_OF_SERVICE)).sum()),
    )


def _clipped(spans: Sequence[Span], start_ns: int, end_ns: int) -> list[Span]:
    """The parts of ``spans`` within [start_ns, end_ns)."""
    cut = [(max(a, start_ns), min(b, end_ns)) for a, b in spans]
    return [(a, b) for a, b in cut if a < b]


def _within(times_ns: Int64s, spans: Sequence[Span]) -> int:
    """How many of ``times_ns``, ascending, lie in ``spans``."""
    edges = np.searchsorted(times_ns, np.array(spans, np.int64).reshape(-1, 2), "left")
    return int((edges[:, 1] - edges[:, 0]).sum())


def _overlap(spans: Sequence[Span], start_ns: int, end_ns: int) -> int:
    return sum(b - a for a, b in _clipped(spans, start_ns, end_ns))


def _periods(
    calls_ns: Int64s, known: Sequence[Span], start_ns: int, end_ns: int, operators: int
) -> tuple[int, float | None]:
    """The most calls in one ten-minute period, and the share of known periods with too many."""
    n = max(-(-(end_ns - start_ns) // PERIOD_NS), 1)
    counts = np.bincount((calls_ns - start_ns) // PERIOD_NS, minlength=n)
    wholly = np.zeros(n, np.bool_)
    for a, b in known:
        first, last = -(-(a - start_ns) // PERIOD_NS), (b - start_ns) // PERIOD_NS
        wholly[first : max(last, first)] = True
    n_known = int(wholly.sum())
    crowded = int((counts[wholly] > MOST_IN_PERIOD * operators).sum())
    return int(counts.max()), crowded / n_known if n_known else None


def _floods(calls_ns: Int64s, start_ns: int, end_ns: int, operators: int) -> tuple[Flood, ...]:
    """The floods of the range, cut to it."""
    usual = FloodLimits()
    limits = FloodLimits(usual.begins_above * operators, usual.ends_below * operators)
    found = floods(calls_ns.tolist(), limits, until_ns=end_ns)
    return tuple(
        Flood(max(one.start_ns, start_ns), one.end_ns, one.alarms)
        for one in found
        if one.end_ns is None or one.end_ns > start_ns
    )


def _top(steps: AlarmSteps, calls: Bools) -> tuple[Frequent, ...]:
    called, counts = np.unique(steps.definition[calls], return_counts=True)
    n = int(counts.sum())
    named = (
        (steps.definitions[at], count) for at, count in zip(called, counts.tolist(), strict=True)
    )
    most = sorted(named, key=lambda one: (-one[1], one[0]))[:TOP]
    return tuple(Frequent(definition, count, count / n) for definition, count in most)


def _quiet(stands: Stands, start_ns: int) -> dict[Quiet, int]:
    counts = np.bincount(stands.quiet[stands.at_ns >= start_ns], minlength=len(QUIETS))
    return {
        quiet: int(counts[at])
        for at, quiet in enumerate(QUIETS)
        if quiet is not None and counts[at]
    }


def _chattering(stands: Stands, start_ns: int) -> Bools:
    """Which definitions were raised CHATTERS times within CHATTER_NS, the last of them in the
    range; what was damped for that very reason counts as well. By number of the definition."""
    heard = np.isin(stands.quiet, [0, QUIETS.index(Quiet.CHATTERING)])
    found = np.zeros(int(stands.definition.max(initial=-1)) + 1, np.bool_)
    order = np.flatnonzero(heard)
    order = order[np.argsort(stands.definition[order], kind="stable")]
    at_ns, definition = stands.at_ns[order], stands.definition[order]
    first, last = slice(None, 1 - CHATTERS), slice(CHATTERS - 1, None)
    hit = (
        (definition[first] == definition[last])
        & (at_ns[last] - at_ns[first] < CHATTER_NS)
        & (at_ns[last] >= start_ns)
    )
    found[definition[last][hit]] = True
    return found


def _fleeting(stands: Stands, chattering: Bools, start_ns: int) -> int:
    short = (stands.returned_ns != NEVER_NS) & (stands.returned_ns - stands.at_ns < FLEETING_NS)
    called = (stands.called_ns != NEVER_NS) & (stands.at_ns >= start_ns)
    return int((short & called & ~chattering[stands.definition]).sum())


def _stale(stands: Stands, start_ns: int, end_ns: int) -> tuple[list[int], int]:
    """The definitions of what had stood for more than a day at some moment of the range, and how
    many at one moment."""
    since_ns = stands.at_ns + STALE_NS
    until_ns = np.minimum(stands.returned_ns, end_ns)
    stale = (stands.called_ns != NEVER_NS) & (since_ns < until_ns) & (until_ns > start_ns)
    begins = np.sort(np.maximum(since_ns[stale], start_ns))
    ends = np.sort(until_ns[stale])
    at_once = np.arange(1, len(begins) + 1) - np.searchsorted(ends, begins, "right")
    return sorted(set(stands.definition[stale].tolist())), int(at_once.max(initial=0))


def _acknowledging(answers: Answers, start_ns: int) -> Acknowledging:
    mine = answers.called_ns >= start_ns
    seen = answers.acknowledged_ns[mine] != NEVER_NS
    took = np.sort((answers.acknowledged_ns - answers.called_ns)[mine][seen])

    def rank(share: float) -> float | None:
        """Nearest rank: the least that so many did not exceed."""
        at = max(int(np.ceil(share * len(took))), 1) - 1
        return int(took[at]) / SECOND_NS if len(took) else None

    return Acknowledging(len(took), int((~seen).sum()), rank(0.5), rank(0.95))
