"""rules.toml: the alarm rules, held against the stages, tags and connectors that they name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from service.domain.definitions import watches
from service.domain.line import Line, Meter
from service.domain.plan import Window
from service.domain.rules import (
    BadQualityRule,
    BalanceRule,
    ClockRule,
    CommunicationRule,
    CounterRule,
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
from service.settings.problems import choose, plain, shown
from service.settings.rulejudge import judge_balance, judge_curve, judge_energy, judge_history
from service.settings.ruletables import (
    BadQualityTable,
    BalanceTable,
    ClockTable,
    CommunicationTable,
    CounterTable,
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
    "counter": CounterTable,
    "stuck": StuckTable,
    "clock": ClockTable,
}


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
    ) -> None:
        self._document = document
        self._stages = None if line is None else line.stage_by_id
        self._meters = None if line is None else (*line.meters, *line.energy)
        self._tags = tags
        self._connectors = connectors
        self._ids: dict[str, str] = {}
        self._limited: dict[tuple[str, str], str] = {}

    def read(self) -> tuple[Rule, ...]:
        """The rules that are right, in the order of their kinds and of the file."""
        if not self._document.is_readable:
            return ()
        self._document.only(list(TABLES))
        rules: list[Rule] = []
        for key, model in TABLES.items():
            example = f"[[{key}]] with id and priority"
            tables = self._document.array(key, example=example, required=False)
            for at, data in enumerate(tables):
                table = self._document.section(model, data, (key, at))
                if table is not None:
                    self._once(table, (key, at))
                    rules.append(self._rule(table, (key, at)))
        return tuple(rules)

    def _rule(self, table: RuleTable, where: Where) -> Rule:
        """The table as the domain has it, after its references are judged."""
        match table:
            case ThroughputTable():
                self._judge_stages(table.stages, where, hourly=table.window is Window.HOUR)
                self._judge_deadband(table, where)
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
                self._judge_stages(table.stages, where, hourly=False)
                return ShiftShortfallRule(
                    id=table.id,
                    stages=table.stages,
                    below_pct=table.below_pct,
                    priority=table.priority,
                    timing=table.timing,
                    max_unknown_share=table.max_unknown_share,
                )
            case DriftTable():
                self._judge_stages(table.stages, where, hourly=False)
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
                self._judge_return(table, where)
                return ForecastMissRule(
                    id=table.id,
                    period=Window(table.period),
                    below_pct=table.below_pct,
                    deadband_pct=table.deadband_pct,
                    priority=table.priority,
                    timing=table.timing,
                )
            case BalanceTable():
                self._judge_stages(table.stages, where, hourly=False)
                judge_balance(self._document, table, where, self._stages)
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
                self._judge_stages(table.stages, where, hourly=False)
                judge_energy(self._document, table, where, self._told_by())
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
                self._judge_stages(table.stages, where, hourly=False)
                judge_energy(self._document, table, where, self._told_by())
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
                self._judge_limit(table, where)
                return LimitRule(table.id, table.limit, table.tags, table.priority, table.timing)
            case BadQualityTable():
                self._judge_tags(table.tags, where)
                return BadQualityRule(table.id, table.tags, table.priority, table.timing)
            case StaleTable():
                self._judge_tags(table.tags, where)
                return StaleRule(table.id, table.tags, table.cycles, table.priority, table.timing)
            case CounterTable():
                rule = CounterRule(table.id, table.event, table.tags, table.priority, table.timing)
                self._judge_meters(rule, where)
                return rule
            case StuckTable():
                stuck = StuckRule(table.id, table.tags, table.priority, table.timing)
                self._judge_meters(stuck, where)
                return stuck
            case ClockTable():
                names = self._judge_connectors(table.connectors, where)
                return ClockRule(table.id, names, table.priority, table.timing)
            case CommunicationTable():
                names = self._judge_connectors(table.connectors, where)
                return CommunicationRule(table.id, names, table.priority, table.timing)
            case _:
                raise TypeError(f"no rule is made of {type(table).__name__}; add it here")

    def _told_by(self) -> Sequence[Meter] | None:
        """The meters, unless they are not known for sure: without tags there are none."""
        return None if self._tags is None else self._meters

    def _once(self, table: RuleTable, where: Where) -> None:
        other = self._ids.setdefault(table.id, self._document.field(where))
        if other != self._document.field(where):
            self._document.problem(
                (*where, "id"),
                expected=f"an id other than that of {other}",
                found=shown(table.id),
                remedy="give each rule its own id",
            )

    def _judge_stages(self, ids: Sequence[str], where: Where, *, hourly: bool) -> None:
        for n, id_ in enumerate(ids):
            if self._stages is None:
                return
            stage = self._stages.get(id_)
            if stage is None:
                self._document.problem(
                    (*where, "stages", n),
                    expected="the id of a stage in site.toml",
                    found=shown(id_),
                    remedy=choose(id_, self._stages),
                )
            elif hourly and not stage.hourly:
                self._document.problem(
                    (*where, "stages", n),
                    expected="stages whose hour means something",
                    found=f"{id_}, which has hourly = false in site.toml",
                    remedy="take a longer window for it, e.g. 7d",
                )

    def _judge_deadband(self, table: ThroughputTable, where: Where) -> None:
        if table.deadband_pct >= table.below_pct:
            self._document.problem(
                (*where, "deadband_pct"),
                expected=f"less than below_pct, which is {plain(table.below_pct)}",
                found=plain(table.deadband_pct),
                remedy="make it smaller, or the alarm goes only above plan",
            )

    def _judge_return(self, table: ForecastMissTable, where: Where) -> None:
        if table.below_pct + table.deadband_pct >= 100.0:
            self._document.problem(
                (*where, "deadband_pct"),
                expected=f"less than 100 - below_pct, which is {plain(100.0 - table.below_pct)}",
                found=plain(table.deadband_pct),
                remedy="make it smaller, or the alarm never goes",
            )

    def _judge_tags(self, patterns: Sequence[str], where: Where) -> None:
        for n, pattern in enumerate(patterns):
            if self._tags is not None and not _matching(pattern, self._tags):
                self._no_tag(pattern, (*where, "tags", n), self._tags)

    def _judge_meters(self, rule: CounterRule | StuckRule, where: Where) -> None:
        """Notes patterns that match no meter of which the rule has anything to say."""
        self._judge_tags(rule.tags, where)
        if self._meters is None or self._tags is None:
            return
        needed = "stuck_s in site.toml" if isinstance(rule, StuckRule) else f"a {rule.event}"
        tags = [meter.tag for meter in self._meters if watches(rule, meter)]
        for n, pattern in enumerate(rule.tags):
            if not any(fnmatchcase(tag, pattern) for tag in tags):
                self._document.problem(
                    (*where, "tags", n),
                    expected=f"tags of meters that have {needed}",
                    found=f"{shown(pattern)}, which matches none that has",
                    remedy=choose(pattern, tags, otherwise="correct the pattern or the meter"),
                )

    def _judge_limit(self, table: LimitTable, where: Where) -> None:
        """Notes patterns that match no tag with this limit, or only tags of earlier rules."""
        if self._tags is None:
            return
        for n, pattern in enumerate(table.tags):
            matching = _matching(pattern, self._tags)
            limited = [tag for tag in matching if getattr(tag.limits, table.limit) is not None]
            if not matching:
                self._no_tag(pattern, (*where, "tags", n), self._tags)
            elif not limited:
                self._document.problem(
                    (*where, "tags", n),
                    expected=f"tags that have a limit {table.limit} in tags.csv",
                    found=f"{shown(pattern)}, which matches none that has",
                    remedy=f"fill in column {table.limit} in tags.csv, or remove the pattern",
                )
            first = {self._limited.setdefault((tag.id, table.limit), table.id) for tag in limited}
            if limited and table.id not in first:
                self._document.problem(
                    (*where, "tags", n),
                    expected=f"tags that no earlier rule watches for {table.limit}",
                    found=f"{shown(pattern)}, all watched by {', '.join(sorted(first))}",
                    remedy=f"move rule {table.id} before it, or remove the pattern",
                )

    def _no_tag(self, pattern: str, where: Where, tags: Sequence[Tag]) -> None:
        self._document.problem(
            where,
            expected="a tag of tags.csv, or a pattern that matches some",
            found=shown(pattern),
            remedy=choose(
                pattern, [tag.id for tag in tags], otherwise="correct the tag or pattern"
            ),
        )

    def _judge_connectors(self, patterns: Sequence[str], where: Where) -> tuple[str, ...]:
        """The connectors' names that the patterns stand for."""
        if self._connectors is None:
            return tuple(patterns)
        names: dict[str, None] = {}
        for n, pattern in enumerate(patterns):
            matching = [name for name in self._connectors if fnmatchcase(name, pattern)]
            names.update(dict.fromkeys(matching))
            if not matching:
                self._document.problem(
                    (*where, "connectors", n),
                    expected="a connector of site.toml",
                    found=shown(pattern),
                    remedy=choose(pattern, self._connectors),
                )
        return tuple(names)


def _matching(pattern: str, tags: Sequence[Tag]) -> list[Tag]:
    return [tag for tag in tags if fnmatchcase(tag.id, pattern)]
