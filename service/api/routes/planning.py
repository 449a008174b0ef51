"""Calendar and plan: read by everybody, changed by engineers, tried before with ``preview``."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, HTTPException, Query

from service.api.access import Caller, Context, Engineer, at_least
from service.api.asked import time_range
from service.api.context import ApiContext
from service.api.instants import iso, parse
from service.api.models import planning as wire
from service.api.models.line import Shift as ShownShift
from service.api.problems import problems
from service.domain.calendar import Downtime, Shift
from service.domain.instants import DAY_NS, HOUR_NS
from service.domain.planning import Proposal
from service.domain.planversion import Ramp
from service.domain.production.due import own_due_kg
from service.runtime.identity import Role

MOST_HOURS_NS = 62 * DAY_NS
KG_PER_T = 1_000.0
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

router = APIRouter(tags=["planning"], dependencies=[Depends(at_least(Role.VIEWER))])
Preview = Annotated[bool, Query(description="only tell what it would mean; change nothing")]
CHANGE = problems(401, 403, 409, 422)


@router.get("/calendar", summary="Shifts and planned downtime", responses=problems(401))
async def read_calendar(context: Context) -> wire.Calendar:
    """The calendar as it was last changed, and every version with who and why."""
    planning = context.planning
    calendar = planning.newest.calendar
    return wire.Calendar(
        version=planning.number,
        time_zone=calendar.zone.key,
        day_start=f"{calendar.day_start:%H:%M}",
        crews=planning.newest.crews,
        shifts=[ShownShift(name=s.id, start=f"{s.start:%H:%M}") for s in calendar.shifts],
        downtimes=[wire.Downtime.of(one) for one in planning.plan.calendar.downtimes],
        versions=_versions(context),
    )


@router.post("/calendar", summary="Add or remove planned downtime", responses=CHANGE)
async def change_calendar(
    body: wire.CalendarChange, caller: Engineer, context: Context, preview: Preview = False
) -> wire.Changed:
    """Makes a new version from an instant on; what was judged before keeps its plan."""
    proposal = Proposal(
        add=tuple(_downtime(context, one, f"add.{n}") for n, one in enumerate(body.add)),
        remove=tuple(_edge(context, one, f"remove.{n}") for n, one in enumerate(body.remove)),
    )
    said = [f"+ {one.reason} {one.start} to {one.end}" for one in body.add]
    said += [f"- downtime {start}" for start in body.remove]
    return await _change(context, caller, body, proposal, "; ".join(said), preview=preview)


@router.put("/calendar", summary="Replace shifts, crews and downtimes", responses=CHANGE)
async def put_calendar(
    body: wire.NewCalendar, caller: Engineer, context: Context, preview: Preview = False
) -> wire.Changed:
    """Makes a new version from an instant on, with all downtimes that are still to come."""
    proposal = Proposal(
        shifts=tuple(Shift(one.name, one.start) for one in body.shifts),
        crews=body.crews,
        downtimes=tuple(
            _downtime(context, o, f"downtimes.{n}") for n, o in enumerate(body.downtimes)
        ),
    )
    what = f"{len(body.shifts)} shifts, {body.crews} crews, {len(body.downtimes)} downtimes"
    return await _change(context, caller, body, proposal, what, preview=preview)


@router.get("/plan", summary="Targets, and what is required now", responses=problems(401))
async def read_plan(context: Context) -> wire.Plan:
    """The plan as it was last changed, with what each stage has to make in a planned hour."""
    planning = context.planning
    newest = planning.newest
    rate = planning.plan.rate_at_kg_per_h(planning.now_ns()) / KG_PER_T
    return wire.Plan(
        version=planning.number,
        targets={year: kg / KG_PER_T for year, kg in newest.target_kg.items()},
        month_weights=dict(newest.month_weight),
        ramps=[wire.Ramp.of(ramp) for ramp in newest.ramps],
        required_t_per_h=rate,
        stages=[
            wire.StageRate(
                stage=stage.id,
                required_t_per_h=rate / stage.finished_eq,
                capacity_t_per_h=stage.capacity_t_per_h,
            )
            for stage in context.line.at(planning.now_ns()).stages
        ],
        versions=_versions(context),
    )


@router.get("/plan/hours", summary="What is due hour by hour", responses=problems(401, 422))
async def read_hours(context: Context, start: str, end: str) -> wire.PlanHours:
    """Finished tonnes, and each stage's own, due in every whole hour that begins in the range; at
    most 62 days."""
    asked = time_range(start, end)
    if asked.end_ns - asked.start_ns > MOST_HOURS_NS:
        raise HTTPException(
            422, f"end: expected at most {MOST_HOURS_NS // DAY_NS} days after start"
        )
    plan = context.planning.plan
    starts = range(-(-asked.start_ns // HOUR_NS), -(-asked.end_ns // HOUR_NS))
    edges = np.arange(starts.start, starts.stop + 1, dtype=np.int64) * HOUR_NS
    shares = plan.calendar.planned_fraction(edges) if len(starts) else np.zeros(0)
    hours = []
    for hour, share in zip(starts, shares.tolist(), strict=True):
        start_ns, end_ns = hour * HOUR_NS, (hour + 1) * HOUR_NS
        due_t = plan.due_kg(start_ns, end_ns) / KG_PER_T
        stages = {
            stage.id: own_due_kg(context.line, plan, stage.id, start_ns, end_ns) / KG_PER_T
            for stage in context.line.stages
        }
        hours.append(
            wire.PlanHour(
                start=iso(start_ns), planned_share=share, finished_t=due_t, stages_t=stages
            )
        )
    return wire.PlanHours(hours=hours)


@router.post("/plan", summary="Change some years' targets", responses=CHANGE)
async def change_plan(
    body: wire.PlanChange, caller: Engineer, context: Context, preview: Preview = False
) -> wire.Changed:
    """Replans from an instant on: what the new target leaves is spread over the hours that are
    left."""
    targets = {**context.planning.newest.target_kg, **_targets(body)}
    said = ", ".join(f"{year}: {target:g} t" for year, target in sorted(body.targets.items()))
    proposal = Proposal(target_kg=targets)
    return await _change(context, caller, body, proposal, f"targets {said}", preview=preview)


@router.put("/plan", summary="Replace targets, weights and ramps", responses=CHANGE)
async def put_plan(
    body: wire.NewPlan, caller: Engineer, context: Context, preview: Preview = False
) -> wire.Changed:
    """Replans from an instant on with all targets, monthly weights and ramps."""
    proposal = Proposal(
        target_kg=_targets(body),
        month_weight=body.month_weights,
        ramps=tuple(Ramp(one.start, one.end, one.start_pct / 100.0) for one in body.ramps),
    )
    said = ", ".join(f"{year}: {target:g} t" for year, target in sorted(body.targets.items()))
    what = f"targets {said}; {len(body.month_weights)} month weights, {len(body.ramps)} ramps"
    return await _change(context, caller, body, proposal, what, preview=preview)


async def _change(
    context: ApiContext,
    caller: Caller,
    body: wire.Change,
    proposal: Proposal,
    what: str,
    *,
    preview: bool,
) -> wire.Changed:
    planning = context.planning
    if body.effective is not None:
        proposal = replace(proposal, effective_ns=_edge(context, body.effective, "effective"))
    if preview:
        version, means = planning.preview(proposal)
        number = planning.number + 1
    else:
        kept, means = await planning.change(
            proposal, by=caller.user.name, reason=body.reason, change=what, based_on=body.based_on
        )
        version, number = kept.version, planning.number
    return wire.Changed(
        preview=preview,
        version=number,
        effective=iso(version.effective_ns),
        meaning=wire.Meaning.of(means),
    )


def _versions(context: ApiContext) -> list[wire.Version]:
    kept = enumerate(context.planning.kept, start=1)
    return [wire.Version.of(number, one) for number, one in kept]


def _targets(body: wire.PlanChange) -> dict[int, float]:
    return {year: target_t * KG_PER_T for year, target_t in body.targets.items()}


def _downtime(context: ApiContext, one: wire.NewDowntime, field: str) -> Downtime:
    start_ns = _edge(context, one.start, f"{field}.start")
    end_ns = _edge(context, one.end, f"{field}.end")
    return Downtime(start_ns, end_ns, one.reason.strip(), one.kind)


def _edge(context: ApiContext, text: str, field: str) -> int:
    """The instant of an edge; 422 names ``field``."""
    try:
        if _DATE.fullmatch(text):
            return context.planning.newest.calendar.start_of(date.fromisoformat(text))
        return parse(text, field)
    except ValueError as error:
        said = str(error)
        raise HTTPException(
            422, said if said.startswith(field) else f"{field}: {text!r} is no date ({said})"
        ) from error
