"""Every fault of the table: what it does to the tags, against a healthy twin of the same seed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from connectors.simulator.faults.table import (
    BAD_NO_COMMUNICATION,
    BAD_SENSOR_FAILURE,
    FAULTS,
    fault_named,
)
from connectors.simulator.panel import Panel
from connectors.simulator.plant import Plant
from service.domain.instants import SECOND_NS
from service.domain.tag import Tag
from service.settings import load_site
from tests.sites import SAMPLE

START_NS = 1_772_323_200 * SECOND_NS
INJECTED_S = 1_805
"""Within a tick, so that a fault has to wait for the next one to reach the mass."""


@cache
def site_tags() -> dict[str, Tag]:
    return {tag.id: tag for tag in load_site(SAMPLE).tags}


class Desk:
    """A plant and its panel; times in seconds since the start."""

    def __init__(self, *tags: str, all_tags: bool = False) -> None:
        listed = list(site_tags().values()) if all_tags else [site_tags()[tag] for tag in tags]
        self.plant = Plant.of_tags(listed, seed=4, start_ns=START_NS)
        self.panel = Panel(self.plant, listed)

    def inject(
        self, fault: str, target: str, after_s: float, duration_s: float | None = None
    ) -> None:
        at_ns = START_NS + round(after_s * SECOND_NS)
        self.panel.read(at_ns)
        self.plant.inject(fault, target, at_ns=at_ns, duration_s=duration_s)

    def read(self, after_s: float) -> dict[str, float]:
        reading = self.panel.read(START_NS + round(after_s * SECOND_NS))
        ids = [tag.id for tag in self.panel.tags]
        self.status = dict(zip(ids, reading.status.tolist(), strict=True))
        return dict(zip(ids, reading.value.tolist(), strict=True))


Judge = Callable[[float, float], bool]
"""Whether a value under the fault (second) is as it must be, given the healthy twin's (first)."""


def falls_to(limit: float) -> Judge:
    return lambda well, ill: ill <= limit < well


def rises_to(limit: float) -> Judge:
    return lambda well, ill: well < limit <= ill


def loses(share: float) -> Judge:
    return lambda well, ill: ill == pytest.approx(well * (1 - share), rel=0.05, abs=0.01)


def same(well: float, ill: float) -> bool:
    return well == ill


@dataclass(frozen=True)
class Case:
    fault: str
    target: str
    after_s: float
    signature: dict[str, Judge]


CASES = [
    Case("heater_zone_failed", "CB-L07B-TIC112", 600, {
        "CB-L07B-TIC112.OP": rises_to(100), "CB-L07B-TIC112.PV": falls_to(1_120),
        "CB-L07B-TIC111.OP": rises_to(60), "CB-L07B-TIC113.OP": rises_to(60),
        "CB-L07B-TIC115.PV": same,
    }),
    Case("thermocouple_open", "CB-L07B-TIC112.PV", 30, {
        "CB-L07B-TIC112.OP": falls_to(0), "CB-L07B-TIC112.PV": lambda _, ill: math.isnan(ill),
    }),
    Case("thermocouple_drift", "CB-L07B-TIC112", 24 * 3_600, {
        "CB-L07B-TIC112.OP": rises_to(60), "CB-L07B-TIC112.PV": same,
    }),
    Case("n2_loss", "CB-L07B", 120, {
        "CB-L07B-FIC122.PV": falls_to(20), "CB-L07B-PT121.PV": falls_to(5),
        "CB-L07B-AT120.PV": rises_to(500), "CB-L07A-AT120.PV": same,
        "CB-L07B-KQ131.TOT": same,
    }),
    Case("roller_jam", "CB-L07B", 900, {
        "CB-L07B-II140.PV": rises_to(55), "CB-L07B-ROW.INTERVAL": rises_to(1.5 * 263),
        "CB-L07B-KQ131.TOT": lambda well, ill: ill < well, "CB-L07A-KQ131.TOT": same,
    }),
    Case("feeder_bridging", "CR-L03", 60, {
        "CR-L03-WIC101.PV": falls_to(0.01), "CR-L03-SIC103.PV": rises_to(50),
        "CR-L03-WQ101.TOT": lambda well, ill: ill < well, "CR-L03-M110.ST": same,
        "CR-L04-WIC101.PV": same,
    }),
    Case("scale_drift", "CR-L03-WQ101.TOT", 3_600, {
        "CR-L03-WQ101.TOT": lambda well, ill: 55 <= ill - well <= 61,
        "CR-L03-WIC101.PV": same,
    }),
    Case("scale_drift", "DM-S04-WIC602.PV", 60, {
        "DM-S04-WIC602.PV": lambda well, ill: ill - well == pytest.approx(0.06),
    }),
    Case("load_cell_fault", "GR-K12", 60, {
        "GR-K12-WT201.PV": lambda well, ill: 500 < ill - well < 600, "GR-K11-WT201.PV": same,
        "GR-K12-TIC202.PV": same,
    }),
    Case("screen_blinding", "SC-L02", 1_800, {
        "SC-L02-WIC501.PV": loses(0.4), "SC-L02-WT502.PV": rises_to(12),
        "SC-L03-WT502.PV": same,
    }),
    Case("filter_blocked", "CR-L03", 1_200, {
        "CR-L03-PDT120.PV": rises_to(1_500), "CR-L03-WIC101.PV": loses(0.2),
    }),
    Case("mill_wear", "CR-L03", 40 * 3_600, {
        "CR-L03-WIC101.PV": loses(0.125), "CR-L03-II110.PV": lambda well, ill: ill > well + 5,
        "CR-L03-WQ101.TOT": lambda well, ill: ill < well,
    }),
    Case("pitch_ratio_deviation", "CT-M03", 600, {
        "CT-M03-FFIC301.PV": falls_to(3.0), "CT-M04-FFIC301.PV": same,
        "CT-M03-WQ302.TOT": lambda well, ill: ill < well,
    }),
    Case("agitator_over_torque", "GR-K12", 300, {
        "GR-K12-NT203.PV": rises_to(1_800), "GR-K12-SIC205.PV": falls_to(10),
    }),
    Case("blower_trip", "UT-BL2", 60, {
        "UT-BL2-M180.ST": falls_to(0), "UT-BL2-PT181.PV": falls_to(100),
        "CR-L03-WIC101.PV": falls_to(0.01), "CR-L04-M110.ST": falls_to(0),
        "CR-L05-WIC101.PV": loses(0.0),
    }),
    Case("oxidiser_fault", "UT-RTO2", 900, {
        "UT-RTO2-TT150.PV": falls_to(740), "UT-RTO2-ZS151.ST": rises_to(1),
        "CB-L07B-ROW.INTERVAL": rises_to(1.5 * 263), "UT-RTO1-TT150.PV": same,
    }),
    Case("power_curtailment", "GZ-G3", 60, {
        "GZ-G3-JT401.PV": falls_to(0.1), "UT-EL-JT170.PV": lambda well, ill: ill < well - 10,
        "GZ-G4-JT401.PV": same,
    }),
    Case("power_curtailment", "UT-EL", 60, {
        "GZ-G3-JT401.PV": falls_to(0.1), "GZ-G4-JT401.PV": falls_to(0.1),
        "UT-EL-JT170.PV": falls_to(32),
    }),
    Case("gz_run_abnormal", "GZ-G3", 3_600, {
        "GZ-G3-JT401.PV": loses(0.3), "GZ-G3-JQ402.TOT": lambda well, ill: ill < well - 3_000,
        "GZ-G3-ET405.PV": lambda well, ill: ill > 1.1 * well,
        "GZ-G3-IT406.PV": lambda well, ill: ill < 0.7 * well, "GZ-G4-JT401.PV": same,
    }),
    Case("bag_shortage", "PK", 1_500, {
        "PK-P1-ST.STATE": falls_to(5), "PK-P4-ST.STATE": falls_to(5),
    }),
    Case("bag_shortage", "PK-P2", 1_500, {
        "PK-P2-LT704.PV": falls_to(0), "PK-P2-ST.STATE": falls_to(5),
        "PK-P2-KQ702.TOT": lambda well, ill: ill < well,
    }),
    Case("communication_loss", "CB", 10, {
        "CB-L07B-AT120.PV": lambda _, ill: math.isnan(ill), "GZ-G3-JT401.PV": same,
    }),
    Case("totaliser_reset", "SC-L05-WQ503.TOT", 0, {"SC-L05-WQ503.TOT": falls_to(0)}),
    Case("demagnetizer_coil_fault", "DM-S04", 600, {
        "DM-S04-II601.PV": falls_to(60), "DM-S04-TT603.PV": rises_to(1_100),
        "DM-S04-WIC602.PV": falls_to(0),
    }),
    Case("stuck_value", "CR-L03-WIC101.PV", 900, {
        "CR-L03-WIC101.PV": lambda well, ill: ill != well, "CR-L03-WQ101.TOT": same,
    }),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.fault} {case.target}")
def test_a_fault_has_its_signature(case: Case) -> None:
    well, ill = Desk(*case.signature), Desk(*case.signature)
    well.read(INJECTED_S)
    ill.inject(case.fault, case.target, INJECTED_S, 48 * 3_600)
    at_s = INJECTED_S + case.after_s
    # Instruments with a memory are read as a server would, not once after a long time.
    for passed_s in range(0, min(round(case.after_s), 1_800), 10):
        well.read(INJECTED_S + passed_s)
        ill.read(INJECTED_S + passed_s)
    healthy, shown = well.read(at_s), ill.read(at_s)
    for tag, as_it_must_be in case.signature.items():
        assert as_it_must_be(healthy[tag], shown[tag]), (tag, healthy[tag], shown[tag])


def test_every_fault_has_a_case() -> None:
    assert {case.fault for case in CASES} == {fault.id for fault in FAULTS}


def test_status_codes_say_why_a_value_is_bad() -> None:
    desk = Desk("CB-L07B-TIC112.PV", "CB-L07B-TIC113.PV", "GZ-G3-RUN.ID", "GZ-G3-JT401.PV")
    desk.inject("thermocouple_open", "CB-L07B-TIC112", 100, 60)
    desk.inject("communication_loss", "GZ", 100, 60)
    desk.read(110)
    assert desk.status == {
        "CB-L07B-TIC112.PV": BAD_SENSOR_FAILURE,
        "CB-L07B-TIC113.PV": 0,
        "GZ-G3-RUN.ID": BAD_NO_COMMUNICATION,
        "GZ-G3-JT401.PV": BAD_NO_COMMUNICATION,
    }
    desk.read(161)
    assert set(desk.status.values()) == {0}


def test_a_stuck_value_stands_still_and_lets_go() -> None:
    desk = Desk("CR-L03-WQ101.TOT")
    desk.inject("stuck_value", "CR-L03-WQ101.TOT", 600, 600)
    stuck = [desk.read(after_s)["CR-L03-WQ101.TOT"] for after_s in (600, 700, 1_199)]
    assert len(set(stuck)) == 1
    assert desk.read(1_200)["CR-L03-WQ101.TOT"] > stuck[0] + 100


def test_when_a_fault_is_over_the_plant_recovers() -> None:
    tags = ("CR-L03-WIC101.PV", "CB-L07B-AT120.PV", "CB-L07B-TIC112.PV")
    desk, well = Desk(*tags), Desk(*tags)
    desk.inject("feeder_bridging", "CR-L03", 600, 300)
    desk.inject("n2_loss", "CB-L07B", 600, 300)
    desk.inject("heater_zone_failed", "CB-L07B-TIC112", 600, 300)
    desk.read(880)
    desk.read(890)
    assert desk.read(890)["CR-L03-WIC101.PV"] < 0.01
    for after_s in range(900, 9_000, 60):
        later, healthy = desk.read(after_s), well.read(after_s)
    for tag in tags:
        assert later[tag] == pytest.approx(healthy[tag], rel=0.05, abs=0.5), tag
    assert desk.plant.board.active == ()


def test_labels_say_what_when_and_how_much_was_lost() -> None:
    desk = Desk("CR-L03-WQ101.TOT")
    desk.inject("feeder_bridging", "CR-L03", 600, 3_600)
    desk.inject("roller_jam", "CB-L07B", 600, 7_200)
    desk.read(7_200)
    mill, kiln = desk.plant.labels()
    assert (mill.fault, mill.target) == ("feeder_bridging", "CR-L03")
    assert mill.injected_ns == START_NS + 600 * SECOND_NS
    assert mill.ended_ns == mill.ends_ns == START_NS + 4_200 * SECOND_NS
    assert mill.lost_t == pytest.approx(1.23, rel=0.1)  # an hour of one of eight mills
    assert kiln.ended_ns is None
    broken_t = 2 * 4 * 7.6 / 1_000
    assert kiln.lost_t == pytest.approx(0.407 * 6_600 / 3_600 + broken_t, rel=0.05)


def test_faults_are_cleared_by_machine_tag_or_kind() -> None:
    desk = Desk("CR-L03-WQ101.TOT")
    for target in ("CR-L01", "CR-L02", "CR-L03"):
        desk.inject("feeder_bridging", target, 60)
    desk.inject("thermocouple_open", "CB-L07B-TIC112", 60)
    now_ns = START_NS + 70 * SECOND_NS
    assert desk.plant.clear("CR-L02", at_ns=now_ns) == 1
    assert desk.plant.clear("CR-L02", at_ns=now_ns) == 0
    assert desk.plant.clear("thermocouple_open", at_ns=now_ns) == 1
    assert desk.plant.clear("", at_ns=now_ns) == 2
    assert [label.ended_ns for label in desk.plant.labels()] == [now_ns] * 4


def test_a_planned_fault_comes_of_itself() -> None:
    desk = Desk("CR-L03-WIC101.PV")
    desk.plant.plan("feeder_bridging", "CR-L03", at_ns=START_NS + 300 * SECOND_NS, duration_s=60)
    assert desk.read(290)["CR-L03-WIC101.PV"] > 1.0
    assert desk.read(320)["CR-L03-WIC101.PV"] < 0.01
    assert desk.read(380)["CR-L03-WIC101.PV"] > 1.0


@pytest.mark.parametrize(
    ("fault", "target", "message"),
    [
        ("rust", "CR-L03", "there is no fault 'rust'; there are heater_zone_failed"),
        (
            "feeder_bridging",
            "CB-L07B",
            "feeder_bridging is for a target like CR-L03; came 'CB-L07B'",
        ),
        ("feeder_bridging", "CR-L09", "is for a target like CR-L03"),
        ("roller_jam", "CB-L15A", "is for a target like CB-L07B"),
        ("roller_jam", "", "came 'nothing'"),
        ("totaliser_reset", "CB-L07B-KQ130.TOT", "CB-L07B-KQ130.TOT is none"),
        ("scale_drift", "CR-L99-WQ101.TOT", "CR-L99-WQ101.TOT is none"),
    ],
)
def test_a_fault_that_cannot_be_says_why(fault: str, target: str, message: str) -> None:
    desk = Desk("CR-L03-WQ101.TOT")
    with pytest.raises(ValueError, match=re.escape(message)):
        desk.inject(fault, target, 60)
    assert desk.plant.labels() == ()


def test_a_panel_knows_which_tags_can_fail() -> None:
    desk = Desk("CR-L03-WIC101.PV")
    desk.panel.check("stuck_value", "CR-L03-WIC101.PV")
    desk.panel.check("communication_loss", "CR")
    desk.panel.check("roller_jam", "CB-L07B")
    with pytest.raises(ValueError, match="CR-L04-WIC101"):
        desk.panel.check("stuck_value", "CR-L04-WIC101.PV")


def test_the_22_faults_have_their_numbers_and_say_what_they_are() -> None:
    assert [fault.number for fault in FAULTS] == list(range(1, 23))
    for fault in FAULTS:
        assert fault.what
        assert fault_named(fault.id) is fault
