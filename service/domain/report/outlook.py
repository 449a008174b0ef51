"""The forecast as a report tells it."""

from __future__ import annotations

from service.domain.forecast.outlook import PERIODS, Forecast, Outlook, Reason
from service.domain.report import content
from service.domain.report.content import Absence, ForecastPart, Missing

BAND = 0.8
WHY = {
    Reason.SHORT_HISTORY: Absence.SHORT_HISTORY,
    Reason.MOSTLY_UNKNOWN: Absence.MOSTLY_UNKNOWN,
}


def forecast_part(forecast: Forecast) -> ForecastPart | Missing:
    """Every period of which there is an outlook; Missing with the reason when there is none."""
    told, why = [], Absence.NOT_KEPT
    for window in PERIODS:
        found = forecast.outlooks.get(window)
        if isinstance(found, Outlook):
            band = next(b for b in found.bands if b.share == BAND)
            told.append(
                content.Outlook(
                    window,
                    found.period.start_ns,
                    found.period.end_ns,
                    found.period.produced_kg,
                    found.period.target_kg,
                    found.median_kg,
                    band.low_kg,
                    band.high_kg,
                    found.p_target,
                )
            )
        elif found is not None:
            why = WHY[found]
    return ForecastPart(forecast.origin_ns, tuple(told)) if told else Missing(why)
