"""What comes late is accounted for again: the task."""

from __future__ import annotations

from functools import partial

from service.runtime.accounting import Accounting
from service.runtime.clock import Clock
from service.runtime.recounting import Recounter
from service.runtime.retry import until_done

GATHER_S = 10.0
"""What comes late comes in many pieces."""


async def recount_late(accounting: Accounting, recounter: Recounter, clock: Clock) -> None:
    """Accounts again for what comes late, for ever; waits while the history is away."""
    again = partial(accounting.recount, recounter)
    while True:
        seen = accounting.lateness.value
        while accounting.owes:
            await until_done(again, what="late values", clock=clock)
        await clock.sleep(GATHER_S)
        await accounting.lateness.until(seen + 1)
