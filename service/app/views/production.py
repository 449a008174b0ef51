"""Production against plan for the API, computed after every closed minute, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.app.core import Core
from service.domain.line import Stage
from service.domain.plan import Window
from service.domain.production.book import ProductionBook, StageWindow
from service.runtime.planning import NEARLY_ALL
from service.runtime.views import SHOWN_WINDOWS, ProductionView, StageState, StageView

LOW_PCT = -10.0
"""A stage this far below what is required shows as low."""
STOPPED_PCT = -98.0
MOSTLY = 0.5
"""With less of its window known a stage's rate is unknown."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is computed once a minute."""

    closed_ns: int
    stages: Mapping[str, StageView]
    catch_up_t_per_h: float | None


class CoreProduction:
    """Implements ``service.runtime.views.Production``; ``run`` keeps the figures up to date."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._figures: Figures | None = None

    async def run(self) -> None:
        """Computes the figures whenever accounting closed minutes, for ever."""
        while True:
            seen = self._core.accounting.commits.value
            self._figures = await asyncio.to_thread(figures, self._core.book)
            await self._core.accounting.commits.until(seen + 1)

    def now(self) -> ProductionView:
        """The line at this moment."""
        now_ns = self._core.clock.now_ns()
        plan = self._core.book.plan
        made = self._figures
        if made is None:
            made = Figures(0, {s.id: _empty(s, self._core.book) for s in self._stages()}, None)
        stages = [self._aged(made.stages[stage.id], now_ns) for stage in self._stages()]
        output = next(s for s in stages if s.id == self._core.book.line.output_stage)
        return ProductionView(
            at_ns=now_ns,
            closed_through_ns=made.closed_ns or None,
            planned_now=plan.calendar.is_planned(now_ns),
            catch_up_t_per_h=made.catch_up_t_per_h,
            stages=stages,
            output=output,
        )

    def _stages(self) -> tuple[Stage, ...]:
        return self._core.book.line.stages

    def _aged(self, stage: StageView, now_ns: int) -> StageView:
        """``stage`` with whether its meters' sources are still heard."""
        since = None
        for group in {m.item_group for m in self._core.book.line.meters_by_stage[stage.id]}:
            until_ns = self._core.live.covered_until_ns(group)
            if until_ns is None or now_ns - until_ns > self._core.absence.patience_ns(group):
                since = min(x for x in (since, until_ns or 0) if x is not None)
        if since is None:
            return stage
        return replace(stage, stale_since_ns=since, state=StageState.UNKNOWN)


def figures(book: ProductionBook) -> Figures | None:
    """Every stage's windows as they stand at the last closed minute; None before the first."""
    closed_ns = book.closed_ns
    if closed_ns is None:
        return None
    stages = {stage.id: _view(stage, book, closed_ns) for stage in book.line.at(closed_ns).stages}
    year = stages[book.line.output_stage].windows[Window.YEAR]
    catch_up = None
    if year.actual_kg is not None and year.known_share >= NEARLY_ALL:
        catch_up = book.plan.catch_up_kg_per_h(year.actual_kg, closed_ns)
    return Figures(closed_ns, stages, None if catch_up is None else catch_up / 1_000.0)


def _view(stage: Stage, book: ProductionBook, closed_ns: int) -> StageView:
    windows = {w: _window(stage, book, w, closed_ns) for w in SHOWN_WINDOWS}
    recent = _window(stage, book, Window.HOUR if stage.hourly else Window.DAY_24H, closed_ns)
    return StageView(
        id=stage.id,
        rate_t_per_h=_rate_t_per_h(recent),
        required_t_per_h=_required_t_per_h(stage, book, closed_ns),
        state=_state(recent, planned=book.plan.calendar.is_planned(closed_ns - 1)),
        stale_since_ns=None,
        windows=windows,
    )


def _window(stage: Stage, book: ProductionBook, window: Window, end_ns: int) -> StageWindow:
    found = book.window(stage.id, window, end_ns=end_ns)
    if found is None:
        raise ValueError(f"no window {window} of {stage.id} ends at {end_ns}")
    return found


def _rate_t_per_h(recent: StageWindow) -> float | None:
    """What was made in the known part of the window, per hour of it."""
    if recent.actual_kg is None or recent.known_share < MOSTLY:
        return None
    hours = (recent.end_ns - recent.start_ns) / 3.6e12 * recent.known_share
    return recent.actual_kg / 1_000.0 / hours


def _required_t_per_h(stage: Stage, book: ProductionBook, at_ns: int) -> float:
    return book.plan.rate_at_kg_per_h(at_ns) / stage.finished_eq / 1_000.0


def _state(recent: StageWindow, *, planned: bool) -> StageState:
    if recent.actual_kg is None or recent.known_share < MOSTLY:
        return StageState.UNKNOWN
    deviation = recent.deviation_pct
    if deviation is None or not planned:
        return StageState.OK if recent.actual_kg > 0 else StageState.STOPPED
    if deviation <= STOPPED_PCT:
        return StageState.STOPPED
    return StageState.LOW if deviation < LOW_PCT else StageState.OK


def _empty(stage: Stage, book: ProductionBook) -> StageView:
    """A stage of which nothing is known yet."""
    first_ns = book.first_ns
    nothing = StageWindow(first_ns, first_ns, None, 0.0, 0.0, 0.0)
    return StageView(
        id=stage.id,
        rate_t_per_h=None,
        required_t_per_h=_required_t_per_h(stage, book, first_ns + 20 * 86_400 * 10**9),
        state=StageState.UNKNOWN,
        stale_since_ns=None,
        windows=dict.fromkeys(SHOWN_WINDOWS, nothing),
    )
