"""The retry policy of the runtime: capped exponential backoff with full jitter."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from service.runtime.clock import Clock
from service.runtime.errors import Rejected, Retryable

log = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_S = 0.5
CAP_S = 30.0
SLOW_S = 60.0
"""How slowly is retried what was rejected: nothing changes until somebody acts."""


def backoff_s(attempt: int, *, first_s: float = FIRST_S, cap_s: float = CAP_S) -> float:
    """Seconds to wait after failed attempt number ``attempt`` (from 1): half fixed, half random."""
    full = min(cap_s, first_s * 2.0 ** min(attempt - 1, 30))
    return full / 2 + random.uniform(0, full / 2)


async def until_done(
    work: Callable[[], Awaitable[T]],
    *,
    what: str,
    clock: Clock,
    failed: Callable[[str | None], None] = lambda _: None,
) -> T:
    """The result of ``work``, tried again until it succeeds; Retryable soon, Rejected slowly.

    failed: told the reason of each failure, and None when it works again. Logs lost and recovered
    once.
    """
    attempt = 0
    while True:
        try:
            result = await work()
        except (Retryable, Rejected) as error:
            attempt += 1
            if attempt == 1:
                log.warning("%s failed error=%s", what, error)
            failed(str(error))
            wait_s = SLOW_S if isinstance(error, Rejected) else backoff_s(attempt)
            if isinstance(error, Retryable) and error.retry_after_s is not None:
                wait_s = max(wait_s, error.retry_after_s)
            await clock.sleep(wait_s)
            continue
        if attempt:
            log.info("%s works again attempts=%d", what, attempt)
            failed(None)
        return result
