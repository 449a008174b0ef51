"""One attempt: a message handed over, whatever the adapter does, and what came of it."""

from __future__ import annotations

import asyncio
import logging

from service.runtime.clock import Clock
from service.runtime.deliver import Attempt, Outcome
from service.runtime.errors import ConnectorError, Rejected, Retryable
from service.runtime.notify import Destination, Gone, Message

log = logging.getLogger(__name__)

MOST_S = 180.0
"""Bound on one attempt, in real seconds, of a notifier that does not keep its own."""


async def attempt(
    destination: Destination, message: Message, clock: Clock, *, alarm: str | None, notices: int
) -> tuple[Attempt, ConnectorError | None]:
    """Hands ``message`` over once; None for the error when it was taken. Raises nothing: what an
    adapter does not classify counts as a refusal. alarm, notices: for the log."""
    at_ns, start_s = clock.now_ns(), clock.monotonic_s()
    error: ConnectorError | None = None
    try:
        async with asyncio.timeout(MOST_S):
            answer = await destination.notifier.send(message)
    except ConnectorError as raised:
        error, answer = raised, str(raised)
    except TimeoutError:
        error = Retryable(f"destination {destination.name}: no answer in {MOST_S:.0f} s")
        answer = str(error)
    except Exception as raised:  # an adapter that can't render one message stops no other
        log.exception("notifier broke destination=%s", destination.name)
        error = Rejected(f"destination {destination.name}: {raised!r}")
        answer = str(error)
    return Attempt(
        destination=destination.name,
        message=message.id,
        kind=message.kind,
        alarm=alarm,
        notices=notices,
        at_ns=at_ns,
        took_ms=round((clock.monotonic_s() - start_s) * 1_000),
        outcome=_outcome(error),
        answer=answer,
    ), error


def _outcome(error: ConnectorError | None) -> Outcome:
    match error:
        case None:
            return Outcome.DELIVERED
        case Gone():
            return Outcome.GONE
        case Rejected():
            return Outcome.REFUSED
        case _:
            return Outcome.FAILED
