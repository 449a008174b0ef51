"""What is told of a transition: notices, how they are kept, and the message that lists them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import orjson

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Phase,
    Priority,
    Transition,
    TransitionKind,
)
from service.domain.handling import Guidance, Words
from service.runtime.notify import Message, MessageKind, Notice, SiteName

NOTIFIED = (
    TransitionKind.RAISED,
    TransitionKind.RERAISED,
    TransitionKind.ESCALATED,
    TransitionKind.RETURNED,
    TransitionKind.ACKNOWLEDGED,
)


def notice_of(
    site: SiteName, definition: AlarmDefinition, transition: Transition, state: AlarmState
) -> Notice | None:
    """What is told of ``transition``, after which the alarm stands at ``state``; None when nobody
    is called about it, or about its kind."""
    quiet = transition.quiet is not None or transition.kind not in NOTIFIED
    if quiet or transition.alarm is None:
        return None
    return Notice(
        transition=transition.id,
        kind=transition.kind,
        at_ns=transition.at_ns,
        alarm=transition.alarm,
        definition=definition.id,
        rule=definition.rule,
        rule_kind=definition.kind,
        priority=definition.priority,
        state=state.phase,
        asset=definition.asset,
        stage=definition.stage,
        tag=definition.tag,
        value=transition.value,
        limit=definition.limit,
        unit=definition.unit,
        message_en=definition.message_en,
        message_zh=definition.message_zh,
        by=transition.by,
        comment=transition.comment,
        guidance=definition.handling.guidance,
        url=f"{site.url}/#/alarms/{transition.alarm}" if site.url else "",
        root=transition.root,
        stake_t=definition.stake_t,
    )


def message_of(site: SiteName, notices: Sequence[Notice]) -> Message:
    """The message that tells ``notices``, at least one, of one alarm, oldest first."""
    return Message(
        id=message_id([one.transition for one in notices]),
        kind=MessageKind.ALARM,
        site=site,
        at_ns=notices[-1].at_ns,
        notices=tuple(notices),
    )


def message_id(transitions: Sequence[str]) -> str:
    """The id of a message that stands for these transitions, in this order."""
    return f"msg_{hashlib.sha256(' '.join(transitions).encode()).hexdigest()[:32]}"


def dump_notice(notice: Notice) -> bytes:
    """``notice`` as JSON, as it is kept in the outbox."""
    return orjson.dumps(notice)


def load_notice(kept: bytes) -> Notice:
    """The notice that ``dump_notice`` kept; fields that another version knew are left aside."""
    found: dict[str, Any] = orjson.loads(kept)
    known = {f.name: found[f.name] for f in fields(Notice) if f.name in found}
    known["kind"] = TransitionKind(known["kind"])
    known["priority"] = Priority(known["priority"])
    known["state"] = Phase(known["state"])
    known["guidance"] = _guidance(known.get("guidance"))
    return Notice(**known)


def _guidance(kept: dict[str, Any] | None) -> Guidance | None:
    if kept is None:
        return None
    words = {name: Words(**kept[name]) for name in ("cause", "consequence", "response", "owner")}
    return Guidance(respond_min=kept["respond_min"], **words)
