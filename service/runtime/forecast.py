"""The forecast of the plant's output, made anew every hour from the closed minutes, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from service.domain.arrays import Float64s
from service.domain.forecast.change import Change, change
from service.domain.forecast.hours import Hours, planned_hours
from service.domain.forecast.outlook import Forecast, Outlook
from service.domain.forecast.standing import PAST_H, forecast_of
from service.domain.instants import DAY_NS, HOUR_NS
from service.domain.plan import Window
from service.domain.production.book import ProductionBook
from service.runtime.clock import Clock
from service.runtime.losses import Closing
from service.runtime.progress import Progress
from service.runtime.retry import until_done

KEPT_NS = 40 * DAY_NS
"""Older forecasts are forgotten."""
AT_HAND_NS = 8 * DAY_NS
"""So far back a rule that catches up may ask."""
CURRENT_NS = 3 * HOUR_NS
"""An older forecast says nothing of now."""
YESTERDAY_NS = DAY_NS
SLACK_NS = 6 * HOUR_NS
"""Where there is none of just a day ago, one that is so much older will do."""


class ForecastStore(Protocol):
    """Where forecasts are kept, and what the past made. Called by one task; raises Retryable when
    the state can't be used now."""

    async def since(self, from_ns: int) -> Sequence[Forecast]:
        """Those with an origin from ``from_ns`` on, in order of time."""
        ...

    async def keep(self, forecast: Forecast, *, forget_before_ns: int) -> None:
        """Keeps ``forecast`` and forgets those with an earlier origin, all or nothing."""
        ...

    async def made(self, meters: Sequence[str], first: int, end: int) -> tuple[Float64s, Float64s]:
        """Known kg of ``meters`` together in each hour of [first, end), since 1970, and the known
        share of each, 0 to 1; both of shape (end − first,)."""
        ...


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a period's outlook is not that of ``since_ns``, a day before. p_before: its P(≥ target)
    then; target_before_kg: the target then."""

    since_ns: int
    p_before: float
    target_before_kg: float
    change: Change


@dataclass(frozen=True, slots=True)
class ForecastView:
    """The newest forecast; explained: by period, for those that were on a day before."""

    forecast: Forecast
    explained: Mapping[Window, Explained]


class ForecastBook(Protocol):
    """The forecast. Called concurrently; must not block."""

    def now(self) -> ForecastView | None:
        """The newest one; None before the first."""
        ...


class Forecasts:
    """Makes a forecast at every whole hour that accounting closed; ``made`` counts them."""

    def __init__(
        self,
        book: ProductionBook,
        accounting: Closing,
        store: ForecastStore,
        clock: Clock,
        *,
        site: str,
    ) -> None:
        self._book = book
        self._accounting = accounting
        self._store = store
        self._clock = clock
        self._site = site
        self._at_hand: list[Forecast] = []
        self._earlier: tuple[int, Hours] | None = None
        self.made = Progress()

    async def load(self) -> None:
        """Takes up what was kept; before ``run``."""
        closed_ns = self._accounting.closed_ns
        if closed_ns is not None:
            self._at_hand = list(await self._store.since(closed_ns - AT_HAND_NS))

    async def run(self) -> None:
        """Follows the closed minutes for ever."""
        while True:
            seen = self._accounting.commits.value
            await self.catch_up()
            await self._accounting.commits.until(seen + 1)

    async def catch_up(self) -> None:
        """Makes the forecast of the last closed hour, unless there is one."""
        closed_ns = self._accounting.closed_ns
        if closed_ns is None:
            return
        origin_ns = closed_ns // HOUR_NS * HOUR_NS
        if self._at_hand and self._at_hand[-1].origin_ns >= origin_ns:
            return
        earlier = await self._before_the_book(origin_ns)
        made = await asyncio.to_thread(forecast_of, self._book, earlier, origin_ns, site=self._site)
        keep = partial(self._store.keep, made, forget_before_ns=origin_ns - KEPT_NS)
        await until_done(keep, what="forecast", clock=self._clock)
        oldest_ns = origin_ns - AT_HAND_NS
        self._at_hand = [one for one in self._at_hand if one.origin_ns >= oldest_ns] + [made]
        self.made.step()

    def now(self) -> ForecastView | None:
        """The newest forecast and why it changed since the day before."""
        if not self._at_hand:
            return None
        newest = self._at_hand[-1]
        before = self._at(newest.origin_ns - YESTERDAY_NS, within_ns=SLACK_NS)
        return ForecastView(newest, {} if before is None else explained(before, newest))

    def p_target(self, period: Window, end_ns: int) -> float | None:
        """P(≥ target) of ``period`` as it was known at ``end_ns``; None when it was not."""
        found = self._at(end_ns, within_ns=CURRENT_NS)
        outlook = None if found is None else found.outlooks.get(period)
        if not isinstance(outlook, Outlook) or outlook.period.end_ns <= end_ns:
            return None
        return outlook.p_target

    def as_of(self, time_ns: int) -> Forecast | None:
        """The newest forecast of before ``time_ns`` that still said something of it then."""
        return self._at(time_ns, within_ns=CURRENT_NS)

    def _at(self, time_ns: int, *, within_ns: int) -> Forecast | None:
        """The newest forecast of [time_ns − within_ns, time_ns]."""
        for one in reversed(self._at_hand):
            if one.origin_ns <= time_ns:
                return one if one.origin_ns >= time_ns - within_ns else None
        return None

    async def _before_the_book(self, origin_ns: int) -> Hours:
        """Hours that lie before the book; they are read once for each of its spans."""
        end = -(-self._book.first_ns // HOUR_NS)
        if self._earlier is None or self._earlier[0] != end:
            first = min(origin_ns // HOUR_NS - PAST_H, end)
            line = self._book.line
            meters = [meter.id for meter in line.meters_by_stage[line.output_stage]]
            read = partial(self._store.made, meters, first, end)
            kg, known = await until_done(read, what="production before the book", clock=self._clock)
            self._earlier = end, planned_hours(first, kg, known, self._book.plan.calendar)
        return self._earlier[1]


def explained(before: Forecast, after: Forecast) -> dict[Window, Explained]:
    """The change of each period that both tell of."""
    found = {}
    for window, now in after.outlooks.items():
        was = before.outlooks.get(window)
        if (
            isinstance(now, Outlook)
            and isinstance(was, Outlook)
            and was.period.start_ns == now.period.start_ns
        ):
            parts = change(was.basis, now.basis)
            target_kg = was.period.target_kg
            found[window] = Explained(before.origin_ns, was.p_target, target_kg, parts)
    return found
