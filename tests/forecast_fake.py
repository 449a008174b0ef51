"""A forecast as the API is given one, without a plant behind it."""

from __future__ import annotations

from service.domain.forecast.change import Change
from service.domain.forecast.outlook import Band, Basis, Forecast, Open, Outlook, Reason
from service.domain.instants import DAY_NS, HOUR_NS
from service.domain.plan import Window
from service.runtime.forecast import Explained, ForecastView


class FakeForecasts:
    """Implements ForecastBook with one forecast: the shift's, the month's with its change, and of
    the year too little is known."""

    def __init__(self, now_ns: int) -> None:
        outlooks: dict[Window, Outlook | Reason] = {
            Window.SHIFT: outlook(now_ns, 2.0, 0.9),
            Window.MONTH: outlook(now_ns, 500.0, 0.25),
            Window.YEAR: Reason.MOSTLY_UNKNOWN,
        }
        change = Change(-9_000.0, 1_000.0, -2_000.0, 0.0, 500.0)
        month = Explained(now_ns - DAY_NS, 0.5, 3.9e6, change)
        made = Forecast(now_ns, 400, outlooks)
        self.view: ForecastView | None = ForecastView(made, {Window.MONTH: month})

    def now(self) -> ForecastView | None:
        return self.view


def outlook(now_ns: int, left_h: float, p_target: float) -> Outlook:
    """Of a period of which 6 hours are over and ``left_h`` remain."""
    end_ns = now_ns + int(left_h * HOUR_NS)
    period = Open(now_ns - 6 * HOUR_NS, end_ns, 48_000.0, 6.0, 0.0, left_h, 4e6)
    basis = Basis(48_000.0, 6.0, left_h, 9_000.0, 0.95, -400.0)
    bands = (Band(0.5, 3.9e6, 4.1e6), Band(0.8, 3.8e6, 4.2e6), Band(0.9, 3.7e6, 4.3e6))
    return Outlook(period, basis, 4e6, bands, p_target)
