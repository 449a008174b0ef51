"""The sample site: it loads, it is the reference plant, and it describes every setting."""

from __future__ import annotations

import re
import runpy
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel

from connectors.registry import CONNECTORS
from service.domain.alarm import Priority
from service.domain.instants import DAY_NS, HOUR_NS
from service.domain.line import MeterKind
from service.domain.plan import Window
from service.domain.rules import CommunicationRule, LimitRule, ThroughputRule
from service.domain.tag import Limits, TagKind
from service.runtime.identity import Role
from service.settings import Site, load_site
from service.settings.rulebook import TABLES
from service.settings.ruletables import RuleTable
from service.settings.tables import (
    AlarmsTable,
    CalendarTable,
    DowntimeTable,
    MeterTable,
    NotificationTable,
    PlanTable,
    ServiceTable,
    ShiftEntry,
    SiteTable,
    StageTable,
)
from service.settings.taglist import COLUMNS
from tests.conftest import ROOT
from tests.sites import SAMPLE, ZONES, copy_of_sample, sample_in


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(SAMPLE)


def test_the_tag_list_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(ROOT / "deploy" / "sites" / "make_changzhi.py"))
    assert (SAMPLE / "tags.csv").read_text(encoding="utf-8") == script["tag_list"]()


def test_the_tags_are_those_of_the_plant(site: Site) -> None:
    assert 1_400 <= len(site.tags) <= 1_600
    assert {tag.kind for tag in site.tags} == set(TagKind)
    assert all(tag.name_en and tag.name_zh for tag in site.tags)
    zones = Counter(tag.asset for tag in site.tags if re.search(r"-TIC1\d\d\.PV$", tag.id))
    assert len(zones) == 28
    assert sorted(kiln for kiln, count in zones.items() if count == 24) == [
        "CB-L07A",
        "CB-L07B",
        "CB-L08A",
        "CB-L08B",
    ]
    assert {tag.area for tag in site.tags} == {stage.id for stage in site.line.stages} | {"UT"}


def test_a_tag_is_read_with_all_its_columns(site: Site) -> None:
    tag = next(tag for tag in site.tags if tag.id == "CB-L07B-TIC112.PV")
    assert tag.item_group == "plant/main"
    assert tag.node == "nsu=urn:anodewatch:plant;s=CB-L07B-TIC112.PV"
    assert (tag.unit, tag.low, tag.high, tag.deadband) == ("°C", 0, 1400, 2)
    assert tag.limits == Limits(hh=1180, h=1165, l=1135, ll=1120)
    assert (tag.scale, tag.offset, tag.rollover, tag.cyclic_s) == (1.0, 0.0, None, None)
    assert tag.name_zh == "辊道窑L07B第12温区温度"


def test_the_line_is_the_reference_plant(site: Site) -> None:
    stages = [stage.id for stage in site.line.stages]
    assert stages == ["CR", "GR", "CT", "CB", "GZ", "SC", "DM", "PK"]
    assert [stage.feeds for stage in site.line.stages] == [(s,) for s in stages[1:]] + [()]
    assert site.line.output_stage == "PK"
    assert [stage.id for stage in site.line.stages if not stage.hourly] == ["GZ"]
    meters = {stage: len(found) for stage, found in site.line.meters_by_stage.items()}
    assert list(meters.values()) == [8, 36, 12, 28, 8, 12, 12, 4]


@pytest.mark.parametrize(
    ("id_", "tag", "kind", "kg_per_unit", "rollover"),
    [
        ("CR-L01", "CR-L01-WQ101.TOT", MeterKind.TOTALISER, 1.0, 2.0**32),
        ("CR-L08", "CR-L08-WQ101.TOT", MeterKind.TOTALISER, 1.0, 65_536.0),
        ("CB-L07B", "CB-L07B-KQ131.TOT", MeterKind.COUNT, 7.6, 2.0**32),
        ("DM-S04", "DM-S04-WIC602.PV", MeterKind.RATE, 1_000.0, None),
        ("PK-P2", "PK-P2-KQ702.TOT", MeterKind.COUNT, 500.0, 2.0**32),
    ],
)
def test_a_meter_takes_its_tag_unit_and_rollover(
    site: Site, id_: str, tag: str, kind: MeterKind, kg_per_unit: float, rollover: float | None
) -> None:
    (meter,) = (meter for meter in site.line.meters if meter.id == id_)
    assert (meter.tag, meter.kind, meter.kg_per_unit) == (tag, kind, pytest.approx(kg_per_unit))
    assert (meter.rollover, meter.item_group) == (rollover, "plant/main")


@pytest.mark.parametrize("year", [2026, 2027])
def test_a_year_has_7920_planned_hours(site: Site, year: int) -> None:
    assert site.calendar.planned_ns(*site.calendar.year_bounds_ns(year)) == 7_920 * HOUR_NS


def test_the_plan_is_70000_t(site: Site) -> None:
    year = site.calendar.year_bounds_ns(site.year)
    assert site.plan.due_kg(*year) == pytest.approx(70_000_000)
    assert site.plan.rate_kg_per_h(site.year) == pytest.approx(8_838.4, abs=0.1)


@pytest.mark.parametrize(("zone", "utc_h"), list(zip(ZONES, [0.0, 2.5, 7.0], strict=True)))
def test_days_and_shifts_are_local(zone: str, utc_h: float) -> None:
    site = load_site(sample_in(zone))
    start_ns = site.calendar.start_of(date(2026, 3, 1))
    assert start_ns % DAY_NS == utc_h * HOUR_NS  # at 08:00 local
    spans = site.calendar.shifts_between(start_ns, start_ns + DAY_NS)
    assert [span.shift.id for span in spans] == ["day", "evening", "night"]
    festival = site.calendar.start_of(date(2026, 2, 17))
    assert not site.calendar.is_planned(festival)


def test_the_rules_are_read(site: Site) -> None:
    by_id = {rule.id: rule for rule in site.rules}
    hour = by_id["hour-low"]
    assert isinstance(hour, ThroughputRule)
    assert (hour.window, hour.priority) == (Window.HOUR, Priority.MEDIUM)
    assert (hour.timing.on_delay_s, hour.timing.off_delay_s) == (300, 300)
    assert isinstance(by_id["limit-hh"], LimitRule)
    assert isinstance(by_id["communication-lost"], CommunicationRule)
    assert by_id["communication-lost"].connectors == ("plant",)


def test_settings_are_those_of_their_connectors(site: Site) -> None:
    assert {name: vars(of)["kind"] for name, of in site.sources.items()} == {"plant": "opcua"}
    assert vars(site.history)["kind"] == "duckdb"
    (destination,) = site.destinations
    assert (destination.name, destination.min_priority) == ("maintenance", Priority.HIGH)
    assert site.service.data == SAMPLE / "data"


def test_for_how_long_alarms_may_be_shelved_is_the_sites_to_say(tmp_path: Path) -> None:
    file = copy_of_sample(tmp_path) / "site.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("shelve_operator_h = 8", "shelve_operator_h = 0.5"), "utf-8")
    limits = load_site(file.parent).shelving
    assert [limits.most_min(role) for role in Role] == [0, 30, 4_320, 4_320]


SITE_TABLES = (
    *(SiteTable, ServiceTable, StageTable, MeterTable, ShiftEntry, DowntimeTable, CalendarTable),
    *(PlanTable, NotificationTable, AlarmsTable),
)


@pytest.mark.parametrize(
    "model",
    [*SITE_TABLES, *(connector.settings for connector in CONNECTORS)],
    ids=lambda model: model.__name__,
)
def test_every_setting_is_described_in_the_sample(model: type[BaseModel]) -> None:
    text = (SAMPLE / "site.toml").read_text(encoding="utf-8")
    missing = [name for name in model.model_fields if not re.search(rf"\b{name}\b", text)]
    assert missing == []


def test_every_setting_that_the_sample_shows_as_a_comment_exists() -> None:
    text = (SAMPLE / "site.toml").read_text(encoding="utf-8")
    outside = text[text.index("[connectors.plant]") : text.index("# --- Tags")]
    shown = tomllib.loads(
        "".join(f"[[of]]\n{key}\n" for key in re.findall(r"^# (\w.* = .*)", outside, re.MULTILINE))
    )
    known = {name for connector in CONNECTORS for name in connector.settings.model_fields}
    assert len(shown["of"]) > 30
    assert {key for of in shown["of"] for key in of} - known == set()


def test_every_column_is_described_in_the_sample() -> None:
    text = (SAMPLE / "site.toml").read_text(encoding="utf-8")
    assert [name for name in COLUMNS if not re.search(rf"^#.*\b{name}\b", text, re.MULTILINE)] == []


@pytest.mark.parametrize("model", TABLES.values(), ids=TABLES)
def test_every_field_of_a_rule_is_described_in_the_sample(model: type[RuleTable]) -> None:
    text = (SAMPLE / "rules.toml").read_text(encoding="utf-8")
    described = set(re.findall(r"^# (\w+)  ", text, re.MULTILINE))
    assert set(model.model_fields) - described == set()
