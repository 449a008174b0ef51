"""What a backtest found, for each alarm and for all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.alarm import AlarmDefinition
from service.domain.arrays import Int64s
from service.domain.backtest.labels import Alert, Found, Verdict
from service.domain.instants import DAY_NS, MINUTE_NS

MONTH_NS = DAY_NS * 365.25 / 12
FLOOD_ALARMS = 10
FLOOD_NS = 10 * MINUTE_NS
"""More alarms than an operator can act on (ISA-18.2, clause 16.5): over ten in ten minutes."""

Spans = Int64s
"""[start_ns, end_ns) of each row, shape (n, 2)."""


@dataclass(frozen=True, slots=True)
class AlarmOutcome:
    """One alarm: a rule on a stage.

    unlabelled: alerts that match no label; None without labels. unknown: when the rule could not
    judge. verdicts: on the labels of its stage.
    """

    definition: AlarmDefinition
    alerts: Sequence[Alert]
    standing: Spans
    unknown: Spans
    unlabelled: int | None
    verdicts: Sequence[Verdict]

    @property
    def standing_ns(self) -> int:
        """How long it stood."""
        return total_ns(self.standing)

    @property
    def unknown_ns(self) -> int:
        """How long it could not judge."""
        return total_ns(self.unknown)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A set of rules over [start_ns, end_ns).

    verdicts: on every label, by whichever alarm was first; empty without labels.
    flood_minutes: minutes in whose last ten more than ten alarms were raised.
    left_out: alarms on values, quality, communication and forecasts, which production can't
    replay.
    """

    name: str
    start_ns: int
    end_ns: int
    alarms: Sequence[AlarmOutcome]
    verdicts: Sequence[Verdict]
    flood_minutes: int
    left_out: int

    @property
    def alerts(self) -> int:
        """Of all alarms."""
        return sum(len(alarm.alerts) for alarm in self.alarms)

    def per_month(self, alerts: int) -> float:
        """So many alerts as a rate over the range, in months of 30.4 days."""
        return alerts * MONTH_NS / (self.end_ns - self.start_ns)


@dataclass(frozen=True, slots=True)
class Hits:
    """Verdicts in numbers; delays in seconds, None when nothing was caught."""

    caught: int
    standing: int
    missed: int
    median_s: float | None
    p95_s: float | None


def hits(verdicts: Sequence[Verdict]) -> Hits:
    """How many labels were caught, and how soon."""
    counts = {found: sum(v.found is found for v in verdicts) for found in Found}
    delays = [v.delay_ns / 1e9 for v in verdicts if v.delay_ns is not None]
    return Hits(
        counts[Found.CAUGHT],
        counts[Found.STANDING],
        counts[Found.MISSED],
        float(np.median(delays)) if delays else None,
        float(np.percentile(delays, 95)) if delays else None,
    )


def flood_minutes(raised_ns: Sequence[int], end_ns: Int64s) -> int:
    """Minutes, by their ends, in whose last ten minutes more than ten alarms were raised."""
    raised = np.sort(np.array(raised_ns, np.int64))
    until = np.searchsorted(raised, end_ns, "right")
    before = np.searchsorted(raised, end_ns - FLOOD_NS, "right")
    return int((until - before > FLOOD_ALARMS).sum())


def total_ns(spans: Spans) -> int:
    """Their length together."""
    return int((spans[:, 1] - spans[:, 0]).sum())
