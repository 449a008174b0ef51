"""What a server's own history knows of a gap (Part 11, 6.4.3: ReadRawModifiedDetails).

A gap is read in slices, a few nodes at a time, and never faster than the values are taken. Where
every item of the group has a history of the whole gap, the gap is covered by it; else its values
are had, and what is in between stays unknown.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from asyncua import ua

from connectors.opcua.columns import to_columns
from connectors.opcua.decode import HistoryResult, decode_history
from connectors.opcua.errors import status_name
from connectors.opcua.items import read_server, resolve
from connectors.opcua.kept import Gap, Kept
from connectors.opcua.session import Session
from service.domain.batch import Batch, Origin, empty_batch, rows_of
from service.domain.coverage import Cover
from service.domain.instants import SECOND_NS, to_iso
from service.runtime.clock import Clock

SLICE_NS = 600 * SECOND_NS
NODES_AT_ONCE = 50
VALUES_AT_ONCE = 1_000
"""Of one node in one answer."""
MOST_PAGES = 10_000
"""Answers for one slice; a server that always has one more is not asked for ever."""

TOO_MANY = "BadTooManyOperations"
REFUSED = frozenset({
    TOO_MANY, "BadServiceUnsupported", "BadHistoryOperationUnsupported", "BadNotSupported",
    "BadHistoryOperationInvalid", "BadNotImplemented", "BadUserAccessDenied",
})  # fmt: skip
"""With these a server refuses a whole call for what is asked; others are about the connection, and
the gap is asked about again."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Found:
    """Of one gap. without: nodes of which the server has no history, by its reason."""

    values: int = 0
    without: dict[str, int] = field(default_factory=dict)

    def refuse(self, reason: str, nodes: int) -> None:
        """So many ``nodes`` have no history, or not all of it."""
        self.without[reason] = self.without.get(reason, 0) + nodes


async def backfill(session: Session, kept: Kept, clock: Clock) -> None:
    """Reads the gaps that are noted, oldest first, for ever. Raises asyncua's errors."""
    while True:
        gap = await kept.next_gap()
        nodes = await _nodes(session, kept, gap.group)
        _log.info("opcua.backfilling source=%s group=%s from=%s to=%s items=%d", kept.name,
                  gap.group, to_iso(gap.start_ns), to_iso(gap.end_ns), len(nodes))  # fmt: skip
        found = _Found()
        for start_ns in range(gap.start_ns, gap.end_ns, SLICE_NS):
            end_ns = min(start_ns + SLICE_NS, gap.end_ns)
            await _slice(session, kept, nodes, start_ns, end_ns, found, clock)
            if found.without and not found.values:
                break  # there is no history
        kept.gap_done(gap)
        _close(kept, gap, found, is_whole=bool(nodes) and not found.without, clock=clock)


async def _nodes(session: Session, kept: Kept, group: str) -> dict[int, ua.NodeId]:
    server = await read_server(session.services)
    members = {number: tag for number, tag in kept.tags.items() if tag.item_group == group}
    refused = {item.tag for item in kept.rejected.get(group, ())}
    nodes, _ = resolve(members, server.namespaces)
    return {number: node for number, node in nodes.items() if number not in refused}


async def _slice(
    session: Session,
    kept: Kept,
    nodes: Mapping[int, ua.NodeId],
    start_ns: int,
    end_ns: int,
    found: _Found,
    clock: Clock,
) -> None:
    left, at_once = list(nodes), NODES_AT_ONCE
    while left:
        wanted = dict.fromkeys(left[:at_once], b"")
        try:
            await _pages(session, kept, nodes, wanted, (start_ns, end_ns), found, clock)
        except ua.UaStatusCodeError as error:  # of the whole call, and so of each of its nodes
            name = status_name(error.code)
            if name not in REFUSED:
                raise
            if name == TOO_MANY and at_once > 1:
                at_once = max(1, at_once // 2)
                continue
            found.refuse(name, len(wanted))
        left = left[at_once:]


async def _pages(
    session: Session,
    kept: Kept,
    nodes: Mapping[int, ua.NodeId],
    wanted: dict[int, bytes],
    span: tuple[int, int],
    found: _Found,
    clock: Clock,
) -> None:
    """All of ``span`` that the server has of the nodes of ``wanted``, page by page."""
    for _ in range(MOST_PAGES):
        if not wanted:
            return
        await kept.inbox.room()
        results = await _read(session, nodes, wanted, *span)
        at_ns = clock.now_ns()
        for number, result in zip(list(wanted), results, strict=True):
            del wanted[number]
            if result.status >> 31:
                found.refuse(status_name(result.status), 1)
                continue
            for batch in _batches(kept, number, result, *span, at_ns):
                found.values += len(batch)
                kept.put(batch)
            if result.continuation:
                wanted[number] = result.continuation
    found.refuse("pages without end", len(wanted))


async def _read(
    session: Session,
    nodes: Mapping[int, ua.NodeId],
    wanted: Mapping[int, bytes],
    start_ns: int,
    end_ns: int,
) -> Sequence[HistoryResult]:
    parameters = ua.HistoryReadParameters()
    parameters.ReleaseContinuationPoints = False
    details = ua.ReadRawModifiedDetails()
    details.IsReadModified = False
    details.StartTime = _instant(start_ns)
    details.EndTime = _instant(end_ns) + timedelta(microseconds=1)
    details.NumValuesPerNode = VALUES_AT_ONCE
    details.ReturnBounds = False
    parameters.HistoryReadDetails = details
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
    for number, continuation in wanted.items():
        one = ua.HistoryReadValueId()
        one.NodeId = nodes[number]
        one.ContinuationPoint = continuation or None
        parameters.NodesToRead.append(one)
    return decode_history(await session.history(parameters))


def _batches(
    kept: Kept, number: int, result: HistoryResult, start_ns: int, end_ns: int, at_ns: int
) -> list[Batch]:
    """Rows of one node within [start_ns, end_ns), marked as backfilled."""
    values = replace(
        result.values, handle=np.full(len(result.values), kept.handle_of[number], np.int64)
    )
    columns = to_columns(values, kept.tag_of, received_ns=at_ns, source=kept.name)
    found = []
    for batch in columns.batches:
        within = (batch.time_ns >= start_ns) & (batch.time_ns < end_ns)
        if within.any():
            found.append(replace(rows_of(batch, within), origin=Origin.BACKFILL))
    return found


def _close(kept: Kept, gap: Gap, found: _Found, *, is_whole: bool, clock: Clock) -> None:
    kept.counts["backfilled"] += found.values
    if is_whole:
        cover = Cover(gap.group, gap.start_ns, gap.end_ns)
        batch = empty_batch(received_ns=clock.now_ns(), covers=(cover,), source=kept.name)
        kept.put(replace(batch, origin=Origin.BACKFILL))
        kept.counts["gaps_backfilled"] += 1
        _log.info("opcua.backfilled source=%s group=%s values=%d (the gap is closed)",
                  kept.name, gap.group, found.values)  # fmt: skip
        return
    reasons = ", ".join(f"{name} of {n} items" for name, n in sorted(found.without.items()))
    _log.warning("opcua.not_backfilled source=%s group=%s values=%d reason=%r (the gap stays)",
                 kept.name, gap.group, found.values, reasons or "no item is left")  # fmt: skip


def _instant(time_ns: int) -> datetime:
    """Cut to the microsecond, as the library's times are."""
    return _EPOCH + timedelta(microseconds=time_ns // 1_000)
