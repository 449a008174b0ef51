"""Rules on production as a replay of the past judges them, held against the live judgement."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.alarm import Transition
from service.domain.backtest.grid import Grid
from service.domain.backtest.inputs import Past
from service.domain.backtest.replay import replay
from service.domain.definitions import Definitions
from service.domain.production.book import ProductionBook
from service.runtime.alarms import AlarmStates
from service.runtime.watch_production import ProductionRules


def replayed(definitions: Definitions, book: ProductionBook, grid: Grid) -> Sequence[Transition]:
    """What the alarms of stages did over ``grid``, by time; AssertionError when the replay of one
    differs from what was told live, minute by minute."""
    states = AlarmStates(definitions.all())
    live = ProductionRules(definitions, book, states)
    for end_ns in grid.ends_ns.tolist():
        live.judge(end_ns)
    told = [(definition.id, transition) for definition, transition, _ in states.taken()[1]]
    past = Past(book, grid)
    for alarm in definitions.stages:
        found = replay(alarm.definition, past.inputs(alarm))[1]
        assert list(found) == [one for of, one in told if of == alarm.definition.id]
    return [one for _, one in told]
