"""How the alarm system loads its operators just now, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from service.domain.alarm import AlarmDefinition, Priority, Quiet
from service.domain.alarm_kpi import AlarmKpis
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
