"""Templates: what they may say, that they end, and that they give JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.template.language import MOST_LISTED, Template, TemplateError
from connectors.template.notifier import context_of
from connectors.template.settings import TemplateSettings
from service.runtime.notification import message_of
from service.runtime.notify import Message, MessageKind
from tests.notices import AT_NS, notice
from tests.runtime.test_telling import RAISED, RETURNED, SHANGHAI, digest_of
from tests.sites import SHIPPED

MESSAGES = {
    "raised": message_of(SHANGHAI, [RAISED]),
    "merged": message_of(SHANGHAI, [RAISED, RETURNED]),
    "digest": digest_of([notice(f"t{n}", f"a{n}") for n in range(MOST_LISTED)], of=5_000),
    "test": Message("msg_t", MessageKind.TEST, SHANGHAI, AT_NS),
    "odd": message_of(
        SHANGHAI, [notice(message_zh='"}] {{ 7 }} \\ \u2028 <!channel> [x](http://evil)', url="")]
    ),
}


def filled(source: str, message: Message = MESSAGES["raised"], **more: Any) -> Any:
    settings = TemplateSettings.model_validate(
        {"kind": "template", "url": "http://x/", "template": source, **more}
    )
    return orjson.loads(settings.read_template().render(context_of(message, settings)))


def test_it_knows_the_message_and_each_notice() -> None:
    given = filled(
        """{
          "id": {{ id | tojson }}, "kind": {{ kind | tojson }}, "at": {{ at | tojson }},
          "site": {{ site | tojson }}, "priority": {{ [priority, priority_said] | tojson }},
          "steps": [{% for one in notices %}{{ one | tojson }}{% if not loop.last %},{% endif %}
          {% endfor %}]
        }""",
        MESSAGES["merged"],
        language="en",
    )
    assert given["kind"] == "alarm"
    assert given["at"] == "2026-05-29 04:31:40+08:00"
    assert given["site"] == {"id": "s", "name_en": "Site", "name_zh": "厂", "url": "http://x"}
    assert given["priority"] == ["high", "!! 2 high"]
    first, second = given["steps"]
    assert first == {
        "transition": "t1", "alarm": "a", "kind": "raised", "kind_said": "raised",
        "at": "2026-05-29 04:26:40+08:00", "rule": "hh", "priority": "high", "priority_number": 2,
        "priority_said": "!! 2 high", "state": "unacknowledged", "state_said": "unacknowledged",
        "asset": "CB-L07B", "stage": "CB", "tag": "CB-L07B-TIC112.PV", "value": 1190.0,
        "limit": 1180.0, "unit": "°C", "value_said": "1,190 °C",
        "said": "Zone 12 above its high-high limit", "by": None, "comment": None,
        "url": "http://x/#/alarms/a", "stake_t": None,
    }  # fmt: skip
    assert second["kind"] == "returned"


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ('{{ "多" ~ 1 | tojson }}', None),  # the filter is the number's, not the whole text's
        ('{{ ("多" ~ 1) | tojson }}', "多1"),
        ("{{ (2 + 3) % 4 | tojson }}", None),
        ("{{ ((2 + 3) % 4) | tojson }}", 1),
        ("{{ notices | map(attribute='asset') | join('; ') | tojson }}", "CB-L07B"),
        ("{{ notices | selectattr('priority_number', 'le', 1) | list | tojson }}", []),
        ("{{ notices[0].asset | replace('-', '/') | tojson }}", "CB/L07B"),
        ("{{ (totals or {}) | tojson }}", {}),
        ("{% if priority == 'high' %}1{% else %}2{% endif %}", 1),
    ],
)
def test_expressions(source: str, result: object) -> None:
    if result is None:
        with pytest.raises(ValueError, match=r"ends with \| tojson"):
            filled(source)
    else:
        assert filled(source) == result


NOT_ALLOWED = [
    ("{{ subject }}", "ends with | tojson"),
    ('{"a": "{{ subject | upper }}"}', "ends with | tojson"),
    ("{{ range(10) | tojson }}", "no call"),
    ("{{ subject.format(1) | tojson }}", "no call"),
    ("{{ ''.__class__.__mro__ | tojson }}", "can't be filled in"),
    ("{{ ('x' * 10) | tojson }}", "no mul"),
    ("{{ (2 ** 10) | tojson }}", "no pow"),
    ("{% set a = 1 %}1", "no assign"),
    ("{% macro a() %}{% endmacro %}1", "no macro"),
    ("{% include 'x' %}", "no include"),
    ("{% import 'x' as y %}", "no import"),
    ("{% extends 'x' %}", "no extends"),
    ("{% for a in notices recursive %}{% endfor %}1", "not recursive"),
    (3 * "{% for a in notices %}" + 3 * "{% endfor %}" + "1", "at most 2 deep"),
    ("{{ subject | center(99999999) | tojson }}", "No filter named 'center'"),
    ("{{ subject | format(1) | tojson }}", "No filter named 'format'"),
    ("{{ subject | attr('x') | tojson }}", "No filter named 'attr'"),
    ("{{ subject | e | tojson }}", "No filter named 'e'"),
    ("{% if subject is callable %}1{% endif %}", "No test named 'callable'"),
    ("{% for", "line 1"),
    ("x" * 30_000, "at most 20000 characters"),
]


@pytest.mark.parametrize(("source", "said"), NOT_ALLOWED, ids=[one[:30] for one, _ in NOT_ALLOWED])
def test_what_a_template_may_not_do(source: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("|", r"\|")):
        filled(source)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ ('%99999999d' % 1) | tojson }}", "% takes numbers"),
        ("{{ (subject + subject) | tojson }}", r"\+ takes numbers"),
        ("{{ (1 / 0) | tojson }}", "can't be filled in"),
        ("{{ nothing.at_all | tojson }}", "can't be filled in"),
        ("{% for c in text %}{% endfor %}1", "goes through a list"),
        ("{% for c in text | list %}{% endfor %}1", "at most 100"),
        ("{{ text | join(text) | tojson }}", "join takes at most"),
        ("{{ text | replace('', text) | tojson }}", "replace takes at most"),
        (2 * "{% for a in notices %}" + "{{ text | tojson }}" + 2 * "{% endfor %}",
         "more than 100000"),
        ("[1, 2", "no JSON"),
        ("NaN", "no JSON"),
        ("{% if false %}1{% endif %}", "no JSON"),
    ],
)  # fmt: skip
def test_what_goes_wrong_ends_and_says_why(source: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        filled(source, MESSAGES["digest"])


def test_pieces_that_grow_end_within_the_bound() -> None:
    """Chains of filters, the only way to make much of little."""
    for times, said in ((20, "characters"), (600, "nested too deep")):
        growing = "{{ text" + " | replace('', 'xxxxxxxxxx')" * times + " | tojson }}"
        with pytest.raises(ValueError, match=said):
            filled(growing)
    deep = "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " | tojson }}"
    with pytest.raises(ValueError, match="nested too deep"):
        filled(deep)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_the_sample_for_slack(message: Message, language: str) -> None:
    made = filled((SHIPPED / "slack.json.j2").read_text("utf-8"), message, language=language)
    header, section, *action = made["blocks"]
    assert "<!" not in made["text"]  # which Slack reads as its own markup
    assert header["text"]["text"][:5] == made["text"][:5]
    assert len(header["text"]["text"]) <= 150  # what Slack takes in a header
    assert 0 < len(section["text"]["text"]) <= 3_000  # and in a section
    assert bool(action) == bool(message.notices and message.notices[-1].url)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_the_sample_for_teams(message: Message, language: str) -> None:
    source = (SHIPPED / "teams.json.j2").read_text("utf-8")
    made = filled(source, message, language=language)
    card = made["attachments"][0]["content"]
    assert card["type"] == "AdaptiveCard"
    assert "](http://evil" not in orjson.dumps(card).decode()
    assert len(card["body"]) == 2
    assert "Anodewatch" in card["body"][1]["text"]
    assert len(orjson.dumps(made)) <= 28_000  # what Teams takes
    assert bool(card["actions"]) == bool(message.notices and message.notices[-1].url)


def test_a_template_in_a_file_is_checked_as_well(tmp_path: Path) -> None:
    file = tmp_path / "x.j2"
    settings = TemplateSettings.model_validate(
        {"kind": "template", "url": "http://x/", "template_file": file}
    )
    with pytest.raises(ValueError, match="can't be read"):
        settings.key()
    file.write_text("{\n{{ subject }}\n}")
    with pytest.raises(ValueError, match=r"template x\.j2: line 2: each"):
        settings.key()
    file.write_text("{{ subject | tojson }}")
    assert settings.key()


def test_the_language_has_no_environment() -> None:
    """A template made twice is the same, and knows nothing of the process."""
    assert Template("1").render({}) == b"1"
    with pytest.raises(TemplateError):
        Template("{{ environment | tojson }}").render({})
