"""Losses and indicators for the API and the reports: sums of the shifts that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from service.domain.entries.quality import good_kg, scrap_kg
from service.domain.instants import MINUTE_NS
from service.domain.kpi import Known
from service.domain.losses.entries import ReasonEntry, version_of
from service.domain.losses.reasons import Reason
from service.domain.losses.shifts import Piece, ShiftLosses
from service.domain.losses.sums import (
    LossEvent,
    bottleneck_shares,
    stage_sums,
    whole_events,
)
from service.runtime.entries import Entries
from service.runtime.lossbook import KpiView, LossesView, Period, StageKpis, ToldEvent
from service.runtime.losses import Losses, NoSuchEvent
from service.state.losses import StateLosses


class CoreLosses:
    """Implements ``service.runtime.lossbook.LossBook``."""

    def __init__(self, losses: Losses, kept: StateLosses, entries: Entries) -> None:
        self._losses = losses
        self._kept = kept
        self._entries = entries

    async def losses(self, start_ns: int, end_ns: int) -> LossesView:
        """What was lost in the shifts that overlap [start_ns, end_ns)."""
        shifts = await self._kept.shifts(start_ns, end_ns)
        spans = self._losses.calendar.shifts_between(start_ns, end_ns)
        pieces = [p for shift in shifts for span in shift.stages.values() for p in span.pieces]
        events = [
            await self._as_now(event, spans[0].start_ns) for event in reversed(whole_events(pieces))
        ]
        first_ns = min((e.began_ns for e in events), default=start_ns)
        said = await self._kept.statements(first_ns, max([end_ns, *(e.end_ns for e in events)]))
        return LossesView(
            spans[0].start_ns,
            spans[-1].end_ns,
            shifts[-1].through_ns if shifts else None,
            stage_sums(shifts),
            [_told(event, said) for event in events],
        )

    async def kpis(self, period: Period, start_ns: int, end_ns: int) -> list[KpiView]:
        """Indicators of every shift, day or month that overlaps [start_ns, end_ns)."""
        start_ns, end_ns = self._widened(period, start_ns, end_ns)
        shifts = await self._kept.shifts(start_ns, end_ns)
        return [
            self._view(period, list(group))
            for _, group in groupby(shifts, key=lambda s: self._key(period, s.span.start_ns))
        ]

    async def explain(
        self, event: str, *, reason: Reason | None, comment: str, by: str, seen_version: int
    ) -> ToldEvent:
        """Gives an event its reason; None takes back what was said."""
        unit, _, minute = event.rpartition(".")
        if not unit or not minute.isascii() or not minute.isdigit() or len(minute) > 10:
            raise NoSuchEvent(f"there is no event {event[:60]!r}; GET /api/v1/losses lists them")
        pieces = await self._losses.say(
            unit, int(minute) * MINUTE_NS,
            reason=reason, comment=comment, by=by, seen_version=seen_version,
        )  # fmt: skip
        now = _only(pieces)
        return _told(now, await self._kept.said(now.unit, now.began_ns, now.end_ns))

    async def _as_now(self, event: LossEvent, since_ns: int) -> LossEvent:
        """The whole event, which may reach further than the span that it was found in."""
        if not event.open and event.began_ns >= since_ns:
            return event
        pieces = await self._kept.event(event.unit, event.end_ns - MINUTE_NS)
        return _only(pieces) if pieces else event

    def _view(self, period: Period, shifts: Sequence[ShiftLosses]) -> KpiView:
        start_ns, end_ns = shifts[0].span.start_ns, shifts[-1].span.end_ns
        if period is not Period.SHIFT:
            start_ns, end_ns = self._widened(period, start_ns, start_ns + 1)
        stages = {
            stage: StageKpis(one, one.indicators(good_kg=self._good_kg(stage, one.time.made_kg,
                                                                       start_ns, end_ns)))
            for stage, one in stage_sums(shifts).items()
        }  # fmt: skip
        return KpiView(
            start_ns,
            end_ns,
            shifts[-1].through_ns,
            shifts[0].span.shift.id if period is Period.SHIFT else None,
            stages,
            bottleneck_shares(shifts),
        )

    def _good_kg(self, stage: str, made_kg: float, start_ns: int, end_ns: int) -> Known:
        """What was made less what people entered as scrap; None while nobody has entered any."""
        scrap = scrap_kg(self._entries.standing, stage, start_ns=start_ns, end_ns=end_ns)
        return good_kg(made_kg, scrap) if scrap else None

    def _key(self, period: Period, start_ns: int) -> tuple[date, int]:
        """Equal for shifts of one period."""
        day = self._losses.calendar.local_day(start_ns)
        if period is Period.SHIFT:
            return day, start_ns
        return (day if period is Period.DAY else day.replace(day=1)), 0

    def _widened(self, period: Period, start_ns: int, end_ns: int) -> tuple[int, int]:
        """[start_ns, end_ns) to whole days or months."""
        if period is Period.SHIFT:
            return start_ns, end_ns
        first = self._losses.calendar.local_day(start_ns)
        last = self._losses.calendar.local_day(end_ns - 1)
        if period is Period.DAY:
            return self._losses.calendar.start_of(first), self._losses.calendar.start_of(
                _next_day(last)
            )
        return (
            self._losses.calendar.start_of(first.replace(day=1)),
            self._losses.calendar.start_of(_next_month(last)),
        )


def _only(pieces: Sequence[Piece]) -> LossEvent:
    """The event of pieces that belong to one."""
    (event,) = whole_events(pieces)
    return event


def _told(event: LossEvent, said: Sequence[ReasonEntry]) -> ToldEvent:
    return ToldEvent(event, version_of(said, event.unit, event.began_ns, event.end_ns))


def _next_day(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
