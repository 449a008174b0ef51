"""What webhooks say, held against the published schema; the schema tells of every field."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import fields, replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from connectors.webhook.payload import VERSION, body_of
from service.api.routes.schemas import SCHEMAS
from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.handling import Guidance, Words
from service.runtime.notification import NOTIFIED
from service.runtime.notify import Message, MessageKind, Notice, Root, Totals
from service.runtime.samples import Sample, example_of, sample_message
from tests.notices import AT_NS, SITE, message, notice

SCHEMA: dict[str, Any] = json.loads(SCHEMAS[f"notification-{VERSION}.json"])
GUIDANCE = Guidance(
    cause=Words("Heater or thyristor", "加热器或可控硅"),
    consequence=Words("Scrap", "废品"),
    response=Words("Reduce the infeed", "减少进料"),
    respond_min=10.0,
    owner=Words("Electricians", "电工"),
)
RETURNED = notice("t2", kind=TransitionKind.RETURNED, state=Phase.RETURNED, value=None)
TOTALS = Totals(
    notices=3,
    alarms=2,
    by_kind={TransitionKind.RAISED: 2, TransitionKind.RETURNED: 1},
    by_priority={Priority.HIGH: 3},
    by_stage={"CB": 2, "": 1},
    first_ns=AT_NS,
    last_ns=AT_NS + 5,
    roots=(Root("a", notice(), 2),),
)


def bare(kind: MessageKind) -> Message:
    return Message(f"msg_{kind}", kind, SITE, AT_NS)


def digest() -> Message:
    notices = (notice(), RETURNED, notice("t3", alarm="b", stage=None, guidance=GUIDANCE))
    return replace(bare(MessageKind.DIGEST), notices=notices, totals=TOTALS)


MESSAGES = {
    "raised": message(),
    "with guidance": message(notice(guidance=GUIDANCE, root="a")),
    "of another": message(notice(root="b")),
    "nothing known": message(notice(stage=None, tag=None, value=None, limit=None, unit="", url="")),
    "merged": message(notice(), RETURNED),
    "acknowledged": message(notice(kind=TransitionKind.ACKNOWLEDGED, by="li.wei", comment="看到")),
    "digest": digest(),
    "test": bare(MessageKind.TEST),
    "heartbeat": bare(MessageKind.HEARTBEAT),
}


def strict() -> dict[str, Any]:
    """The schema as one that bears no field of which it doesn't tell."""
    found = deepcopy(SCHEMA)
    parts = found["$defs"]
    closed = [found, *(parts[name] for name in ("site", "words", "guidance", "totals"))]
    closed += [parts[name] for name in ("alarmData", "digestData", "bareData")]
    closed.append(parts["digestData"]["properties"]["notices"]["items"])
    closed.append(parts["alarmData"]["properties"]["transitions"]["items"])
    for part in closed:
        part["unevaluatedProperties"] = False
    return found


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_as_the_schema_says_and_says_no_more(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    said = json.loads(body_of(MESSAGES[name]))
    Draft202012Validator(SCHEMA).validate(said)
    Draft202012Validator(strict()).validate(said)
    assert said["version"] == VERSION
    said["data"]["new"] = 1  # receivers must bear a field that comes anew
    Draft202012Validator(SCHEMA).validate(said)
    with pytest.raises(ValidationError):
        Draft202012Validator(strict()).validate(said)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("version",), 1),
        (("type",), "alarm.unheard_of"),
        (("timestamp",), "2026-06-01T00:00:00+08:00"),
        (("data", "priority"), 0),
        (("data", "state"), "gone"),
        (("data", "value"), "1190"),
        (("data", "transitions"), []),
        (("data", "transitions", 0, "step"), "raised again"),
        (("data", "guidance"), {}),
        (("data", "site", "id"), None),
    ],
)
def test_the_schema_refuses_what_is_wrong(at: tuple[str | int, ...], value: object) -> None:
    said = json.loads(body_of(message()))
    part = said
    for key in at[:-1]:
        part = part[key]
    part[at[-1]] = value
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(said)


@pytest.mark.parametrize("sample", Sample)
def test_what_people_are_shown_beforehand_is_as_the_schema_says(sample: Sample) -> None:
    shown = sample_message(sample, SITE, AT_NS, example=example_of([]))
    Draft202012Validator(strict()).validate(json.loads(body_of(shown)))


def test_the_schema_knows_all_steps_and_states() -> None:
    assert set(SCHEMA["$defs"]["step"]["enum"]) == {str(kind) for kind in NOTIFIED}
    assert set(SCHEMA["$defs"]["state"]["enum"]) == {str(phase) for phase in Phase}
    (alarm, *_) = SCHEMA["oneOf"]
    assert alarm["properties"]["type"]["enum"] == [f"alarm.{kind}" for kind in NOTIFIED]


def test_a_notice_keeps_nothing_to_itself() -> None:
    data = json.loads(body_of(message()))["data"]
    renamed = {"rule_kind", "transition", "at_ns"}  # kind; id and at of the transition
    assert {field.name for field in fields(Notice)} - renamed <= set(data)


def test_the_same_message_is_the_same_bytes() -> None:
    for one in MESSAGES.values():
        assert body_of(one) == body_of(deepcopy(one))


def test_the_newest_notice_says_how_the_alarm_stands() -> None:
    said = json.loads(body_of(MESSAGES["merged"]))
    assert (said["type"], said["data"]["state"]) == ("alarm.returned", "returned")
    assert [t["step"] for t in said["data"]["transitions"]] == ["raised", "returned"]
    roots = {
        name: (json.loads(body_of(MESSAGES[name]))["data"])
        for name in ("raised", "with guidance", "of another")
    }
    assert [(d["root"], d["first_out"]) for d in roots.values()] == [
        (None, None), ("a", True), ("b", False),
    ]  # fmt: skip
