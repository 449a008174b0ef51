"""Alarm floods on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso_or_none
from service.api.models.common import Answer
from service.runtime.floods import FloodView


class Flood(Answer):
    """One operator position. since: since when a flood lasts; null without one."""

    position: str
    stages: list[str] = Field(description="empty: those that no other position has")
    since: Instant | None
    alarms: int = Field(description="announced in this flood so far; 0 without one")
    recent: int = Field(description="announced in the last window; counted up to the limit")

    @classmethod
    def of(cls, one: FloodView) -> Flood:
        return cls(
            position=one.position,
            stages=list(one.stages),
            since=iso_or_none(one.since_ns),
            alarms=one.alarms,
            recent=one.recent,
        )


class Floods(Answer):
    """Every operator position of the site."""

    positions: list[Flood]
