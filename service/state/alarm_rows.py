"""Alarms and transitions as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.domain.alarm import Hold, Phase, Priority, Quiet, TransitionKind
from service.runtime.views import AlarmView, TransitionView


def alarm_view(row: Any, holds: Sequence[tuple[Quiet, Hold]] = (), members: int = 0) -> AlarmView:
    """An alarm's row as it is shown. holds: what keeps people from being called about it now.
    members: how many other open alarms belong to it."""
    return AlarmView(
        id=row.id,
        rule=row.rule,
        kind=row.kind,
        priority=Priority(row.priority),
        asset=row.asset,
        tag=row.tag,
        stage=row.stage,
        phase=Phase(row.phase),
        message_en=row.message_en,
        message_zh=row.message_zh,
        raised_ns=row.raised_ns,
        returned_ns=row.returned_ns,
        acknowledged_ns=row.acknowledged_ns,
        acknowledged_by=row.acknowledged_by,
        comment=row.comment,
        value=row.value,
        limit=row.limit,
        unit=row.unit,
        definition=row.definition,
        quiet=None if row.quiet is None else Quiet(row.quiet),
        holds=holds,
        root=row.root,
        members=members,
    )


def step_view(row: Any) -> TransitionView:
    """A transition's row as it is shown."""
    return TransitionView(
        id=row.id,
        kind=TransitionKind(row.kind),
        at_ns=row.at_ns,
        recorded_ns=row.recorded_ns,
        by=row.by,
        comment=row.comment,
        value=row.value,
        quiet=None if row.quiet is None else Quiet(row.quiet),
        quiet_by=row.quiet_by,
    )
