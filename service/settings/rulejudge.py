"""What can be wrong between the fields of one rule.

Stages or meters that are None are not known for sure, and nothing is held against them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.domain.line import Meter, MeterKind, Stage
from service.settings.document import Document
from service.settings.explain import Where
from service.settings.problems import plain
from service.settings.ruletables import (
    BalanceTable,
    DriftTable,
    ForecastMissTable,
    MissedRunTable,
    OffCurveTable,
    ThroughputTable,
)


def judge_history(document: Document, table: DriftTable, where: Where) -> None:
    """Notes a rule that needs more history than it looks at."""
    if table.min_days > table.history_days:
        document.problem(
            (*where, "min_days"),
            expected=f"at most history_days, which is {plain(table.history_days)}",
            found=plain(table.min_days),
            remedy="ask for less, or look further back",
        )


def judge_balance(
    document: Document, table: BalanceTable, where: Where, stages: Mapping[str, Stage] | None
) -> None:
    """Notes stages that nothing feeds, and a stock that is worth more than the balance."""
    fed = {id_ for stage in (stages or {}).values() for id_ in stage.feeds}
    for n, id_ in enumerate(table.stages):
        if stages is not None and id_ in stages and id_ not in fed:
            document.problem(
                (*where, "stages", n),
                expected="a stage that another one feeds",
                found=f"{id_}, which is in no stage's feeds",
                remedy="take it out: nothing measures what comes to it",
            )
    least_pct = 100.0 * table.stock_h / (24.0 * table.window_days)
    if least_pct >= table.useful_pct:
        document.problem(
            (*where, "window_days"),
            expected=f"a window in which {plain(table.stock_h)} h of stock (stock_h) are less "
            f"than {plain(table.useful_pct)} % of the flow (useful_pct)",
            found=f"{plain(table.window_days)}, of which they are {least_pct:.1f} %",
            remedy="take a longer window, or the rule can never judge",
        )


def judge_energy(
    document: Document,
    table: MissedRunTable | OffCurveTable,
    where: Where,
    meters: Sequence[Meter] | None,
) -> None:
    """Notes stages whose runs no energy meter tells; without tags there are no meters."""
    if meters is None:
        return
    told = {meter.stage for meter in meters if meter.kind is MeterKind.ENERGY}
    for n, id_ in enumerate(table.stages):
        if id_ not in told:
            document.problem(
                (*where, "stages", n),
                expected='stages with meters of kind "energy", which tell of runs',
                found=f"{id_}, which has none",
                remedy="take it out, or add its energy meters in site.toml",
            )


def judge_curve(document: Document, table: OffCurveTable, where: Where) -> None:
    """Notes a curve whose hours do not rise from 0, and a window that no run fills."""
    hours = [hour for hour, _ in table.curve_mw]
    for n, hour in enumerate(hours):
        if n == 0 and hour != 0.0:
            document.problem(
                (*where, "curve_mw", n, 0),
                expected="0, at which the run gets power",
                found=plain(hour),
                remedy="begin the curve at hour 0",
            )
        elif n and hour <= hours[n - 1]:
            document.problem(
                (*where, "curve_mw", n, 0),
                expected=f"more hours than at the point before, {plain(hours[n - 1])}",
                found=plain(hour),
                remedy="write [hours, MW] in the order of time, each hour once",
            )
    if table.window_h >= hours[-1]:
        document.problem(
            (*where, "window_h"),
            expected=f"less than the last hour of curve_mw, {plain(hours[-1])}",
            found=plain(table.window_h),
            remedy="take a shorter window, or no run ever fills it",
        )


def judge_deadband(document: Document, table: ThroughputTable, where: Where) -> None:
    """Notes a deadband that leaves nothing below plan."""
    if table.deadband_pct >= table.below_pct:
        document.problem(
            (*where, "deadband_pct"),
            expected=f"less than below_pct, which is {plain(table.below_pct)}",
            found=plain(table.deadband_pct),
            remedy="make it smaller, or the alarm goes only above plan",
        )


def judge_return(document: Document, table: ForecastMissTable, where: Where) -> None:
    """Notes a deadband that no chance reaches."""
    if table.below_pct + table.deadband_pct >= 100.0:
        document.problem(
            (*where, "deadband_pct"),
            expected=f"less than 100 - below_pct, which is {plain(100.0 - table.below_pct)}",
            found=plain(table.deadband_pct),
            remedy="make it smaller, or the alarm never goes",
        )
