"""What a subscription's messages prove: how long its items were covered, and whether it went quiet.

Every message, data or keep-alive, says that the server had nothing to report of the group but what
it reported, up to the moment at which it made the message: its PublishTime. So the cover that a
message brings reaches from the proof before it to its PublishTime. Where the server's clock is
further than 5 s from ours, PublishTime means nothing here, and the receipt of the message stands
for it; that claims the time on the wire too, which is far less than the error of such a clock. The
first cover begins when all items of the group exist. A message behind which others wait proves
nothing yet. Once our own clock was set, covers go on from where they ended, by the new time: put
back, what was covered before may be so twice; set on, no hour is covered that never was. Covers
reach back over a lost connection only where the subscription lived on and every message of it was
had in the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.opcua.columns import EARLIEST_TICKS, LATEST_TICKS, ticks_to_ns
from service.domain.coverage import Cover
from service.domain.instants import SECOND_NS

CLOCK_TOLERANCE_NS = 5 * SECOND_NS
STEP_BACK_NS = 2 * CLOCK_TOLERANCE_NS
"""No server's clock leads proofs back so far while ours goes on: ours was put back."""
QUIET_KEEP_ALIVES = 2


def published_at(publish_ticks: int, *, now_ns: int) -> int:
    """When a message was published by the server's clock; ``now_ns`` where that means nothing."""
    if EARLIEST_TICKS <= publish_ticks < LATEST_TICKS:
        published_ns = ticks_to_ns(publish_ticks)
        if abs(published_ns - now_ns) <= CLOCK_TOLERANCE_NS:
            return published_ns
    return now_ns


@dataclass(slots=True)
class Liveness:
    """The proofs of one group. keep_alive_s: revised by the server; heard_s: monotonic time."""

    group: str
    keep_alive_s: float
    timeout_s: float
    proven_ns: int
    heard_s: float

    def prove(self, publish_ticks: int, *, now_ns: int, more: bool) -> Cover | None:
        """The cover that a message brings which was published at ``publish_ticks``."""
        end_ns = published_at(publish_ticks, now_ns=now_ns)
        if end_ns + STEP_BACK_NS < self.proven_ns:
            # This message is the first of the new present; what lies before it is proven by none.
            self.proven_ns = min(end_ns, now_ns)
            return None
        if more or end_ns <= self.proven_ns:
            return None
        cover = Cover(self.group, self.proven_ns, end_ns)
        self.proven_ns = end_ns
        return cover

    def interrupt(self, until_ns: int) -> int | None:
        """What was before ``until_ns`` is not known to be whole: covers begin there. Where the
        proof before it ended, None when nothing lies in between."""
        if until_ns <= self.proven_ns:
            return None
        before_ns, self.proven_ns = self.proven_ns, until_ns
        return before_ns

    @property
    def quiet_at_s(self) -> float:
        """Monotonic time at which the group counts as dead, if nothing comes: two revised
        keep-alives after the last message, and the time-out for the wire."""
        return self.heard_s + QUIET_KEEP_ALIVES * self.keep_alive_s + self.timeout_s
