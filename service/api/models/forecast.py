"""The forecast on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.common import Answer
from service.api.models.line import KG_PER_T
from service.domain.forecast import outlook
from service.domain.forecast.forecast import LEAST_H
from service.domain.forecast.outlook import Outlook, Reason
from service.domain.plan import Window
from service.runtime.forecast import Explained, ForecastView


class Band(Answer):
    """``share`` of the possible futures end with low_t to high_t. Bands are calibrated: of many
    forecasts that share comes so."""

    share: float = Field(gt=0, lt=1)
    low_t: float
    high_t: float

    @classmethod
    def of(cls, band: outlook.Band) -> Band:
        return cls(share=band.share, low_t=band.low_kg / KG_PER_T, high_t=band.high_kg / KG_PER_T)


class ForecastChange(Answer):
    """Why the expected total is not that of a day before; the parts sum to total_t."""

    since: Instant = Field(description="origin of the forecast that is compared with")
    p_target_before: float = Field(ge=0, le=1)
    target_before_t: float = Field(description="the plan of the period then")
    total_t: float
    produced_t: float = Field(
        description="what was made in the hours that became known, against what was expected of "
        "them"
    )
    rate_t: float = Field(description="it is now thought to make more or less while it runs")
    availability_t: float = Field(description="it is now thought to run more or less of its time")
    calendar_t: float = Field(description="planned hours came or went")
    now_t: float = Field(description="it stands, or runs well, at the moment")

    @classmethod
    def of(cls, explained: Explained) -> ForecastChange:
        parts = explained.change
        return cls(
            since=iso(explained.since_ns),
            p_target_before=explained.p_before,
            target_before_t=explained.target_before_kg / KG_PER_T,
            total_t=parts.total_kg / KG_PER_T,
            produced_t=parts.produced_kg / KG_PER_T,
            rate_t=parts.rate_kg / KG_PER_T,
            availability_t=parts.availability_kg / KG_PER_T,
            calendar_t=parts.calendar_kg / KG_PER_T,
            now_t=parts.now_kg / KG_PER_T,
        )


class PeriodForecast(Answer):
    """What a period [start, end) will have made by its end, in tonnes of the plant's output."""

    start: Instant
    end: Instant
    target_t: float = Field(description="the plan of the whole period")
    produced_t: float = Field(description="what is known to have been made so far")
    unknown_h: float = Field(description="planned hours that passed and are unknown: drawn, not 0")
    left_h: float = Field(description="planned hours that remain")
    expected_t: float
    median_t: float
    bands: list[Band] = Field(description="narrowest first")
    p_target: float = Field(ge=0, le=1, description="chance that target_t is reached")
    rate_t_per_h: float = Field(description="expected while the plant runs")
    availability: float = Field(ge=0, le=1, description="share of planned hours in which it runs")
    change: ForecastChange | None = Field(
        description="null when no forecast of this period is a day old"
    )

    @classmethod
    def of(cls, said: Outlook, explained: Explained | None) -> PeriodForecast:
        period, basis = said.period, said.basis
        return cls(
            start=iso(period.start_ns),
            end=iso(period.end_ns),
            target_t=period.target_kg / KG_PER_T,
            produced_t=period.produced_kg / KG_PER_T,
            unknown_h=period.unknown_h,
            left_h=period.left_h,
            expected_t=basis.expected_kg / KG_PER_T,
            median_t=said.median_kg / KG_PER_T,
            bands=[Band.of(band) for band in said.bands],
            p_target=said.p_target,
            rate_t_per_h=basis.rate_kg_per_h / KG_PER_T,
            availability=basis.availability,
            change=None if explained is None else ForecastChange.of(explained),
        )


class NoForecast(Answer):
    """Why a period has no forecast: short_history (fewer than 336 planned hours are known), or
    mostly_unknown (of its planned time so far less than half is known)."""

    reason: Reason


class ForecastNow(Answer):
    """The newest forecast. origin: the whole hour at which it was made; null before the first, and
    then so is every period. history_h: known planned hours that it rests on; needed_h: how many it
    takes."""

    origin: Instant | None
    history_h: int
    needed_h: int = LEAST_H
    shift: PeriodForecast | NoForecast | None
    month: PeriodForecast | NoForecast | None
    year: PeriodForecast | NoForecast | None

    @classmethod
    def of(cls, view: ForecastView | None) -> ForecastNow:
        if view is None:
            return cls(origin=None, history_h=0, shift=None, month=None, year=None)

        def said(window: Window) -> PeriodForecast | NoForecast:
            found = view.forecast.outlooks[window]
            if isinstance(found, Outlook):
                return PeriodForecast.of(found, view.explained.get(window))
            return NoForecast(reason=found)

        return cls(
            origin=iso(view.forecast.origin_ns),
            history_h=view.forecast.history_h,
            shift=said(Window.SHIFT),
            month=said(Window.MONTH),
            year=said(Window.YEAR),
        )
