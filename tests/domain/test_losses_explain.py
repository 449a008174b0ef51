"""Explanations: the faults of the simulated day are named, and what is not known is said."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from connectors.simulator.plant import Plant
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.losses.events import StageLosses, find_losses, within
from service.domain.losses.explain import (
    Certainty,
    Explanation,
    explain,
)
from service.domain.losses.meanwhile import Happening, in_words, lost_elsewhere, meanwhile
from service.domain.losses.reasons import LossKind
from tests.domain.test_losses_plant import FAULTS, START_NS, found, plant
from tests.losses_line import FEEDS, FIRST, kg, stage

__all__ = ["found", "plant"]  # fixtures


def asked(
    losses: dict[str, StageLosses], about: str, a_h: float, b_h: float, unit: str | None = None
) -> Explanation:
    a, b = round(a_h * 60), round(b_h * 60)
    window = {s: within(one, a, b) for s, one in losses.items()}
    return explain(losses, window, about=about, bottleneck="GZ", unit=unit)


@pytest.mark.parametrize(
    ("start_h", "end_h", "unit", "kind"), [row[2:] for row in FAULTS], ids=[r[1] for r in FAULTS]
)
def test_the_faulted_unit_is_named(
    found: dict[str, StageLosses], start_h: float, end_h: float, unit: str, kind: LossKind
) -> None:
    told = asked(found, unit[:2], start_h - 0.5, (start_h + end_h) / 2)
    assert told.stage == unit[:2]
    assert unit in [part.unit for part in told.units]
    if unit[:2] != "PK":
        assert told.units[0].unit == unit
    (part,) = [p for p in told.units if p.unit == unit]
    assert part.kind is kind
    assert (part.since_ns - START_NS) / HOUR_NS == pytest.approx(start_h, abs=0.3)


def test_a_blocked_stage_points_at_the_one_that_blocks_it(
    plant: Plant, found: dict[str, StageLosses]
) -> None:
    told = asked(found, "DM", 17.5, 21.0)
    assert told.stage == "PK"
    assert {p.unit for p in told.units} == {f"PK-P{n}" for n in range(1, 5)}
    assert told.since_ns is not None
    assert (told.since_ns - START_NS) / HOUR_NS == pytest.approx(16.0, abs=0.3)
    assert told.certainty is Certainty.LIKELY  # inferred, not seen
    # Four fillers without bags: as much as the plan asks for is missed in these hours.
    assert told.at_stake_finished_kg / 1e3 == pytest.approx(9.0 * 3.5, rel=0.1)


def test_a_spare_kilns_absence_is_no_stake(found: dict[str, StageLosses]) -> None:
    told = asked(found, "CB", 5.0, 10.0)
    assert told.short_finished_kg < 2_500.0
    assert told.at_stake_finished_kg == 0.0


@pytest.mark.parametrize(
    ("rows", "sure", "units"),
    [
        (["+*60 0*60"], Certainty.SURE, 1),
        (["+*60 ?*45 0*15"], Certainty.UNSURE, 1),
        (["+*30 ?*90"], Certainty.UNSURE, 1),
        (["+*60 9*60"], Certainty.UNSURE, 0),
    ],
)
def test_how_sure_it_is(rows: list[str], sure: Certainty, units: int) -> None:
    line = [stage("A", [kg(row) for row in rows])]
    whole = find_losses(line, {"A": ()})
    told = explain(whole, {"A": within(whole["A"], 60, 120)}, about="A", bottleneck="A")
    assert (told.certainty, len(told.units)) == (sure, units)
    assert 0.0 <= told.sureness <= 1.0


def test_what_goes_on_costs_more_each_hour() -> None:
    whole = find_losses([stage("A", [kg("+*60 0*60")])], {"A": ()})
    told = explain(whole, {"A": within(whole["A"], 30, 120)}, about="A", bottleneck="A")
    assert told.short_kg == pytest.approx(600.0)
    assert told.at_stake_finished_kg == pytest.approx(720.0)  # at capacity: the bottleneck
    assert told.at_stake_finished_kg_per_h == pytest.approx(720.0)
    assert told.units[0].until_ns is None


def test_what_else_happened_is_told_nearest_first() -> None:
    whole = find_losses([stage("A", [kg("+*60 0*60")])], {"A": ()})
    told = explain(whole, {"A": within(whole["A"], 60, 120)}, about="A", bottleneck="A")
    at = FIRST * MINUTE_NS

    def one(
        id_: str, kind: str, asset: str, stage_: str | None, a: int, b: int | None
    ) -> Happening:
        end_ns = None if b is None else at + b * MINUTE_NS
        return Happening(id_, kind, asset, stage_, 2, "", "", at + a * MINUTE_NS, end_ns)

    got = meanwhile(
        [
            one("far", "limit", "B1", "B", 70, None),
            one("over", "limit", "A1", "A", 0, 30),
            one("stage", "throughput", "A", "A", 80, None),
            one("comms", "communication_lost", "plant/main", None, 50, 65),
            one("unit", "limit", "A1", "A", 55, 58),
            one("later", "limit", "A1", "A", 121, None),
        ],
        told,
    )
    assert [h.id for h in got] == ["unit", "comms", "stage", "far"]


def test_feeds_and_rows_of_two_stages() -> None:
    """B waits because A stands: an alarm about B names A's unit."""
    a = stage("A", [kg("+*30 0*90"), kg("+*30 0*90")])
    b = stage("B", [kg("+*40 0*80")])
    c = stage("C", [kg("+*120")])
    whole = find_losses([a, b, c], FEEDS)
    window = {s: within(one, 45, 120) for s, one in whole.items()}
    told = explain(whole, window, about="B", bottleneck="C")
    assert told.stage == "A"
    assert [p.unit for p in told.units] == ["A1", "A2"]
    assert told.since_ns == (FIRST + 30) * MINUTE_NS
    assert np.isclose(told.units[0].share or 0.0, 0.5)


def test_in_words(found: dict[str, StageLosses]) -> None:
    told = asked(found, "DM", 17.5, 21.0)
    names = {"DM": ("Demagnetization", "除磁"), "PK": ("Packaging", "包装")}
    en, zh = in_words(told, names, ZoneInfo("Asia/Shanghai"))
    assert "It began at Packaging: PK-P" in en
    assert "and 1 more" in en
    assert "t finished at stake so far" in en
    assert "Likely (75%); 100% of the time is known." in en
    assert "起因在包装：PK-P" in zh
    assert "等 4 台" in zh


def test_no_shortage_in_words() -> None:
    whole = find_losses([stage("A", [kg("+*120")])], {"A": ()})
    told = explain(whole, {"A": within(whole["A"], 60, 120)}, about="A", bottleneck="A")
    en, zh = in_words(told, {"A": ("Crushing", "粉碎")}, ZoneInfo("UTC"))
    assert en.startswith("Crushing is not short of plan since ")
    assert "未低于计划" in zh


def test_lost_time_elsewhere_is_no_part_of_the_cause(found: dict[str, StageLosses]) -> None:
    told = asked(found, "CB", 5.0, 10.0)
    others = lost_elsewhere(found, told)
    assert [h.asset for h in others] == ["DM-S04", "SC-L02"]
    assert "CB-L07B" not in [h.asset for h in others]
