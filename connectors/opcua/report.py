"""What a source says of itself: revised parameters, refused and unsupported items, gaps."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from connectors.opcua.items import RejectedItem
from connectors.opcua.kept import Kept
from connectors.opcua.settings import OpcUaSettings
from service.domain.instants import to_iso
from service.runtime.source import SourceReport

SHOWN_TAGS = 10

_log = logging.getLogger(__name__)


def report(kept: Kept, settings: OpcUaSettings) -> SourceReport:
    """A snapshot of the connector."""
    details = {"endpoint": settings.endpoint, "security": settings.security_policy}
    if settings.security_mode != "None":
        details["security"] += f" {settings.security_mode}"
    for each in kept.subscriptions.values():
        details[each.group] = each.detail
    for reason, tag_ids in by_reason(kept).items():
        details[f"rejected: {reason}"] = shown(tag_ids)
    for kind in sorted(set(kept.unsupported.values())):
        numbers = [n for n, found in kept.unsupported.items() if found == kind]
        details[f"unsupported: {kind}"] = shown([kept.tags[n].id for n in numbers])
    if kept.gaps:
        last = kept.gaps[-1]
        details["last gap"] = (
            f"{last.group} from {to_iso(last.start_ns)} to {to_iso(last.end_ns)}: {last.reason}"
        )
    details["positions"] = f"{kept.position} read in, {kept.durable} durable"
    return SourceReport(
        keep_alive_s={
            each.group: each.liveness.keep_alive_s for each in kept.subscriptions.values()
        },
        counters=dict(kept.counts),
        details=details,
    )


def by_reason(kept: Kept) -> dict[str, list[str]]:
    """The ids of the tags that get no values, by the server's reason."""
    found: dict[str, list[str]] = {}
    for item in rejected(kept):
        found.setdefault(item.reason, []).append(kept.tags[item.tag].id)
    return found


def rejected(kept: Kept) -> list[RejectedItem]:
    """All items that the server refuses."""
    return [item for items in kept.rejected.values() for item in items]


def log_rejected(kept: Kept) -> None:
    """Says once for each reason which tags get no values."""
    for reason, tag_ids in by_reason(kept).items():
        _log.warning(
            "opcua.items_rejected source=%s reason=%r items=%d tags=%s",
            kept.name, reason, len(tag_ids), shown(tag_ids),
        )  # fmt: skip


def note_unsupported(kept: Kept, tag: int, kind: str) -> None:
    """Keeps what kind of value a tag has, and says so once."""
    if kept.unsupported.get(tag) != kind:
        kept.unsupported[tag] = kind
        _log.warning(
            "opcua.unsupported source=%s tag=%s value=%r (numbers, booleans and text are "
            "supported; name a node that holds one)",
            kept.name, kept.tags[tag].id, kind,
        )  # fmt: skip


def shown(tag_ids: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    rest = len(tag_ids) - SHOWN_TAGS
    first = ", ".join(tag_ids[:SHOWN_TAGS])
    return f"{first} and {rest} more" if rest > 0 else first
