"""Alarm floods: when more alarms come than one operator can take in (ISA-18.2, IEC 62682).

A flood begins with the alarm that makes more than ten announced ones within ten minutes, and ends
as soon as fewer than five came within ten minutes. The window slides, so nobody waits for the end
of a fixed interval. When a flood ends follows from the last alarms alone: no timer is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.domain.instants import MINUTE_NS

WHOLE_PLANT = "plant"
"""The operator position of a site that names none."""


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """More than ``begins_above`` alarms within ``window_ns`` begin a flood, fewer than
    ``ends_below`` end it. Raises ValueError when a flood could end in the moment it begins."""

    begins_above: int = 10
    ends_below: int = 5
    window_ns: int = 10 * MINUTE_NS

    def __post_init__(self) -> None:
        if not 0 < self.ends_below <= self.begins_above:
            raise ValueError(
                f"a flood has to end below what begins it: expected 0 < ends_below <= "
                f"begins_above, came {self.ends_below} and {self.begins_above}"
            )
        if self.window_ns <= 0:
            raise ValueError(f"a flood's window has to be above 0; came {self.window_ns} ns")


STANDARD = FloodLimits()
"""The standards' own: more than 10 in 10 minutes, until fewer than 5."""


@dataclass(frozen=True, slots=True)
class Position:
    """An operator position: who sees to the alarms of ``stages``; empty means those of nobody
    else."""

    name: str
    stages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Flooding:
    """What a site says of floods. positions: at least one, the last one without stages.

    digest_ns: while a flood lasts, each destination gets one message in this time, and of critical
    alarms one each.
    """

    limits: FloodLimits = STANDARD
    digest_ns: int = 5 * MINUTE_NS
    positions: tuple[Position, ...] = (Position(WHOLE_PLANT),)

    def position_of(self, stage: str | None) -> str:
        """The position whose operator sees to the alarms of ``stage``."""
        mine = (one.name for one in self.positions if stage in one.stages)
        return next(mine, self.positions[-1].name)


@dataclass(frozen=True, slots=True)
class FloodState:
    """How one operator position stands.

    recent_ns: when the last ``begins_above + 1`` announced alarms came, in order; more are never
    needed. since_ns: when the flood that lasts began, else None. alarms: how many came in it so
    far, those that began it included; 0 without a flood.
    """

    recent_ns: tuple[int, ...] = ()
    since_ns: int | None = None
    alarms: int = 0


@dataclass(frozen=True, slots=True)
class Flood:
    """A flood, [start_ns, end_ns); end_ns is None while it lasts. alarms: those that came in it,
    and those before that began it."""

    start_ns: int
    end_ns: int | None
    alarms: int


CALM = FloodState()
ORDINARY = Flooding()
"""A site that says nothing of floods: one position, the standards' limits."""


def within(state: FloodState, now_ns: int, limits: FloodLimits) -> int:
    """Announced alarms in the window that ends at ``now_ns``, (now - window, now]; no more than
    ``begins_above + 1`` are told apart."""
    return sum(now_ns - limits.window_ns < at_ns <= now_ns for at_ns in state.recent_ns)


def ends_ns(state: FloodState, limits: FloodLimits) -> int | None:
    """When the flood that lasts will be over if no other alarm comes; None without a flood."""
    if state.since_ns is None:
        return None
    return state.recent_ns[-limits.ends_below] + limits.window_ns


def passed(state: FloodState, now_ns: int, limits: FloodLimits) -> FloodState:
    """The state at ``now_ns``, at or after the last alarm: a flood may have ended by then."""
    end_ns = ends_ns(state, limits)
    if end_ns is None or now_ns < end_ns:
        return state
    return FloodState(state.recent_ns)


def announced(state: FloodState, at_ns: int, limits: FloodLimits) -> FloodState:
    """The state after an alarm was announced at ``at_ns``.

    A clock that was set back counts as standing still: alarms keep the order in which they came.
    """
    at_ns = max(at_ns, state.recent_ns[-1]) if state.recent_ns else at_ns
    state = passed(state, at_ns - 1, limits)  # one that leaves the window as this comes: still full
    recent_ns = (*state.recent_ns, at_ns)[-(limits.begins_above + 1) :]
    if state.since_ns is not None:
        return FloodState(recent_ns, state.since_ns, state.alarms + 1)
    now = FloodState(recent_ns)
    count = within(now, at_ns, limits)
    return FloodState(recent_ns, at_ns, count) if count > limits.begins_above else now


def floods(times_ns: Iterable[int], limits: FloodLimits, *, until_ns: int) -> tuple[Flood, ...]:
    """Every flood that announced alarms at ``times_ns`` (ascending, none after ``until_ns``) make;
    the last is open when it lasts at ``until_ns``."""
    found: list[Flood] = []
    state = CALM
    for at_ns in times_ns:
        found += _ended(state, at_ns - 1, limits)
        state = announced(state, at_ns, limits)
    ended = _ended(state, until_ns, limits)
    if not ended and state.since_ns is not None:
        ended = [Flood(state.since_ns, None, state.alarms)]
    return (*found, *ended)


def _ended(state: FloodState, now_ns: int, limits: FloodLimits) -> list[Flood]:
    """The flood of ``state``, when it is over by ``now_ns``."""
    end_ns = ends_ns(state, limits)
    if state.since_ns is None or end_ns is None or now_ns < end_ns:
        return []
    return [Flood(state.since_ns, end_ns, state.alarms)]
