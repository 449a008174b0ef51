"""Floods: how each operator position stands, for those who look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.domain.announcing import Floods
from service.domain.flood import CALM, Flooding, passed, within
from service.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class FloodView:
    """One operator position now. since_ns: since when a flood lasts, None without one. alarms: how
    many came in it so far. recent: announced alarms in the window that ends now; more than the
    limit are not counted further."""

    position: str
    stages: Sequence[str]
    since_ns: int | None
    alarms: int
    recent: int


class FloodBook(Protocol):
    """The site's operator positions. Called by each open page every second."""

    def __call__(self) -> Sequence[FloodView]:
        """All of them as they stand now, in the site's order; must not block."""
        ...


class Floodgauge:
    """Implements FloodBook over what the alarms' announcer knows. floods: as it left them with the
    last announced alarm."""

    def __init__(self, flooding: Flooding, floods: Callable[[], Floods], clock: Clock) -> None:
        self._flooding = flooding
        self._floods = floods
        self._clock = clock

    def __call__(self) -> Sequence[FloodView]:
        """All positions as they stand now."""
        known, now_ns, limits = self._floods(), self._clock.now_ns(), self._flooding.limits
        views = []
        for position in self._flooding.positions:
            state = passed(known.get(position.name, CALM), now_ns, limits)
            views.append(
                FloodView(
                    position.name,
                    tuple(sorted(position.stages)),
                    state.since_ns,
                    state.alarms,
                    within(state, now_ns, limits),
                )
            )
        return views
