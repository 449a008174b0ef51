"""The sources for the API, and for everyone who asks whether a group is still heard."""

from __future__ import annotations

from collections.abc import Sequence

from service.app.core import Core
from service.runtime.ingest import SourceStatus
from service.runtime.views import GroupView, SourceView


class CoreSources:
    """Implements ``service.runtime.views.Sources``."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._groups = {
            name: sorted({tag.item_group for tag in core.table.of_connector(name).values()})
            for name in core.statuses
        }

    def sources(self) -> Sequence[SourceView]:
        """All of them, in the site's order."""
        return [self._view(status) for status in self._core.statuses.values()]

    def _view(self, status: SourceStatus) -> SourceView:
        counters = {
            **status.report.counters,
            "connections": status.connections,
            "refused_rows": status.refused,
        }
        return SourceView(
            name=status.name,
            kind=status.kind,
            state=status.state,
            since_ns=status.since_ns,
            error=status.error,
            counters=counters,
            details=status.report.details,
            groups=[self._group(group) for group in self._groups[status.name]],
        )

    def _group(self, group: str) -> GroupView:
        until_ns = self._core.live.covered_until_ns(group)
        silent_ns = None if until_ns is None else self._core.clock.now_ns() - until_ns
        stale = silent_ns is None or silent_ns > self._core.absence.patience_ns(group)
        return GroupView(group, until_ns, stale)
