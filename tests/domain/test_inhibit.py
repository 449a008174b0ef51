"""Which lost connections explain which alarms, and what suppresses by design: as tables."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alarm import Priority
from service.domain.definitions import Definitions, define
from service.domain.handling import Handling, Same, WhileAlarm, WhileTag
from service.domain.inhibit import Explained, explained_by_loss
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Window
from service.domain.rules import (
    BadQualityRule,
    Behind,
    ClockRule,
    CommunicationRule,
    DeviceRule,
    LimitKind,
    LimitRule,
    Rule,
    ThroughputRule,
    Timing,
)
from service.domain.suppression import OnAlarm, OnTag, suppressed, suppressors
from service.domain.tag import Limits, Tag

TAGS = [
    Tag(f"{area}-L{n:02}-FT1.PV", "plant", "n", group=group, limits=Limits(h=5.0, hh=9.0))
    for area, group in (("SC", "main"), ("PK", "pack"))
    for n in range(1, 7)
]
LINE = Line(
    (
        Stage("SC", "Screening", "筛分", 1.0, 1.0, 6.0, ("PK",)),
        Stage("PK", "Packaging", "包装", 1.0, 1.0, 6.0),
    ),
    tuple(
        Meter(tag.asset, tag.area, tag.asset, tag.id, MeterKind.RATE, tag.item_group)
        for tag in TAGS
    ),
    "PK",
)
EVERY: tuple[Rule, ...] = (
    CommunicationRule("comms", ("plant",), Priority.HIGH, Timing()),
    DeviceRule("plc", ("plant",), Behind.AREA, Priority.HIGH, Timing()),
    BadQualityRule("bad", ("*",), Priority.MEDIUM, Timing()),
    LimitRule("h", LimitKind.H, ("*",), Priority.MEDIUM, Timing()),
    LimitRule("hh", LimitKind.HH, ("*",), Priority.CRITICAL, Timing()),
    ClockRule("clock", ("plant",), Priority.LOW, Timing()),
    ThroughputRule("low", ("SC", "PK"), Window.HOUR, 10.0, 1.0, Priority.HIGH, Timing(), 0.5),
)
COMMS, PLC = "comms:plant/main", "plc:plant/SC"


def defined(*rules: Rule) -> Definitions:
    return define(rules, tags=TAGS, line=LINE)


@pytest.mark.parametrize(
    ("definition", "lost", "by"),
    [
        ("bad:SC-L01-FT1.PV", {COMMS}, COMMS),
        ("bad:SC-L01-FT1.PV", {PLC}, PLC),
        ("bad:SC-L01-FT1.PV", {COMMS, PLC}, COMMS),  # the more fundamental one
        ("bad:SC-L01-FT1.PV", {"comms:plant/pack", "plc:plant/PK"}, None),
        ("h:SC-L01-FT1.PV", {COMMS}, COMMS),
        ("clock:plant/main", {COMMS}, COMMS),
        ("clock:plant/main", {PLC}, None),
        (PLC, {COMMS}, COMMS),
        ("low:SC", {COMMS}, COMMS),
        ("low:PK", {COMMS}, None),
    ],
)
def test_a_lost_connection_explains(definition: str, lost: set[str], by: str | None) -> None:
    explained = explained_by_loss(defined(*EVERY), LINE)
    assert explained[definition].by(lost.__contains__) == by


def test_a_critical_limit_and_a_lost_connection_itself_are_explained_by_nothing() -> None:
    explained = explained_by_loss(defined(*EVERY), LINE)
    assert not [id_ for id_ in explained if id_.startswith(("hh:", "comms:"))]


def test_without_rules_on_connections_nothing_is_explained() -> None:
    assert explained_by_loss(defined(*EVERY[2:]), LINE) == {}


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=3).map(tuple), min_size=1).map(tuple),
    st.floats(0.0, 0.99),
    st.sets(st.sampled_from("abc")),
)
def test_more_that_is_lost_never_explains_less(
    parts: tuple[tuple[str, ...], ...], above: float, lost: set[str]
) -> None:
    explained = Explained(tuple((part, 1) for part in parts), above)
    by = explained.by(lost.__contains__)
    assert by is None or by in lost
    for more in "abc":
        assert by is None or explained.by((lost | {more}).__contains__) is not None


RUN = WhileTag("FT1.PV", below=0.5)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (RUN, (OnTag("SC-L01-FT1.PV", RUN),)),  # of the same equipment
        (
            WhileTag("PK-L02-FT1.PV", above=1.0),
            (OnTag("PK-L02-FT1.PV", WhileTag("PK-L02-FT1.PV", above=1.0)),),
        ),
        (WhileTag("NONE.PV", above=1.0), None),
        (WhileAlarm("h"), (OnAlarm("h", ("h:SC-L01-FT1.PV",)),)),
        (WhileAlarm("low", Same.STAGE), (OnAlarm("low", ("low:SC",)),)),
        (WhileAlarm("low", Same.SITE), (OnAlarm("low", ("low:SC", "low:PK")),)),
        (WhileAlarm("low"), None),  # a stage is no equipment of its own
    ],
)
def test_a_condition_is_that_of_the_alarms_own_place(
    condition: WhileTag | WhileAlarm, found: tuple[OnTag | OnAlarm, ...] | None
) -> None:
    handling = Handling(suppressed_by=(condition,))
    rules = [replace(r, handling=handling) if r.id == "bad" else r for r in EVERY]
    every = suppressors(defined(*rules).all(), [tag.id for tag in TAGS])
    assert every.get("bad:SC-L01-FT1.PV") == found


@pytest.mark.parametrize(
    ("value", "stands", "holds"),
    [
        (0.0, False, True),
        (0.5, False, False),
        (1.0, False, False),
        (None, False, None),
        (math.nan, False, None),
        (None, True, True),  # what holds needs no other to be known
        (1.0, True, True),
    ],
)
def test_any_condition_suppresses_and_unknown_is_open(
    value: float | None, stands: bool, holds: bool | None
) -> None:
    conditions = (OnTag("t", RUN), OnAlarm("h", ("h:1",)))
    assert suppressed(conditions, lambda _: value, lambda _: stands)[0] is holds
