"""Destinations in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.domain.circuit import CircuitState, shown
from service.domain.instants import SECOND_NS
from service.runtime.courier import Courier
from service.runtime.views import Measure


def delivery_measures(couriers: Mapping[str, Courier], now_ns: int) -> Iterator[Measure]:
    """What Prometheus is told of each destination."""
    for name, courier in couriers.items():
        labels = {"destination": name}
        waiting, state = courier.waiting, shown(courier.circuit, now_ns)
        for each in CircuitState:
            yield Measure(
                "anodewatch_destination_state", "1 for the state of a destination's circuit",
                float(each is state), counter=False, labels={**labels, "state": str(each)},
            )  # fmt: skip
        since_ns = courier.circuit.since_ns
        oldest_ns = waiting.oldest_ns
        for measure, words, value in (
            (
                "anodewatch_destination_failing_seconds",
                "Since when a destination has failed; 0 while it works",
                0.0 if since_ns is None else (now_ns - since_ns) / SECOND_NS,
            ),
            ("anodewatch_notices_pending", "Notices in a destination's queue", waiting.pending),
            ("anodewatch_notices_dead", "Dead letters of a destination", waiting.dead),
            (
                "anodewatch_notices_oldest_seconds",
                "Age of the oldest notice in a destination's queue; 0 without one",
                0.0 if oldest_ns is None else max(0, now_ns - oldest_ns) / SECOND_NS,
            ),
        ):
            yield Measure(measure, words, value, counter=False, labels=labels)
        for outcome, count in courier.counters.items():
            yield Measure(
                "anodewatch_delivery_attempts", "Attempts to hand over a message, by outcome",
                count, labels={**labels, "outcome": str(outcome)},
            )  # fmt: skip
