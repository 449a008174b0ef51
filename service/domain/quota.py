"""Quota: how many messages a receiver still takes, so that its limit is never exceeded.

A quarter of the limit may go at once, the rest evenly over the minute. Whoever spends all of it in
the first second of a storm is dumb for the next sixty, and then a critical alarm waits a minute.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.instants import MINUTE_NS, SECOND_NS

WINDOW_NS = MINUTE_NS + SECOND_NS
"""The receiver counts when a message arrives, which may come a little sooner than the last one
did."""
AT_ONCE = 4
"""One in so many of a minute's messages may go at once."""


def burst(per_minute: int) -> int:
    """Messages that may go at once after a pause; at least one."""
    return max(1, per_minute // AT_ONCE)


def every_ns(per_minute: int) -> int:
    """How long it takes until another message may go: so that with ``burst`` at once no window
    holds more than ``per_minute``."""
    steady = per_minute - burst(per_minute)
    return WINDOW_NS if steady == 0 else -(-WINDOW_NS // steady)


def room(sent_ns: Sequence[int], per_minute: int, now_ns: int, *, critical: bool) -> int:
    """How many messages may go at ``now_ns``, after those at ``sent_ns`` (ascending).

    One is kept for critical alarms where more than one may go at once: a storm of lesser ones must
    not make a critical one wait.
    """
    full, step_ns = burst(per_minute), every_ns(per_minute)
    owed_ns = max(0, _owed_until(sent_ns, step_ns) - now_ns)
    recent = sum(1 for at_ns in sent_ns if now_ns - at_ns < WINDOW_NS)
    may = min(full - -(-owed_ns // step_ns), per_minute - recent)
    return max(0, may - (0 if critical else _kept(full)))


def free_ns(sent_ns: Sequence[int], per_minute: int, now_ns: int, *, critical: bool) -> int:
    """The first instant from ``now_ns`` on at which another message may go."""
    full, step_ns = burst(per_minute), every_ns(per_minute)
    wanted = 1 if critical else 1 + _kept(full)
    paced_ns = _owed_until(sent_ns, step_ns) - (full - wanted) * step_ns
    recent = [at_ns for at_ns in sent_ns if now_ns - at_ns < WINDOW_NS]
    over = len(recent) + wanted - per_minute
    counted_ns = now_ns if over <= 0 else recent[over - 1] + WINDOW_NS
    return max(now_ns, paced_ns, counted_ns)


def _kept(full: int) -> int:
    return 1 if full > 1 else 0


def _owed_until(sent_ns: Sequence[int], step_ns: int) -> int:
    """When all that was sent has been made up for (the generic cell rate algorithm)."""
    until_ns = sent_ns[0] if sent_ns else -WINDOW_NS
    for at_ns in sent_ns:
        until_ns = max(until_ns, at_ns) + step_ns
    return until_ns
