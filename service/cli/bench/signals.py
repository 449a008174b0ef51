"""Months in which only the signals are wrong: no tonne may seem lost, and each trouble be told.

Readings stand at the end of each minute; everything from there on is the service's own: which times
are believed, what is stuck, the minutes of each meter, the book, the site's throughput rules, and
drift charts. Rules judge twice, on what was known when each minute was judged, and on what was
known in the end. The charts also run over the true production of the same months: what they say
there is chance, and only what they say beyond it is the signals' doing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from connectors.simulator.months.line import DAY_MINUTES, STAGES, Made, make_line
from connectors.simulator.months.signals import Shown, draw_troubles, show
from service.cli.bench.charts import StageChart, alarms, fit_charts, without
from service.cli.bench.judged import Judge, MeterMonth, account, bad_told, gaps_told, wraps
from service.domain.arrays import Float64s
from service.domain.instants import MINUTE_NS, SECOND_NS, seconds
from service.domain.line import Line, MeterKind
from service.domain.production.minutes import Grade, Minutes
from service.domain.production.stated import account as stated
from service.settings import Site

MONTH_DAYS, LEAD_DAYS, HISTORY_DAYS = 30, 14, 90
START_NS = 1_771_718_400 * SECOND_NS
"""2026-02-22, behind the Spring Festival of the sample site's calendar; the month begins two weeks
later, when windows have filled and stocks have settled."""
AT_ONCE = 8
EDGE_MIN = 5
"""The last minutes wait for a reading that never comes."""
TOLD_WITHIN_S = 120.0
"""How long after its end a trouble may be told: when the next reading has come."""


@dataclass(slots=True)
class StageTonnes:
    """One stage's months against the truth, in %; ``unknown_min``: minutes of meters."""

    error_max_pct: float = 0.0
    stated_pct: float = 0.0
    beyond_stated: int = 0
    unknown_min: int = 0


@dataclass(slots=True)
class SignalCampaign:
    """What was measured. troubles, told: by kind; extra: told though nothing was wrong."""

    months: int = 0
    throughput_alarms: int = 0
    drift_alarms: Counter[str] = field(default_factory=Counter)
    drift_alarms_true: Counter[str] = field(default_factory=Counter)
    alarms: list[str] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)
    tonnes: dict[str, StageTonnes] = field(
        default_factory=lambda: {stage: StageTonnes() for stage in STAGES}
    )

    @property
    def tonnes_error_max_pct(self) -> float:
        """The greatest deviation of a stage's month from the truth, over its known minutes."""
        return max(stage.error_max_pct for stage in self.tonnes.values())


def signal_campaign(
    site: Site,
    months: int,
    rng: np.random.Generator,
    *,
    progressed: Callable[[str], None] = lambda _: None,
) -> SignalCampaign:
    """Runs ``months`` of the line from the furnaces to the bags of ``site``."""
    found = SignalCampaign()
    judge = Judge(site, STAGES)
    progressed(f"signals: a history of {HISTORY_DAYS} days")
    history = make_line(rng, 1, LEAD_DAYS + HISTORY_DAYS)
    lead = LEAD_DAYS * DAY_MINUTES
    charts = fit_charts(
        {stage: kg[:, 0] for stage, kg in history.kg.items()}, rng, from_minute=lead
    )
    while found.months < months:
        n = min(AT_ONCE, months - found.months)
        made = make_line(rng, n, MONTH_DAYS + LEAD_DAYS)
        for series in range(n):
            _month(found, judge, charts, made, series, rng)
        progressed(f"signals: {found.months} of {months} months")
    return found


def _month(
    found: SignalCampaign,
    judge: Judge,
    charts: Mapping[str, StageChart],
    made: Made,
    series: int,
    rng: np.random.Generator,
) -> None:
    meters = list(judge.line.meters)
    true_kg = _true_kg(judge.line, made, series)
    minutes = len(next(iter(true_kg.values())))
    lead = LEAD_DAYS * DAY_MINUTES
    troubles = draw_troubles(rng, meters, minutes, from_minute=lead)
    shown = show(rng, meters, true_kg, troubles, start_ns=START_NS)
    accounts = {m.id: account(m, shown.meters[m.id], shown, start_ns=START_NS) for m in meters}
    judged_ns = START_NS + lead * MINUTE_NS
    told = judge.alerts(accounts, start_ns=START_NS, judged_ns=judged_ns)
    for name, alerts in told.items():
        for definition, at_ns in alerts:
            found.throughput_alarms += 1
            day = (at_ns - judged_ns) / MINUTE_NS / DAY_MINUTES
            found.alarms.append(f"{definition} {name}, month {found.months}, day {day:.2f}")
    _drifts(found, charts, judge.line, accounts, true_kg)
    _tonnes(found, judge.line, accounts, true_kg)
    _told(found, shown, accounts)
    found.months += 1


def _true_kg(line: Line, made: Made, series: int) -> dict[str, Float64s]:
    """By meter, shape (minutes,); pieces are made when they are whole."""
    true = {}
    for stage, meters in line.meters_by_stage.items():
        for machine, meter in enumerate(meters):
            kg = made.kg[stage][:, series, machine]
            if meter.kind is MeterKind.COUNT:
                pieces = np.floor(np.cumsum(kg) / meter.kg_per_unit)
                kg = np.diff(pieces, prepend=0.0) * meter.kg_per_unit
            true[meter.id] = np.asarray(kg)
    return true


def _by_stage(line: Line, kg: Mapping[str, Float64s]) -> dict[str, Float64s]:
    """Shape (minutes, machines) each."""
    return {
        stage: np.stack([kg[meter.id] for meter in meters], axis=1)
        for stage, meters in line.meters_by_stage.items()
    }


def _drifts(
    found: SignalCampaign,
    charts: Mapping[str, StageChart],
    line: Line,
    accounts: Mapping[str, MeterMonth],
    true_kg: Mapping[str, Float64s],
) -> None:
    """The charts see what was known when an hour or a run was over; what a run's weight is spread
    over says nothing of its end."""
    seen = {id_: without(one.kg, one.late) for id_, one in accounts.items()}
    for meter in line.meters_by_stage["GZ"]:
        one = accounts[meter.id]
        seen[meter.id] = without(one.kg, one.late | (one.grade >= Grade.ESTIMATED))
    lead = LEAD_DAYS * DAY_MINUTES
    later = _by_stage(line, {id_: one.kg for id_, one in accounts.items()})
    true = _by_stage(line, true_kg)
    found.drift_alarms.update(alarms(charts, _by_stage(line, seen), later, from_minute=lead))
    found.drift_alarms_true.update(alarms(charts, true, true, from_minute=lead))


def _tonnes(
    found: SignalCampaign,
    line: Line,
    accounts: Mapping[str, MeterMonth],
    true_kg: Mapping[str, Float64s],
) -> None:
    """Each stage against the truth of the same known minutes, and against what the account of the
    service states for itself."""
    first = START_NS // MINUTE_NS
    span = slice(LEAD_DAYS * DAY_MINUTES, -EDGE_MIN)
    told = {}
    for id_, one in accounts.items():
        kg, grade = one.kg[span], one.grade[span].astype(np.uint8)
        told[id_] = Minutes(first + LEAD_DAYS * DAY_MINUTES, kg, grade)
    size = len(next(iter(told.values())))
    for stage in stated(line, told, (first + LEAD_DAYS * DAY_MINUTES, size)):
        true = 0.0
        for meter in line.meters_by_stage[stage.stage]:
            true += float(true_kg[meter.id][span][~np.isnan(told[meter.id].kg)].sum())
        if stage.kg is None or stage.uncertainty_kg is None:
            continue
        of = found.tonnes[stage.stage]
        off_kg = abs(stage.kg - true)
        of.error_max_pct = max(of.error_max_pct, 100.0 * off_kg / true)
        of.stated_pct = max(of.stated_pct, 100.0 * stage.uncertainty_kg / true)
        of.beyond_stated += off_kg > stage.uncertainty_kg
        of.unknown_min += stage.unknown_min


def _told(found: SignalCampaign, shown: Shown, accounts: Mapping[str, MeterMonth]) -> None:
    """Whether each trouble raised its own alarm, and what was told though nothing was wrong."""
    until_ns = START_NS + len(next(iter(shown.meters.values())).came) * MINUTE_NS
    lost = set(gaps_told(shown, start_ns=START_NS, until_ns=until_ns).tolist())
    bad = {id_: bad_told(one) for id_, one in shown.meters.items()}
    counted: Counter[str] = Counter(
        communication=len(lost),
        reset=sum(len(one.resets_ns) for one in accounts.values()),
        rollover=sum(len(one.rollovers_ns) for one in accounts.values()),
        stuck=sum(len(one.stuck_ns) for one in accounts.values()),
    )
    for one in shown.troubles:
        begin_ns = START_NS + one.minute * MINUTE_NS
        end_ns = START_NS + (one.minute + one.lasts) * MINUTE_NS + seconds(TOLD_WITHIN_S)

        def within(at_ns: Iterable[int], begin: int = begin_ns, end: int = end_ns) -> bool:
            return any(begin <= at <= end for at in at_ns)

        own = accounts.get(one.target)
        gap = one.kind == "reset in a gap"
        if gap or one.kind == "communication":
            _count(found, "communication", within(lost))
            counted["communication"] -= 1
        if one.kind == "plc":
            mine = [bad[id_] for id_ in bad if accounts[id_].stage == one.target]
            _count(found, one.kind, all(within(at) for at in mine))
        elif one.kind == "clock":
            wrong = (one_.wrong_clock_ns.tolist() for one_ in accounts.values())
            _count(found, one.kind, all(within(at) for at in wrong))
        elif own is not None and (gap or one.kind == "reset"):
            _count(found, one.kind, within(own.resets_ns.tolist()))
            counted["reset"] -= 1
        elif own is not None and one.kind == "stuck":
            _count(found, one.kind, within(own.stuck_ns.tolist()))
            counted["stuck"] -= 1
        elif own is not None and wraps(shown.meters[one.target]):
            # A furnace need not unload again this month; then there is no rollover.
            _count(found, one.kind, len(own.rollovers_ns) > 0)
            counted["rollover"] -= 1
    found.extra += Counter({kind: n for kind, n in counted.items() if n > 0})


def _count(found: SignalCampaign, kind: str, was_told: bool) -> None:
    found.troubles[kind] += 1
    found.told[kind] += was_told
