"""What routes on alarms share: how long each role may shelve, and the audit of what was done."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import HTTPException

from service.api.access import Caller
from service.api.context import ApiContext
from service.api.models.alarms import Shelving
from service.domain.instants import MINUTE_NS
from service.domain.lifecycle.actions import Shelve
from service.runtime.errors import Retryable

log = logging.getLogger(__name__)


async def shelve(context: ApiContext, caller: Caller, definition: str, asked: Shelving) -> None:
    """Shelves for the caller; 403 when it is for longer than the caller's role may."""
    most_min = context.shelving.most_min(caller.user.role)
    if asked.minutes > most_min:
        raise HTTPException(
            403,
            f"as {caller.user.role} you may shelve an alarm for {most_min} minutes at most, not "
            f"{asked.minutes}; ask an engineer for longer",
        )
    until_ns = context.clock.now_ns() + asked.minutes * MINUTE_NS
    by = caller.user.name
    await context.desk.act(definition, Shelve(asked.reason, until_ns), by=by)
    await audit(context, by, "shelve-alarm", [definition])


async def audit(context: ApiContext, by: str, action: str, subjects: Sequence[str]) -> None:
    """Keeps who did what; done it is, whether or not that can be kept."""
    for subject in subjects:
        try:
            await context.identity.record(by, action, subject)
        except Retryable as error:  # the transition itself says by whom
            log.warning("audit is lost action=%s subject=%s error=%s", action, subject, error)
