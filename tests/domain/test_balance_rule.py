"""Balance rules: a drifting scale is found and named, a real loss is not; live as replayed."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from service.domain.alarm import Priority, TransitionKind
from service.domain.backtest.grid import Grid
from service.domain.backtest.run import needed_from_ns
from service.domain.calendar import Calendar, Shift
from service.domain.definitions import define
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_ns
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.mismatch import Mismatch
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from service.domain.rules import BalanceRule, Timing
from tests.replayed import replayed

STAGES = (
    Stage("CR", "Crushing", "粉碎", 0.912, 0.92, 12.8, ("GR",)),
    Stage("GR", "Granulation", "造粒", 0.908, 0.93, 13.5, ("CT",), side_share=0.0741),
    Stage("CT", "Coating", "包覆", 0.875, 0.998, 12.0, ("CB",), side_share=0.0385),
    Stage("CB", "Carbonization", "炭化", 0.921, 0.95, 11.67, ()),
)
METERS = tuple(
    Meter(s.id, s.id, s.id, f"{s.id}.TOT", MeterKind.TOTALISER, "p/m") for s in STAGES
)  # fmt: skip
LINE = Line(STAGES, METERS, "CB")
START_NS = to_ns(datetime.fromisoformat("2026-05-20T02:30:00+00:00"))
DAYS = 12
FROM_DAY = 6
RULE = BalanceRule(
    "balance", ("GR", "CT", "CB"), 2.0, 0.5, 1.0, Priority.MEDIUM, Timing(1_800, 3_600)
)


def plan() -> Plan:
    shifts = (Shift("c", time(0)), Shift("a", time(8)), Shift("b", time(16)))
    return Plan(Calendar(ZoneInfo("Asia/Kolkata"), time(8), shifts), {2026: 70e6})


def book(
    *, scale: dict[str, float] | None = None, loss: float = 0.0, lost: str | None = None
) -> ProductionBook:
    """Stages that keep pace with each other; from ``FROM_DAY`` on a scale counts wrong, or all make
    less, or a stage's minutes are unknown."""
    made = ProductionBook(LINE, plan(), first_minute=START_NS // MINUTE_NS, n_minutes=DAYS * 1440)
    late = np.arange(DAYS * 1440) >= FROM_DAY * 1440
    pace = plan().rate_kg_per_h(2026) / 60.0 * np.where(late, 1.0 - loss, 1.0)
    for stage in STAGES:
        kg = pace / stage.finished_eq * np.where(late, (scale or {}).get(stage.id, 1.0), 1.0)
        if stage.id == lost:
            kg[late] = np.nan
        made.enter(stage.id, Minutes(START_NS // MINUTE_NS, kg, np.zeros(len(kg), np.uint8)))
    made.closed_ns = START_NS + DAYS * DAY_NS
    return made


def judged(of: ProductionBook, stage: str, *, day: float = 11.0) -> tuple[int, float]:
    rule = Mismatch(RULE, LINE.stage_by_id[stage], LINE, of.many)
    return rule.judge(START_NS + round(day * DAY_NS))


@pytest.mark.parametrize("drift", [1.06, 0.94])
@pytest.mark.parametrize(
    ("stage", "spoilt", "named"),
    [
        ("GR", ("GR", "CT"), "suspect: the scale of Granulation /"),
        ("CT", ("CT", "CB"), "suspect: the scale of Coating /"),
        ("CR", ("GR",), "no single scale"),  # nothing measures what comes to it
    ],
)
def test_a_drifting_scale_spoils_its_balances_and_is_named(
    stage: str, spoilt: tuple[str, ...], named: str, drift: float
) -> None:
    of = book(scale={stage: drift})
    for other in ("GR", "CT", "CB"):
        code, percent = judged(of, other)
        assert code == (TRUE if other in spoilt else FALSE)
        if other in spoilt:
            assert abs(percent) == pytest.approx(6.0, abs=0.5)
    found = Mismatch(RULE, LINE.stage_by_id[spoilt[0]], LINE, of.many)
    words = found.explain(START_NS + 11 * DAY_NS)
    if stage == "CR":
        assert "Crushing" in words or named in words
    else:
        assert words.startswith(named)


@pytest.mark.parametrize("loss", [0.0, 0.3, 0.7])
def test_a_real_loss_is_no_mismatch(loss: float) -> None:
    of = book(loss=loss)
    assert [judged(of, stage)[0] for stage in ("GR", "CT", "CB")] == [FALSE] * 3


@pytest.mark.parametrize("day", [1.0, 7.0])
def test_too_little_known_is_unknown(day: float) -> None:
    code, percent = judged(book(lost="GR"), "CT", day=day)
    assert code == UNKNOWN
    assert np.isnan(percent)


def test_a_replay_is_the_live_judgement() -> None:
    of = book(scale={"CT": 0.93})
    definitions = define((RULE,), tags=(), line=LINE)
    start_ns = START_NS + 5 * DAY_NS + 17 * MINUTE_NS
    grid = Grid(plan(), start_ns, START_NS + 9 * DAY_NS)
    assert needed_from_ns([definitions], plan(), start_ns) <= start_ns - 2 * DAY_NS
    order = sorted(replayed(definitions, of, grid), key=lambda one: (one.at_ns, one.id))
    raised = [one for one in order if one.kind is TransitionKind.RAISED]
    assert {one.definition for one in raised} == {"balance:CT", "balance:CB"}
    assert all((one.comment or "").startswith("suspect: the scale of Coating") for one in raised)
    assert START_NS + FROM_DAY * DAY_NS < raised[0].at_ns < START_NS + 9 * DAY_NS
    assert raised[0].at_ns % HOUR_NS == 30 * MINUTE_NS  # judged at full hours, delayed by half
