"""rules.toml: the alarm rules, held against the stages, tags and connectors that they name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from service.domain.line import Line
from service.domain.plan import Window
from service.domain.rules import (
    BadQualityRule,
    BalanceRule,
    ClockRule,
    CommunicationRule,
    CounterRule,
    DeliveryRule,
    DeviceRule,
    DriftRule,
    ForecastMissRule,
    LimitRule,
    MissedRunRule,
    OffCurveRule,
    Rule,
    ShiftShortfallRule,
    StaleRule,
    StuckRule,
    ThroughputRule,
)
from service.domain.tag import Tag
from service.settings.document import Document
from service.settings.explain import Where
from service.settings.problems import shown
from service.settings.rulejudge import (
    judge_balance,
    judge_curve,
    judge_deadband,
    judge_energy,
    judge_history,
    judge_return,
)
from service.settings.rulerefs import References
from service.settings.ruletables import (
    BadQualityTable,
    BalanceTable,
    ClockTable,
    CommunicationTable,
    CounterTable,
    DeliveryTable,
    DeviceTable,
    DriftTable,
    ForecastMissTable,
    LimitTable,
    MissedRunTable,
    OffCurveTable,
    RuleTable,
    ShiftShortfallTable,
    StaleTable,
    StuckTable,
    ThroughputTable,
)

TABLES: dict[str, type[RuleTable]] = {
    "throughput": ThroughputTable,
    "shift_shortfall": ShiftShortfallTable,
    "drift": DriftTable,
    "forecast_miss": ForecastMissTable,
    "balance": BalanceTable,
    "missed_run": MissedRunTable,
    "off_curve": OffCurveTable,
    "limit": LimitTable,
    "bad_quality": BadQualityTable,
    "stale": StaleTable,
    "communication": CommunicationTable,
    "device": DeviceTable,
    "counter": CounterTable,
    "stuck": StuckTable,
    "clock": ClockTable,
    "delivery": DeliveryTable,
}

_KINDS = {
    "communication": ("communication_lost",),
    "device": ("device_lost",),
    "counter": ("counter_reset", "counter_rollover"),
    "delivery": ("delivery_failing",),
}


def alarm_kinds(table: str) -> tuple[str, ...]:
    """The kinds of alarms that the rules of a table of rules.toml make."""
    return _KINDS.get(table, (table,))


class Rulebook:
    """Reads the rules of one site; problems are noted in ``document``.

    A collection that is None is not known for sure, and nothing is held against it.
    """

    def __init__(
        self,
        document: Document,
        *,
        line: Line | None,
        tags: Sequence[Tag] | None,
        connectors: Collection[str] | None,
        destinations: Collection[str] | None,
    ) -> None:
        self._document = document
        self._of_site = References(
            document, line=line, tags=tags, connectors=connectors, destinations=destinations
        )
        self._ids: dict[str, str] = {}

    def read(self) -> tuple[Rule, ...]:
        """The rules that are right, in the order of their kinds and of the file."""
        if not self._document.is_readable:
            return ()
        self._document.only(list(TABLES))
        rules: list[Rule] = []
        known: list[str] = []
        places: list[tuple[RuleTable, Where]] = []
        for key, model in TABLES.items():
            example = f"[[{key}]] with id and priority"
            tables = self._document.array(key, example=example, required=False)
            for at, data in enumerate(tables):
                known.append(str(data.get("id")))
                table = self._document.section(model, data, (key, at))
                if table is not None:
                    self._once(table, (key, at))
                    rule = self._rule(table, (key, at))
                    rules.append(replace(rule, handling=table.handling))
                    places.append((table, (key, at)))
        for table, where in places:
            others = [id_ for id_ in known if id_ != table.id]
            self._of_site.judge_suppression(table, where, others)
        return tuple(rules)

    def _rule(self, table: RuleTable, where: Where) -> Rule:
        """The table as the domain has it, after its references are judged."""
        of_site = self._of_site
        match table:
            case ThroughputTable():
                of_site.judge_stages(table.stages, where, hourly=table.window is Window.HOUR)
                judge_deadband(self._document, table, where)
                return ThroughputRule(
                    id=table.id,
                    stages=table.stages,
                    window=table.window,
                    below_pct=table.below_pct,
                    deadband_pct=table.deadband_pct,
                    priority=table.priority,
                    timing=table.timing,
                    max_unknown_share=table.max_unknown_share,
                )
            case ShiftShortfallTable():
                of_site.judge_stages(table.stages, where, hourly=False)
                return ShiftShortfallRule(
                    id=table.id,
                    stages=table.stages,
                    below_pct=table.below_pct,
                    priority=table.priority,
                    timing=table.timing,
                    max_unknown_share=table.max_unknown_share,
                )
            case DriftTable():
                of_site.judge_stages(table.stages, where, hourly=False)
                judge_history(self._document, table, where)
                return DriftRule(
                    id=table.id,
                    stages=table.stages,
                    chart=table.chart,
                    false_per_month=table.false_per_month,
                    priority=table.priority,
                    timing=table.timing,
                    history_days=table.history_days,
                    min_days=table.min_days,
                )
            case ForecastMissTable():
                judge_return(self._document, table, where)
                return ForecastMissRule(
                    id=table.id,
                    period=Window(table.period),
                    below_pct=table.below_pct,
                    deadband_pct=table.deadband_pct,
                    priority=table.priority,
                    timing=table.timing,
                )
            case BalanceTable():
                of_site.judge_stages(table.stages, where, hourly=False)
                judge_balance(self._document, table, where, of_site.stages)
                return BalanceRule(
                    id=table.id,
                    stages=table.stages,
                    window_days=table.window_days,
                    scale_pct=table.scale_pct,
                    stock_h=table.stock_h,
                    priority=table.priority,
                    timing=table.timing,
                    useful_pct=table.useful_pct,
                    max_unknown_share=table.max_unknown_share,
                )
            case MissedRunTable():
                of_site.judge_stages(table.stages, where, hourly=False)
                judge_energy(self._document, table, where, of_site.meters)
                return MissedRunRule(
                    id=table.id,
                    stages=table.stages,
                    every_h=table.every_h,
                    tolerance_h=table.tolerance_h,
                    run_mwh=table.run_mwh,
                    priority=table.priority,
                    timing=table.timing,
                )
            case OffCurveTable():
                of_site.judge_stages(table.stages, where, hourly=False)
                judge_energy(self._document, table, where, of_site.meters)
                judge_curve(self._document, table, where)
                return OffCurveRule(
                    id=table.id,
                    stages=table.stages,
                    curve_mw=table.curve_mw,
                    window_h=table.window_h,
                    tolerance_pct=table.tolerance_pct,
                    priority=table.priority,
                    timing=table.timing,
                )
            case LimitTable():
                of_site.judge_limit(table, where)
                return LimitRule(table.id, table.limit, table.tags, table.priority, table.timing)
            case BadQualityTable():
                of_site.judge_tags(table.tags, where)
                return BadQualityRule(table.id, table.tags, table.priority, table.timing)
            case StaleTable():
                of_site.judge_tags(table.tags, where)
                return StaleRule(table.id, table.tags, table.cycles, table.priority, table.timing)
            case CounterTable():
                rule = CounterRule(table.id, table.event, table.tags, table.priority, table.timing)
                of_site.judge_meters(rule, where)
                return rule
            case StuckTable():
                stuck = StuckRule(table.id, table.tags, table.priority, table.timing)
                of_site.judge_meters(stuck, where)
                return stuck
            case ClockTable():
                names = of_site.judge_connectors(table.connectors, where)
                return ClockRule(table.id, names, table.priority, table.timing)
            case CommunicationTable():
                names = of_site.judge_connectors(table.connectors, where)
                return CommunicationRule(table.id, names, table.priority, table.timing)
            case DeliveryTable():
                names = of_site.judge_destinations(table.destinations, where)
                return DeliveryRule(table.id, names, table.priority, table.timing)
            case DeviceTable():
                names = of_site.judge_connectors(table.connectors, where)
                return DeviceRule(
                    table.id, names, table.behind, table.priority, table.timing, table.bad_pct
                )
            case _:
                raise TypeError(f"no rule is made of {type(table).__name__}; add it here")

    def _once(self, table: RuleTable, where: Where) -> None:
        other = self._ids.setdefault(table.id, self._document.field(where))
        if other != self._document.field(where):
            self._document.problem(
                (*where, "id"),
                expected=f"an id other than that of {other}",
                found=shown(table.id),
                remedy="give each rule its own id",
            )
