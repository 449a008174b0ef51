"""What rules say about their alarms: read, checked, carried, and no part of an alarm's identity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.definitions import define
from service.domain.handling import (
    PLAIN,
    Chattering,
    Guidance,
    Handling,
    Same,
    WhileAlarm,
    WhileTag,
    Words,
)
from service.settings import Site, SiteError, load_site
from service.settings.rulefile import parse_rules
from tests.sites import SAMPLE

HANDLED = """
[[limit]]
id = "one"
limit = "h"
tags = ["CB-*"]
priority = "medium"
latching = true
realarm_s = 3600
escalate_s = 900
shadow = true
settle_s = 120
chattering = { raises = 5, window_s = 120 }
flapping = { raises = 20, calm_s = 1800 }
suppressed_by = [
  { tag = "ROW.INTERVAL", above = 600 },
  { tag = "UT-RTO1-TT150.PV", below = 700 },
  { rule = "other" },
  { rule = "other", same = "site" },
]

[limit.guidance]
cause = { en = "a cause", zh = "原因" }
consequence = { en = "a consequence", zh = "后果" }
response = { en = "a response", zh = "措施" }
respond_min = 10
owner = { en = "Shift", zh = "当班" }

[[communication]]
id = "other"
connectors = ["*"]
priority = "high"
"""


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(SAMPLE)


def test_handling_is_read_and_carried_into_every_definition(site: Site) -> None:
    rules = parse_rules("rules.toml", HANDLED, site)
    handling = Handling(
        latching=True,
        realarm_s=3600.0,
        escalate_s=900.0,
        shadow=True,
        suppressed_by=(
            WhileTag("ROW.INTERVAL", above=600.0),
            WhileTag("UT-RTO1-TT150.PV", below=700.0),
            WhileAlarm("other"),
            WhileAlarm("other", Same.SITE),
        ),
        settle_s=120.0,
        chattering=Chattering(5, 120.0, 600.0),
        flapping=Chattering(20, 3_600.0, 1_800.0),
        guidance=Guidance(
            cause=Words("a cause", "原因"),
            consequence=Words("a consequence", "后果"),
            response=Words("a response", "措施"),
            respond_min=10.0,
            owner=Words("Shift", "当班"),
        ),
    )
    definitions = define(rules, tags=site.tags, line=site.line)
    assert {alarm.definition.handling for alarm in definitions.limits} == {handling}
    assert {alarm.definition.handling for alarm in definitions.groups} == {PLAIN}


def test_handling_is_no_part_of_an_alarms_identity(site: Site) -> None:
    """Else a changed guidance text would end every alarm that stands, and raise it anew."""
    words = Words("other words", "其他文字")
    other = Handling(
        latching=True,
        shadow=True,
        suppressed_by=(WhileAlarm("communication-lost"),),
        guidance=Guidance(words, words, words, 5.0, words),
    )
    changed = [replace(rule, handling=other) for rule in site.rules]
    before = define(site.rules, tags=site.tags, line=site.line).all()
    after = define(changed, tags=site.tags, line=site.line).all()
    assert {id_: one.version for id_, one in before.items()} == {
        id_: one.version for id_, one in after.items()
    }
    assert {one.handling for one in after.values()} == {other}


def test_what_a_rule_judges_by_is_part_of_its_identity(site: Site) -> None:
    sooner = [replace(r, timing=replace(r.timing, on_delay_s=1.0)) for r in site.rules]
    before = define(site.rules, tags=site.tags, line=site.line).all()
    after = define(sooner, tags=site.tags, line=site.line).all()
    assert not {one.version for one in before.values()} & {one.version for one in after.values()}


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            '{ rule = "other" },',
            '{ rule = "othre" },',
            'found "othre"; did you mean "other"?',
        ),
        (
            '{ rule = "other" },',
            '{ rule = "one" },',
            "limit[1].suppressed_by[3].rule: expected the id of another rule",
        ),
        (
            '"ROW.INTERVAL", above = 600',
            '"ROW.INTERVAL"',
            "limit[1].suppressed_by[1]: expected a rule, or a tag with either above or below",
        ),
        (
            '"ROW.INTERVAL"',
            '"M110.ST"',  # of a mill, but the rule is on kilns
            'found "M110.ST"; did you mean "M140.ST"?',
        ),
        (
            '"ROW.INTERVAL"',
            '"ROW.INTERVALL"',
            "limit[1].suppressed_by[1].tag: expected a tag of tags.csv, or the ending of one on",
        ),
        ('en = "a cause", zh', "zh", "limit[1].guidance.cause.en: expected a value, found none"),
        ("respond_min = 10\n", "", "limit[1].guidance.respond_min: expected a value, found none"),
        ("raises = 5", "raises = 1", "limit[1].chattering.raises: expected a number of at least 2"),
        ("raises = 20", "raises = 1", "limit[1].flapping.raises: expected a number of at least 2"),
        (
            "escalate_s = 900",
            'escalate_s = "15 min"',
            'limit[1].escalate_s: expected a number, found "15 min"; write e.g. escalate_s = 900',
        ),
        ("shadow", "shadwo", "limit[1].shadwo: expected a known setting"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_its_remedy(
    site: Site, right: str, wrong: str, said: str
) -> None:
    assert right in HANDLED
    with pytest.raises(SiteError) as caught:
        parse_rules("rules.toml", HANDLED.replace(right, wrong, 1), site)
    (problem,) = caught.value.problems
    assert said in str(problem)
    assert problem.line is not None
