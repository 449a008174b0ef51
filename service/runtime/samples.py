"""Messages to look at before any alarm stands: what a destination will be told."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from service.domain.alarm import AlarmDefinition, Phase, Priority, TransitionKind
from service.domain.instants import MINUTE_NS
from service.runtime.notification import message_of
from service.runtime.notify import Message, MessageKind, Notice, SiteName, Totals


class Sample(StrEnum):
    """Which message."""

    RAISED = "raised"
    RETURNED = "returned"
    """Raised, acknowledged and returned, in one message."""
    ESCALATED = "escalated"
    DIGEST = "digest"
    TEST = "test"
    HEARTBEAT = "heartbeat"


def example_of(definitions: Iterable[AlarmDefinition]) -> AlarmDefinition:
    """The alarm of the site that shows most: with guidance, with a limit, urgent."""
    return min(
        definitions,
        key=lambda one: (one.handling.guidance is None, one.limit is None, one.priority, one.id),
        default=GENERIC,
    )


def sample_message(
    sample: Sample, site: SiteName, at_ns: int, *, example: AlarmDefinition
) -> Message:
    """The message ``sample`` about the alarm ``example``, as if it was made at ``at_ns``."""
    raised = _step(site, example, TransitionKind.RAISED, Phase.UNACKNOWLEDGED, at_ns)
    match sample:
        case Sample.TEST | Sample.HEARTBEAT:
            return Message(f"sample_{sample}", MessageKind(str(sample)), site, at_ns)
        case Sample.RAISED:
            return message_of(site, [raised])
        case Sample.ESCALATED:
            later_ns = at_ns + 10 * MINUTE_NS
            escalated = _step(
                site, example, TransitionKind.ESCALATED, Phase.UNACKNOWLEDGED, later_ns
            )
            return message_of(site, [raised, escalated])
        case Sample.RETURNED:
            return message_of(site, [raised, *_ended(site, example, at_ns)])
        case Sample.DIGEST:
            return _digest(site, raised, at_ns)


def _ended(site: SiteName, example: AlarmDefinition, at_ns: int) -> list[Notice]:
    taken = _step(
        site, example, TransitionKind.ACKNOWLEDGED, Phase.ACKNOWLEDGED, at_ns + 2 * MINUTE_NS,
        by="li.wei", comment="on my way / 正在前往",
    )  # fmt: skip
    over = _step(site, example, TransitionKind.RETURNED, Phase.NORMAL, at_ns + 9 * MINUTE_NS)
    return [taken, over]


def _digest(site: SiteName, notice: Notice, at_ns: int) -> Message:
    """Stands for 40 alarms and lists one."""
    by_priority = {Priority.CRITICAL: 1, Priority.HIGH: 9, Priority.MEDIUM: 12, Priority.LOW: 18}
    return Message(
        id="sample_digest",
        kind=MessageKind.DIGEST,
        site=site,
        at_ns=at_ns,
        notices=(notice,),
        totals=Totals(
            notices=40,
            alarms=40,
            by_kind={TransitionKind.RAISED: 31, TransitionKind.RETURNED: 9},
            by_priority=by_priority,
            by_stage={notice.stage or "": 40},
            first_ns=at_ns - 10 * MINUTE_NS,
            last_ns=at_ns,
        ),
    )


def _step(
    site: SiteName,
    example: AlarmDefinition,
    kind: TransitionKind,
    state: Phase,
    at_ns: int,
    *,
    by: str | None = None,
    comment: str | None = None,
) -> Notice:
    return Notice(
        transition=f"sample_{kind}",
        kind=kind,
        at_ns=at_ns,
        alarm="sample",
        definition=example.id,
        rule=example.rule,
        rule_kind=example.kind,
        priority=example.priority,
        state=state,
        asset=example.asset,
        stage=example.stage,
        tag=example.tag,
        value=example.limit if kind is not TransitionKind.ACKNOWLEDGED else None,
        limit=example.limit,
        unit=example.unit,
        message_en=example.message_en,
        message_zh=example.message_zh,
        by=by,
        comment=comment,
        guidance=example.handling.guidance,
        stake_t=example.stake_t,
        url=f"{site.url}/#/alarms/sample" if site.url else "",
    )


GENERIC = AlarmDefinition(
    id="sample:sample",
    rule="sample",
    version="",
    kind="limit",
    priority=Priority.HIGH,
    asset="CB-L07B",
    on_delay_ns=0,
    off_delay_ns=0,
    message_en="Zone 12 temperature above HH 1180 °C",
    message_zh="12区温度高于高高限 1180 °C",
    tag="CB-L07B-TIC112.PV",
    stage="CB",
    limit=1180.0,
    unit="°C",
)
"""For a site without rules."""
