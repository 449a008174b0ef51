"""Whether the service can do its work, and its counters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from service.app.core import FAR_BEHIND, Core
from service.app.views.alarm_load import alarm_measures, rule_measures
from service.app.views.deliveries import delivery_measures
from service.runtime.heartbeat import Heartbeat, Pulse
from service.runtime.ingest import SourceState
from service.runtime.views import Measure
from service.runtime.watch_deliveries import trouble


class CoreReadiness:
    """Implements ``service.runtime.views.Readiness``."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def __call__(self) -> Sequence[str]:
        """What is missing, one reason each."""
        reasons = []
        if self._core.journal.held is not None:
            reasons.append(f"journal: {self._core.journal.held}")
        if self._core.historian.error is not None:
            reasons.append(f"history: {self._core.historian.error}")
        for consumer, position in self._core.cursors().items():
            behind = self._core.journal.last - position
            if behind > FAR_BEHIND:
                reasons.append(f"{consumer}: {behind} journal entries behind")
        return reasons

    def degraded(self) -> Sequence[str]:
        """Destinations that are down or gone, and dead letters."""
        reasons = []
        for name, courier in self._core.couriers.items():
            wrong = trouble(courier)
            if wrong is not None:
                reasons.append(f"destination {name}: {wrong}")
        return reasons


class CoreMeasures:
    """Implements ``service.runtime.views.Measures``."""

    def __init__(self, core: Core, heartbeat: Heartbeat | None) -> None:
        self._core = core
        self._heartbeat = heartbeat

    def __call__(self) -> Sequence[Measure]:
        """Every number as it stands now."""
        return list(self._all())

    def _all(self) -> Iterator[Measure]:
        core = self._core
        yield from _counters("journal", "Journal", core.journal.counters)
        yield from _counters("history", "History rows", core.historian.counters)
        yield from _counters("accounting", "Accounting", core.accounting.counters)
        yield Measure(
            "anodewatch_alarm_transitions", "Alarm transitions", core.watch.transitions.value
        )
        for flood in core.floods():
            yield Measure(
                "anodewatch_alarm_flood",
                "Whether an alarm flood lasts at an operator position",
                float(flood.since_ns is not None),
                counter=False,
                labels={"position": flood.position},
            )
            yield Measure(
                "anodewatch_alarm_flood_alarms",
                "Announced alarms in the flood that lasts, 0 without one",
                flood.alarms,
                counter=False,
                labels={"position": flood.position},
            )
        if self._heartbeat is not None:
            beat = self._heartbeat.last
            yield Measure("anodewatch_heartbeats_sent", "Heartbeats that were taken", beat.sent)
            yield Measure(
                "anodewatch_heartbeat_beats",
                "Whether the last heartbeat was sent and taken",
                float(beat.pulse is Pulse.SENT),
                counter=False,
            )
        yield from alarm_measures(core.alarm_figures.hour)
        yield from delivery_measures(core.couriers, core.clock.now_ns())
        yield from rule_measures(core.definitions.all().values(), core.silencing.raises)
        for consumer, position in core.cursors().items():
            yield Measure(
                "anodewatch_journal_behind_entries",
                "Journal entries that a consumer has not dealt with",
                core.journal.last - position,
                counter=False,
                labels={"consumer": consumer},
            )
        for status in core.statuses.values():
            yield Measure(
                "anodewatch_source_connected",
                "Whether a source is connected",
                float(status.state is SourceState.CONNECTED),
                counter=False,
                labels={"source": status.name},
            )
            for reason, count in status.report.counters.items():
                yield Measure(
                    "anodewatch_source_events",
                    "What a source counted since it was last opened, by reason",
                    count,
                    counter=False,
                    labels={"source": status.name, "reason": reason},
                )


def _counters(prefix: str, what: str, counts: Mapping[str, int]) -> Iterator[Measure]:
    for name, value in counts.items():
        yield Measure(f"anodewatch_{prefix}_{name}", f"{what}: {name}", value)
