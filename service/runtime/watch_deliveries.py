"""Rules on the destinations of alarms, in processing time: whoever should be told is not told."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from service.domain.alarm import Input
from service.domain.circuit import CircuitState
from service.domain.definitions import Definitions
from service.runtime.alarms import AlarmStates
from service.runtime.courier import Courier


class DeliveryRules:
    """Judges destinations by their couriers: one that is down, gone, or has dead letters, is not
    well. couriers: by destination; one that has none (yet) is unknown."""

    def __init__(
        self, definitions: Definitions, states: AlarmStates, couriers: Mapping[str, Courier]
    ) -> None:
        self._alarms = definitions.destinations
        self._states = states
        self._couriers = couriers

    def judge(self, now_ns: int) -> None:
        """Judges every destination at ``now_ns``."""
        for alarm in self._alarms:
            courier = self._couriers.get(alarm.destination)
            if courier is None or not courier.has_begun:
                continue
            found = Input.FALSE if trouble(courier) is None else Input.TRUE
            said = partial(_said, courier)
            self._states.judge(alarm.definition, found, now_ns, explain=said)


def trouble(courier: Courier) -> str | None:
    """What is wrong with a destination, None when nothing is."""
    circuit, dead = courier.circuit, courier.waiting.dead
    if circuit.state is not CircuitState.CLOSED:
        return f"{circuit.state}: {circuit.error}"
    return f"{dead} dead letters" if dead else None


def _said(courier: Courier) -> str:
    return trouble(courier) or ""
