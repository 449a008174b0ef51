"""What is said about a transition: the JSON payload of a notification, version 1."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from service.domain.alarm import AlarmDefinition, AlarmState, Transition, TransitionKind
from service.domain.instants import to_iso
from service.runtime.notify import Message

NOTIFIED = (TransitionKind.RAISED, TransitionKind.RETURNED, TransitionKind.ACKNOWLEDGED)
VERSION = 1


@dataclass(frozen=True, slots=True)
class SiteName:
    """Who is speaking. url: where people open the dashboard."""

    id: str
    name_en: str
    name_zh: str
    url: str


def message(
    site: SiteName, definition: AlarmDefinition, transition: Transition, state: AlarmState
) -> Message | None:
    """The notification of ``transition``, after which the alarm stands at ``state``; None when
    this kind
    is not announced. Its id is the transition's own, so it is the same on every attempt."""
    if transition.kind not in NOTIFIED:
        return None
    body = {
        "type": f"alarm.{transition.kind}",
        "version": VERSION,
        "timestamp": to_iso(transition.at_ns),
        "data": {
            "site": {"id": site.id, "name_en": site.name_en, "name_zh": site.name_zh},
            "alarm": transition.alarm,
            "rule": definition.rule,
            "kind": definition.kind,
            "priority": int(definition.priority),
            "priority_name": definition.priority.name.lower(),
            "state": str(state.phase),
            "asset": definition.asset,
            "stage": definition.stage,
            "tag": definition.tag,
            "message_en": definition.message_en,
            "message_zh": definition.message_zh,
            "value": transition.value,
            "limit": definition.limit,
            "unit": definition.unit,
            "by": transition.by,
            "comment": transition.comment,
            "url": f"{site.url}/#/alarms/{transition.alarm}",
        },
    }
    return Message(
        id=f"msg_{transition.id}",
        type=f"alarm.{transition.kind}",
        body=orjson.dumps(body),
        at_ns=transition.at_ns,
    )
