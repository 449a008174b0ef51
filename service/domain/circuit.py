"""Circuit: whether one destination takes messages, and when it is tried again.

One message that fails says little; the next one is tried all the same. When several in a row fail,
about different alarms, the destination itself is down: the circuit opens, one message at a time is
a probe, and everything else waits until a probe comes through. Random draws and instants are
passed in, so the same failures make the same circuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.domain.instants import DAY_NS, seconds

SCHEDULE_S = (5.0, 30.0, 120.0, 300.0, 1_800.0, 7_200.0)
"""Waits after the first failed attempt, the second, … ; the last one repeats."""
JITTER = 0.2
"""Waits differ by up to this part either way, so that nothing comes back in step."""
GIVE_UP_NS = 3 * DAY_NS
"""What could not be told for so long is a dead letter."""
OPENS_AFTER = 3
PROBE_CAP_S = 300.0
"""A probe costs one request, and everything waits for it: hours between two would be too long."""


class CircuitState(StrEnum):
    CLOSED = "closed"
    """Messages are sent."""
    OPEN = "open"
    """The destination is down; nothing is sent until the next probe."""
    HALF_OPEN = "half_open"
    """A probe is on its way, or due."""
    DISABLED = "disabled"
    """The destination said that it is gone; an administrator has to enable it."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """How one destination stands.

    since_ns: since when it has failed, or is disabled; None while it works.
    failures: attempts that failed in a row. subject: the alarm that the first of them was about;
    None for a digest. spread: whether another one was about something else. failed_ns, error: of
    the last failure. not_before_ns: nothing is sent earlier: the next probe, or the destination's
    own wish.
    """

    state: CircuitState = CircuitState.CLOSED
    since_ns: int | None = None
    failures: int = 0
    subject: str | None = None
    spread: bool = False
    failed_ns: int | None = None
    not_before_ns: int | None = None
    error: str | None = None


WORKS = Circuit()


def wait_s(attempt: int, draw: float) -> float:
    """Seconds to wait after failed attempt number ``attempt`` (from 1); draw: random, in [0, 1)."""
    full = SCHEDULE_S[min(attempt, len(SCHEDULE_S)) - 1]
    return full * (1.0 - JITTER + 2.0 * JITTER * draw)


def may_send(circuit: Circuit, now_ns: int) -> bool:
    """Whether a message may go to the destination now. A clock that stepped back to before the last
    failure has nobody wait for it."""
    if circuit.state is CircuitState.DISABLED:
        return False
    stepped = circuit.failed_ns is not None and now_ns < circuit.failed_ns
    return circuit.not_before_ns is None or now_ns >= circuit.not_before_ns or stepped


def shown(circuit: Circuit, now_ns: int) -> CircuitState:
    """The state as people see it at ``now_ns``: an open circuit whose probe is due is half open."""
    if circuit.state is CircuitState.OPEN and may_send(circuit, now_ns):
        return CircuitState.HALF_OPEN
    return circuit.state


def failed(
    circuit: Circuit,
    now_ns: int,
    *,
    error: str,
    subject: str | None,
    draw: float,
    retry_after_s: float | None = None,
) -> Circuit:
    """After an attempt about ``subject`` that failed. retry_after_s: what the destination asked
    for, which holds all messages, since it knows best; and since it speaks of itself and not of
    this alarm, the circuit opens, so that what waited goes as soon as it takes messages again."""
    failures = circuit.failures + 1
    first = circuit.subject if circuit.failures else subject
    spread = circuit.spread or subject is None or subject != first
    down = (spread and failures >= OPENS_AFTER) or retry_after_s is not None
    opens = circuit.state is CircuitState.OPEN or down
    pause_s = max(retry_after_s or 0.0, min(wait_s(failures, draw), PROBE_CAP_S) if opens else 0.0)
    return Circuit(
        state=CircuitState.OPEN if opens else CircuitState.CLOSED,
        since_ns=now_ns if circuit.since_ns is None else circuit.since_ns,
        failures=failures,
        subject=first,
        spread=spread,
        failed_ns=now_ns,
        not_before_ns=now_ns + seconds(pause_s) if pause_s else None,
        error=error,
    )


def gone(now_ns: int, *, error: str) -> Circuit:
    """After the destination said that it is no more."""
    return Circuit(CircuitState.DISABLED, since_ns=now_ns, failed_ns=now_ns, error=error)
