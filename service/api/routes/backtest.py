"""Backtest: rules tried on the past before they are switched on."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException

from service.api.access import Context, at_least
from service.api.asked import time_range
from service.api.models.backtest import Backtest, BacktestRequest, LabelAsked
from service.api.problems import problems
from service.domain.backtest.labels import Label
from service.domain.instants import DAY_NS, seconds
from service.domain.line import Line
from service.runtime.backtest import BacktestAsked, CannotBacktest
from service.runtime.identity import Role

MOST_NS = 400 * DAY_NS

router = APIRouter(tags=["alarms"], dependencies=[Depends(at_least(Role.ENGINEER))])


@router.post("/backtest", summary="Try rules on the past", responses=problems(401, 403, 422, 504))
async def run_backtest(context: Context, body: BacktestRequest) -> Backtest:
    """Replays recorded production through one or two rules.toml; engineers and above. Nothing is
    changed and nobody is told."""
    asked = time_range(body.start, body.end)
    if asked.end_ns - asked.start_ns > MOST_NS:
        raise HTTPException(422, f"end: expected at most {MOST_NS // DAY_NS} days after start")
    rules = [("rules", body.rules)]
    if body.against is not None:
        rules.append(("against", body.against))
    labels = None
    if body.labels is not None:
        labels = [_label(one, context.line) for one in body.labels]
    wanted = BacktestAsked(rules, asked.start_ns, asked.end_ns, labels, seconds(body.grace_s))
    try:
        return Backtest.of(list(await context.backtests.run(wanted)))
    except CannotBacktest as error:
        raise HTTPException(422, str(error)) from error


def _label(one: LabelAsked, line: Line) -> Label:
    if one.stage is not None and one.stage not in line.stage_by_id:
        raise HTTPException(
            422,
            f"labels: there is no stage {one.stage[:60]!r}; use one of "
            f"{', '.join(line.stage_by_id)}, or none",
        )
    spans = time_range(one.start, one.end)
    return Label(one.what, one.stage, spans.start_ns, spans.end_ns)
