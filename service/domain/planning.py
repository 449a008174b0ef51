"""Changing calendar and plan: whether a new version may come into force, and what it would mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from service.domain.calendar import Calendar, Downtime, Shift
from service.domain.instants import HOUR_NS, MINUTE_NS, to_iso
from service.domain.line import Line
from service.domain.plan import Plan
from service.domain.planversion import PlanVersion, Ramp

KG_PER_T = 1_000.0
MOST_TEXT = 200
MOST_DOWNTIMES = 1_000
MOST_WEIGHT = 10.0


class PlanRefused(ValueError):
    """Something about a proposed version is wrong; the message names the field and the remedy."""


class PlanClash(PlanRefused):
    """The proposal is well formed, but somebody else has changed the plan since it was looked
    at."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What of the newest version is to change; None leaves a field as it is.

    effective_ns: from when on; None for the next whole minute. add, remove: downtimes to put in,
    and those to take out, named by their start; ``downtimes`` instead replaces all that are still
    to come.
    """

    effective_ns: int | None = None
    shifts: tuple[Shift, ...] | None = None
    downtimes: tuple[Downtime, ...] | None = None
    add: tuple[Downtime, ...] = ()
    remove: tuple[int, ...] = ()
    crews: int | None = None
    target_kg: dict[int, float] | None = None
    month_weight: dict[int, float] | None = None
    ramps: tuple[Ramp, ...] | None = None


def proposed(newest: PlanVersion, proposal: Proposal, *, now_ns: int) -> PlanVersion:
    """The version that ``proposal`` makes of ``newest``; raises PlanRefused, PlanClash."""
    effective_ns = _effective_ns(newest, proposal, now_ns)
    calendar = replace(
        newest.calendar,
        shifts=newest.calendar.shifts if proposal.shifts is None else _shifts(proposal.shifts),
        downtimes=_downtimes(newest.calendar, proposal, effective_ns),
    )
    version = PlanVersion(
        effective_ns,
        calendar,
        newest.target_kg if proposal.target_kg is None else proposal.target_kg,
        newest.month_weight if proposal.month_weight is None else proposal.month_weight,
        newest.ramps if proposal.ramps is None else tuple(sorted(proposal.ramps, key=_first)),
        newest.crews if proposal.crews is None else proposal.crews,
    )
    _judge_targets(version, effective_ns)
    _judge_weights(version)
    if not 1 <= version.crews <= 100:
        raise PlanRefused(f"crews: expected 1 to 100, came {version.crews}")
    if version == replace(newest, effective_ns=effective_ns):
        raise PlanRefused("nothing would change; send what is to be different")
    return version


@dataclass(frozen=True, slots=True)
class StageNeed:
    """What a stage has to make per planned hour, before a change and after it, in t/h of its own
    output; and what all of its units together can do."""

    stage: str
    before_t_per_h: float
    after_t_per_h: float
    capacity_t_per_h: float

    @property
    def possible(self) -> bool:
        """Whether the stage can do what is required after the change."""
        return self.after_t_per_h <= self.capacity_t_per_h


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a change means for the production year in which it takes effect.

    planned_h: planned hours from then to the year's end. catch_up_t_per_h: finished t/h over them
    that still reach the target from what was produced; None while that is not known.
    """

    year: int
    target_before_t: float
    target_after_t: float
    planned_before_h: float
    planned_after_h: float
    catch_up_before_t_per_h: float | None
    catch_up_after_t_per_h: float | None
    stages: tuple[StageNeed, ...]


def meaning(
    before: Plan, after: Plan, line: Line, *, effective_ns: int, produced_kg: float | None
) -> Meaning:
    """What ``after`` means in place of ``before``, from ``effective_ns`` on.

    produced_kg: finished kg of the year so far; None while that is not known. Required rates are
    the average over the rest of the year.
    """
    year = after.calendar.year_of(effective_ns)
    end_ns = after.calendar.year_bounds_ns(year)[1]

    def planned_h(plan: Plan) -> float:
        return plan.calendar.planned_ns(effective_ns, end_ns) / HOUR_NS

    def needed(plan: Plan) -> float:
        hours = planned_h(plan)
        return plan.due_kg(effective_ns, end_ns) / hours / KG_PER_T if hours else 0.0

    def catch_up(plan: Plan) -> float | None:
        if produced_kg is None:
            return None
        found = plan.catch_up_kg_per_h(produced_kg, effective_ns)
        return None if found is None else found / KG_PER_T

    return Meaning(
        year,
        before.target_of(year) / KG_PER_T,
        after.target_of(year) / KG_PER_T,
        planned_h(before),
        planned_h(after),
        catch_up(before),
        catch_up(after),
        tuple(
            StageNeed(
                stage.id,
                needed(before) / stage.finished_eq,
                needed(after) / stage.finished_eq,
                stage.capacity_t_per_h,
            )
            for stage in line.stages
        ),
    )


def _effective_ns(newest: PlanVersion, proposal: Proposal, now_ns: int) -> int:
    soonest_ns = -(-now_ns // MINUTE_NS) * MINUTE_NS
    asked_ns = soonest_ns if proposal.effective_ns is None else proposal.effective_ns
    if asked_ns % MINUTE_NS:
        raise PlanRefused(f"effective: {to_iso(asked_ns)} is no whole minute; give one")
    if asked_ns < soonest_ns:
        raise PlanRefused(
            f"effective: {to_iso(asked_ns)} is past, and what was judged then keeps its plan; "
            f"give {to_iso(soonest_ns)} or later, or leave it out"
        )
    if asked_ns <= newest.effective_ns:
        raise PlanClash(
            f"effective: a version from {to_iso(newest.effective_ns)} on is kept already; give a "
            f"later instant"
        )
    return asked_ns


def _shifts(shifts: Sequence[Shift]) -> tuple[Shift, ...]:
    ids, starts = {s.id for s in shifts}, {s.start for s in shifts}
    if not 1 <= len(shifts) <= 24 or len(ids) < len(shifts) or len(starts) < len(shifts):
        raise PlanRefused("shifts: expected 1 to 24, each with a name and a start of its own")
    if not all(shift.id.strip() and len(shift.id) <= 40 for shift in shifts):
        raise PlanRefused("shifts: each needs a name of at most 40 characters")
    return tuple(sorted(shifts, key=lambda shift: shift.start))


def _downtimes(old: Calendar, proposal: Proposal, effective_ns: int) -> tuple[Downtime, ...]:
    """Those of the past as they are, then those to come."""
    past = [d for d in old.downtimes if d.start_ns < effective_ns]
    coming = [d for d in old.downtimes if d.start_ns >= effective_ns]
    if proposal.downtimes is not None:
        # One that lasts may end earlier or later; what lies behind is the past's own.
        lasting = {d.start_ns for d in past if d.end_ns > effective_ns}
        past = [d for d in past if d.start_ns not in lasting]
        coming = [d for d in proposal.downtimes if d.end_ns > effective_ns]
        fresh = [d for d in coming if d.start_ns not in lasting]
    else:
        fresh = list(proposal.add)
        for start_ns in proposal.remove:
            if not any(d.start_ns == start_ns for d in coming):
                raise PlanRefused(
                    f"remove: no downtime that is still to come starts at {to_iso(start_ns)}; GET "
                    f"/api/v1/calendar lists them"
                )
        coming = [d for d in coming if d.start_ns not in proposal.remove] + fresh
    for one in fresh:
        _judge_downtime(one, effective_ns)
    found = sorted([*past, *coming], key=lambda d: d.start_ns)
    if len(found) > MOST_DOWNTIMES:
        raise PlanRefused(f"downtimes: at most {MOST_DOWNTIMES} are kept")
    for before, after in pairwise(found):
        if after.start_ns < before.end_ns:
            raise PlanRefused(
                f"downtimes: {after.reason} from {to_iso(after.start_ns)} overlaps "
                f"{before.reason}, which ends at {to_iso(before.end_ns)}; move one of them"
            )
    return tuple(found)


def _judge_downtime(one: Downtime, effective_ns: int) -> None:
    if one.start_ns >= one.end_ns:
        raise PlanRefused(f"downtimes: {one.reason} ends before it starts; correct its end")
    if one.start_ns < effective_ns:
        raise PlanRefused(
            f"downtimes: {one.reason} from {to_iso(one.start_ns)} begins before the change takes "
            f"effect at {to_iso(effective_ns)}; past minutes keep their plan, so start it then"
        )
    if not one.reason.strip() or len(one.reason) > MOST_TEXT:
        raise PlanRefused(f"downtimes: each needs a reason of at most {MOST_TEXT} characters")
    if one.start_ns % MINUTE_NS or one.end_ns % MINUTE_NS:
        raise PlanRefused(f"downtimes: {one.reason} has to start and end on whole minutes")


def _judge_targets(version: PlanVersion, effective_ns: int) -> None:
    if not version.target_kg:
        raise PlanRefused("targets: expected at least one year's target")
    calendar = version.calendar
    for year, target in version.target_kg.items():
        if not 1971 <= year <= 2198:
            raise PlanRefused(f"targets: {year} is no year from 1971 to 2198")
        if not (math.isfinite(target) and 0 < target <= 1e12):
            raise PlanRefused(f"targets: expected tonnes above 0 for {year}")
    year = calendar.year_of(effective_ns)
    if not calendar.planned_ns(effective_ns, calendar.year_bounds_ns(year)[1]):
        raise PlanRefused(
            f"downtimes: no planned hour of {year} would be left from {to_iso(effective_ns)} on; "
            f"shorten them"
        )


def _judge_weights(version: PlanVersion) -> None:
    for month, weight in version.month_weight.items():
        if not (1 <= month <= 12 and 0 < weight <= MOST_WEIGHT):
            raise PlanRefused(
                f"month_weights: expected months 1 to 12 with a weight above 0, at most "
                f"{MOST_WEIGHT:g}; came {month}: {weight:g}"
            )
    for ramp in version.ramps:
        if not (ramp.first < ramp.end and (ramp.end - ramp.first).days <= 366):
            raise PlanRefused(
                f"ramps: expected an end 1 to 366 days after {ramp.first}, came {ramp.end}"
            )
        if not 0 < ramp.start_share <= 1:
            raise PlanRefused(
                f"ramps: the one from {ramp.first} needs a start above 0, up to 100 %"
            )
    for before, after in pairwise(version.ramps):
        if after.first < before.end:
            raise PlanRefused(f"ramps: the one from {after.first} overlaps the one before")


def _first(ramp: Ramp) -> date:
    return ramp.first
