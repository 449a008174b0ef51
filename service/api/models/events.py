"""Sources on the wire."""

from __future__ import annotations

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer
from service.runtime.ingest import SourceState
from service.runtime.views import SourceView


class Group(Answer):
    """One item group of a source. covered_until: the end of its proven liveness."""

    group: str
    covered_until: Instant | None
    stale: bool


class Source(Answer):
    """One source. "failed" needs somebody to act; "lost" is tried again soon; "ended" gave all it
    had."""

    name: str
    kind: str
    state: SourceState
    since: Instant
    error: str | None
    counters: dict[str, int]
    details: dict[str, str]
    groups: list[Group]

    @classmethod
    def of(cls, source: SourceView) -> Source:
        return cls(
            name=source.name,
            kind=source.kind,
            state=source.state,
            since=iso(source.since_ns),
            error=source.error,
            counters=dict(source.counters),
            details=dict(source.details),
            groups=[
                Group(
                    group=group.group,
                    covered_until=iso_or_none(group.covered_until_ns),
                    stale=group.stale,
                )
                for group in source.groups
            ],
        )


class Sources(Answer):
    """All sources of the site."""

    sources: list[Source]
