"""How alarms are said: in each language, at the site's time, and never longer than a receiver
takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.markup import LANGUAGES, Markdown, json_size, markdown, plain_text, told, utf8_size
from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.handling import Guidance, Words
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.language import Language
from service.runtime.notification import message_of
from service.runtime.notify import Message, MessageKind, Notice, Root, Totals
from service.runtime.telling import clock_time, figure, fitting, tell
from service.runtime.telling_words import EN, KINDS, PHASES, PRIORITIES, ZH
from tests.notices import AT_NS, SITE, notice

SHANGHAI = replace(SITE, zone=ZoneInfo("Asia/Shanghai"))
GUIDANCE = Guidance(
    cause=Words("A thermocouple has failed", "热电偶故障"),
    consequence=Words("Scrap after 20 minutes", "20分钟后报废"),
    response=Words("Switch to the second thermocouple", "切换到备用热电偶"),
    respond_min=10.0,
    owner=Words("Kiln crew", "窑炉班"),
)
RAISED = notice("t1", guidance=GUIDANCE)
RETURNED = notice(
    "t2", kind=TransitionKind.RETURNED, state=Phase.RETURNED, at_ns=AT_NS + 5 * MINUTE_NS,
    value=1100.0, guidance=GUIDANCE,
)  # fmt: skip


def digest_of(notices: list[Notice], *, of: int | None = None, stages: int = 1) -> Message:
    """A digest that stands for ``of`` notices of as many alarms, of which these are listed."""
    n = len(notices) if of is None else of
    return Message(
        "d", MessageKind.DIGEST, SHANGHAI, AT_NS, tuple(notices),
        Totals(
            notices=n, alarms=n, by_kind={TransitionKind.RAISED: n},
            by_priority={Priority.HIGH: n}, by_stage={"CB": n} if stages else {"": n},
            first_ns=AT_NS - HOUR_NS, last_ns=AT_NS,
        ),
    )  # fmt: skip


def test_an_alarm_in_english() -> None:
    text = plain_text(tell(message_of(SHANGHAI, [RAISED]), Language.EN))
    assert text == (
        "!! 2 high · raised: CB-L07B Zone 12 above its high-high limit\n"
        "\n"
        "Asset: CB-L07B\nStage: CB\nTag: CB-L07B-TIC112.PV\n"
        "Value: 1,190 °C, limit 1,180 °C\nState: unacknowledged\n"
        "\n"
        "- 2026-05-29 04:26:40+08:00 raised\n"
        "\n"
        "Likely cause: A thermocouple has failed\n"
        "If nothing is done: Scrap after 20 minutes\n"
        "What to do: Switch to the second thermocouple\n"
        "Respond within: 10 min\n"
        "Responsible: Kiln crew\n"
        "Open the alarm: http://x/#/alarms/a\n"
        "Anodewatch · Site"
    )


def test_merged_steps_in_chinese_say_how_it_stands_now() -> None:
    spoken = replace(
        RETURNED, kind=TransitionKind.ACKNOWLEDGED, by="li.wei", comment="已更换", transition="t3"
    )
    text = plain_text(tell(message_of(SHANGHAI, [RAISED, RETURNED, spoken]), Language.ZH))
    assert text.startswith("!! 2 高 · 确认 (3 次变化)：CB-L07B 12区高于高高限\n")
    assert "数值：1,100 °C，限值 1,180 °C\n状态：已恢复，未确认\n" in text
    assert (
        "- 2026-05-29 04:26:40+08:00 发生\n"
        "- 2026-05-29 04:31:40+08:00 恢复\n"
        "- 2026-05-29 04:31:40+08:00 确认（li.wei）：已更换\n"
    ) in text
    assert "响应时限：10 分钟\n负责人：窑炉班\n" in text


def test_what_a_day_of_it_costs_is_told_where_it_is_known() -> None:
    costly = tell(message_of(SHANGHAI, [notice(stake_t=28.13)]), Language.EN)
    assert "At stake: 28.1 t of finished product a day\n" in plain_text(costly)
    spared = tell(message_of(SHANGHAI, [notice(stake_t=0.0)]), Language.ZH)
    assert "影响：每天少产成品 0.0 t\n" in plain_text(spared)


def test_an_alarm_leads_to_the_one_that_came_first() -> None:
    followed = plain_text(tell(message_of(SHANGHAI, [notice(root="first")]), Language.EN))
    assert "Open the alarm that it belongs to: http://x/#/alarms/first\n" in followed
    itself = plain_text(tell(message_of(SHANGHAI, [notice(root="a")]), Language.EN))
    assert "belongs to" not in itself


@pytest.mark.parametrize("language", list(Language))
def test_what_is_unknown_is_left_out(language: Language) -> None:
    bare = notice(stage=None, tag=None, value=None, limit=None, url="", message_zh="")
    text = plain_text(tell(message_of(SHANGHAI, [bare]), language))
    assert "Zone 12 above its high-high limit" in text  # the other language before none
    for words in (EN, ZH):
        for absent in ("stage", "tag", "value", "open", "open_root", "cause", "stake"):
            assert f"{words[absent]}{words['colon']}" not in text


def test_a_digest_adds_up_and_lists_the_most_urgent_first() -> None:
    listed = [
        notice("t1", "a", priority=Priority.LOW),
        notice("t2", "b", at_ns=AT_NS - MINUTE_NS),
        notice("t3", "c", at_ns=AT_NS),
        notice("t4", "d", priority=Priority.CRITICAL),
    ]
    told_of = tell(digest_of(listed, of=143), Language.EN)
    assert told_of.subject == "!! 2 high · Digest: 143 steps of 143 alarms"
    assert [one.split(" · ")[0] for one in told_of.items] == [
        "!!! 1 critical", "!! 2 high", "!! 2 high", "4 low",
    ]  # fmt: skip
    assert "04:25:40" in told_of.items[1]  # in the message's own order
    assert told_of.more + len(told_of.items) == 143
    text = plain_text(told_of)
    assert "From 2026-05-29 03:26:40+08:00 to 2026-05-29 04:26:40+08:00" in text
    assert "By priority: !! 2 high 143\nBy step: raised 143\nBy stage: CB 143\n" in text
    assert "… and 139 more" in text
    assert "Belong together" not in text


def test_a_digest_names_the_alarms_to_which_others_belong() -> None:
    digest = digest_of([RAISED])
    assert digest.totals is not None
    roots = (Root("a", RAISED, 20), Root("b", notice("t9", "b", asset="SC-L01"), 4))
    digest = replace(digest, totals=replace(digest.totals, roots=roots))
    assert (
        "Belong together: 20 with CB-L07B Zone 12 above its high-high limit, 4 with SC-L01 "
        in plain_text(tell(digest, Language.EN))
    )
    assert "同一起因：CB-L07B 12区高于高高限（共 20 个）" in plain_text(tell(digest, Language.ZH))


@pytest.mark.parametrize("kind", [MessageKind.TEST, MessageKind.HEARTBEAT])
@pytest.mark.parametrize("language", list(Language))
def test_what_has_no_alarm_says_so(kind: MessageKind, language: Language) -> None:
    text = plain_text(tell(Message("x", kind, SHANGHAI, AT_NS), language))
    assert "2026-05-29 04:26:40+08:00" in text
    assert "Anodewatch" in text


def test_every_step_state_and_priority_has_a_name_in_both_languages() -> None:
    for names, members in ((KINDS, TransitionKind), (PHASES, Phase), (PRIORITIES, Priority)):
        assert set(names) == set(members)  # type: ignore[call-overload]
        for place in (0, 1):
            said = [pair[place] for pair in names.values()]
            assert all(said)
            assert len(set(said)) == len(said)
    assert set(EN) == set(ZH)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1184.25, "°C", "1,184.25 °C"),
        (0.000123456789, "", "0.000123457"),
        (12_345_678.9, "kg", "12,345,679 kg"),
        (-0.5, "Pa", "-0.5 Pa"),
        (None, "kg", "unknown"),
        (float("nan"), "kg", "unknown"),
    ],
)
def test_figures(value: float | None, unit: str, said: str) -> None:
    assert figure(value, unit, Language.EN) == said


def test_times_carry_the_offset_that_holds_then() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    winter, summer = 1_769_904_000 * 10**9, 1_782_864_000 * 10**9
    assert clock_time(winter, berlin) == "2026-02-01 01:00:00+01:00"
    assert clock_time(summer, berlin) == "2026-07-01 02:00:00+02:00"


WILD = st.text(max_size=900)


@given(
    texts=st.lists(WILD, min_size=1, max_size=12),
    guidance=WILD,
    most=st.integers(700, 6_000),
    language=st.sampled_from(["en", "zh", "both"]),
    dialect=st.sampled_from([Markdown("\n", "### "), Markdown("  \n", "")]),
    size=st.sampled_from([utf8_size, json_size]),
)
def test_nothing_said_is_longer_than_a_receiver_takes(
    texts: list[str],
    guidance: str,
    most: int,
    language: str,
    dialect: Markdown,
    size: Callable[[str], int],
) -> None:
    """Whatever names and comments hold; and none of it formats, links or mentions."""
    words = Words(guidance, guidance)
    helped = Guidance(words, words, words, 5.0, words)
    steps = [notice(f"t{n}", comment=text, guidance=helped) for n, text in enumerate(texts)]
    message = message_of(SHANGHAI, steps)
    text = told(
        message, LANGUAGES[language], lambda one: markdown(one, dialect), size=size, most=most
    )
    assert size(text) <= most
    bare = text.replace("[Open the alarm](", "(").replace("[打开报警](", "(")
    assert not set("<>[]*`") & set(bare)


@given(n=st.integers(0, 60), most=st.integers(500, 4_000))
def test_what_is_left_out_is_counted(n: int, most: int) -> None:
    listed = [notice(f"t{i}", f"alarm-{i:03}") for i in range(n)]
    telling = tell(digest_of(listed, of=200), Language.ZH)
    text = fitting(telling, plain_text, fits=lambda one: utf8_size(one) <= most)
    if text is None:
        assert utf8_size(plain_text(telling.shortened(0, longest=30))) > most
        return
    shown = sum(line.startswith("- ") for line in text.splitlines())
    assert f"……另有 {200 - shown} 条" in text
