"""How the alarm system loads its operators just now, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from service.domain.alarm import AlarmDefinition, Priority, Quiet
from service.domain.alarm_kpi import Acknowledging, AlarmKpis
from service.runtime.views import Measure


def alarm_measures(hour: AlarmKpis | None) -> Iterator[Measure]:
    """Gauges of the last hour; a rate that is not known is no number at all."""
    if hour is None:
        return
    yield _gauge("hour_known", "Share of the last hour in which the service watched", hour.known_h)
    if hour.per_hour is not None:
        yield _gauge(
            "per_operator_hour",
            "Alarms that called one operator in the last hour, by known hour; 6 is good, 12 the "
            "limit of ISA-18.2",
            hour.per_hour,
        )
    yield _gauge(
        "per_operator_10min",
        "Alarms that called one operator in the last ten minutes; more than 10 are too many",
        hour.in_last_period,
    )
    lasting = bool(hour.floods) and hour.floods[-1].end_ns is None
    yield _gauge("flood", "Whether an alarm flood lasts", float(lasting))
    if hour.flood_share is not None:
        yield _gauge("flood_share", "Share of the last hour in flood", hour.flood_share)
    yield _gauge("standing", "Alarms that stand and called somebody", hour.standing)
    yield _gauge("stale", "Alarms that have stood for more than a day", hour.most_stale)
    yield _gauge("chattering", "Alarms that chattered in the last hour", len(hour.chattering))
    yield _gauge(
        "fleeting",
        "How often an alarm of the last hour stood for less than a minute, without chattering",
        hour.fleeting,
    )
    yield from _shares(hour)
    yield from _acknowledging(hour.acknowledging)
    for priority in Priority:
        yield _gauge(
            "calls",
            "Alarms that called an operator in the last hour",
            hour.priorities[priority],
            priority=priority.name.lower(),
        )
    for quiet, count in hour.quiet.items():
        yield _gauge(
            "quiet", "Alarms of the last hour that called nobody", count, reason=str(quiet)
        )


def _shares(hour: AlarmKpis) -> Iterator[Measure]:
    if hour.crowded_share is not None:
        yield _gauge(
            "crowded_share",
            "Share of the ten-minute periods of the last hour in which one operator was called "
            "more than 10 times",
            hour.crowded_share,
        )
    if hour.top_share is not None:
        yield _gauge(
            "top_share",
            "Share of the ten most frequent alarms in the calls of the last hour; 0.05 at most "
            "over a month",
            hour.top_share,
        )
    for priority in Priority:
        share = hour.share_of(priority)
        if share is not None:
            yield _gauge(
                "priority_share",
                "Share of a priority in the calls of the last hour; about 0.80 low, 0.15 medium, "
                "0.05 high, less than 0.01 critical over a month",
                share,
                priority=priority.name.lower(),
            )


def _acknowledging(took: Acknowledging) -> Iterator[Measure]:
    for quantile, seconds in (("0.5", took.median_s), ("0.95", took.p95_s)):
        if seconds is not None:
            yield _gauge(
                "acknowledge_seconds",
                "Time from the call to the acknowledgement, of calls of the last hour that were "
                "acknowledged",
                seconds,
                quantile=quantile,
            )
    yield _gauge("unacknowledged", "Calls of the last hour that nobody acknowledged yet", took.open)


def rule_measures(
    definitions: Iterable[AlarmDefinition], raises: Mapping[tuple[str, Quiet | None], int]
) -> Iterator[Measure]:
    """How often alarms of each rule were raised since the service started, by what became of that:
    told, or why nobody was called. Of a rule in shadow mode what it would have told."""
    shadow = {one.rule: one.handling.shadow for one in definitions}
    for rule in shadow:
        counted = {quiet: count for (of, quiet), count in raises.items() if of == rule}
        counted.setdefault(Quiet.SHADOW if shadow[rule] else None, 0)
        for quiet, count in counted.items():
            yield Measure(
                "anodewatch_rule_raises",
                "Alarms of a rule that were raised: told, or why nobody was called",
                count,
                labels={"rule": rule, "outcome": "told" if quiet is None else str(quiet)},
            )


def _gauge(name: str, help_: str, value: float, **labels: str) -> Measure:
    return Measure(f"anodewatch_alarms_{name}", help_, value, counter=False, labels=labels)
