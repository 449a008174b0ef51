"""Notices: what is kept of a transition comes back as it was."""

from __future__ import annotations

from dataclasses import replace

import orjson

from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.handling import Guidance, Words
from service.runtime.notification import dump_notice, load_notice, message_id, message_of
from tests.notices import SITE, notice

GUIDANCE = Guidance(
    Words("a", "甲"), Words("b", "乙"), Words("c", "丙"), respond_min=10.0, owner=Words("d", "丁")
)
PLAIN = notice("t1", "a")
FULL = replace(PLAIN, by="li", comment="seen", guidance=GUIDANCE, priority=Priority.CRITICAL)
BARE = replace(PLAIN, stage=None, tag=None, value=None, limit=None)


def test_a_notice_comes_back_as_it_was_kept() -> None:
    for one in (PLAIN, FULL, BARE):
        assert load_notice(dump_notice(one)) == one


def test_what_another_version_kept_is_read_as_far_as_it_is_known() -> None:
    kept = orjson.loads(dump_notice(PLAIN)) | {"colour": "red"}
    del kept["url"], kept["guidance"]
    assert load_notice(orjson.dumps(kept)) == replace(PLAIN, url="")


def test_a_message_is_known_by_the_transitions_that_it_lists() -> None:
    returned = notice(
        "t2", kind=TransitionKind.RETURNED, state=Phase.RETURNED, at_ns=PLAIN.at_ns + 5
    )
    one, both = message_of(SITE, [PLAIN]), message_of(SITE, [PLAIN, returned])
    assert one == message_of(SITE, [PLAIN])
    assert one.id != both.id == message_id(["t1", "t2"]) != message_id(["t2", "t1"])
    assert both.at_ns == returned.at_ns
