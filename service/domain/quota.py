"""Quota: how many messages a receiver still takes, so that its limit is never exceeded.

A part is kept for critical alarms: a storm of lesser ones must not make a critical one wait.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.instants import MINUTE_NS, SECOND_NS

WINDOW_NS = MINUTE_NS + SECOND_NS
"""The receiver counts when a message arrives, which may come a little sooner than the last one
did."""
KEPT = 4
"""One in so many is kept for critical alarms."""


def allowed(per_minute: int, *, critical: bool) -> int:
    """Messages within any minute; at least one."""
    return per_minute if critical else max(1, per_minute - per_minute // KEPT)


def room(sent_ns: Sequence[int], per_minute: int, now_ns: int, *, critical: bool) -> int:
    """How many messages may go at ``now_ns``, after those at ``sent_ns`` (ascending)."""
    recent = sum(1 for at_ns in sent_ns if now_ns - at_ns < WINDOW_NS)
    return max(0, allowed(per_minute, critical=critical) - recent)


def free_ns(sent_ns: Sequence[int], per_minute: int, now_ns: int, *, critical: bool) -> int:
    """The first instant from ``now_ns`` on at which another message may go."""
    recent = [at_ns for at_ns in sent_ns if now_ns - at_ns < WINDOW_NS]
    over = len(recent) - allowed(per_minute, critical=critical)
    return now_ns if over < 0 else recent[over] + WINDOW_NS
