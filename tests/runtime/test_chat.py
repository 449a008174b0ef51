"""Chat bots: signatures, whom a message calls, and what each code means for a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.bots import Code, Verdict, judge
from connectors.dingtalk import codes as dingtalk_codes
from connectors.dingtalk import notifier as dingtalk
from connectors.dingtalk.settings import DingTalkSettings
from connectors.feishu import codes as feishu_codes
from connectors.feishu import notifier as feishu
from connectors.feishu.settings import FeishuSettings
from connectors.outbound.answer import Answer
from connectors.outbound.target import parse_target
from connectors.wecom import codes as wecom_codes
from connectors.wecom import notifier as wecom
from connectors.wecom.settings import WeComSettings
from service.domain.alarm import Priority, TransitionKind
from service.domain.instants import SECOND_NS
from service.runtime.errors import ConnectorError, Rejected, Retryable
from service.runtime.notification import message_of
from service.runtime.notify import Final, Gone, Message
from tests.notices import SITE, notice

URL = "https://bot.example/send?access_token=b7c1e9a05d1f4b8e9f51"
RAISED = message_of(SITE, [notice()])
RETURNED = message_of(SITE, [notice(kind=TransitionKind.RETURNED)])
MINOR = message_of(SITE, [notice(priority=Priority.MEDIUM)])


def test_signatures_are_those_of_another_program() -> None:
    """Made with ``openssl dgst -sha256 -mac HMAC``, of the documents' own way to sign."""
    assert (
        dingtalk.signature("this is secret", 1577262236757)
        == "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="
    )
    assert feishu.signature("demo", 1599360473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def test_dingtalk_has_time_and_signature_in_its_query() -> None:
    target = dingtalk.signed_target(
        parse_target(URL), "this is secret", now_ns=1577262236757 * SECOND_NS // 1000
    )
    assert target.resource == (
        "/send?access_token=b7c1e9a05d1f4b8e9f51&timestamp=1577262236757"
        "&sign=hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"
    )
    assert dingtalk.signed_target(parse_target(URL), None, now_ns=0) == parse_target(URL)


def _wecom(message: Message, **more: Any) -> dict[str, Any]:
    robot = WeComSettings.model_validate({"kind": "wecom", "url": URL, **more})
    found: dict[str, Any] = orjson.loads(wecom.body_of(message, robot))
    return found


@pytest.mark.parametrize(("message", "called"), [(RAISED, True), (RETURNED, False), (MINOR, False)])
def test_people_are_called_by_what_wants_them(message: Message, called: bool) -> None:
    by_id = _wecom(message, mention_users=["li", "wang"])["markdown"]["content"]
    assert by_id.endswith("\n\n<@li><@wang>") == called
    assert ("<@" in by_id) == called

    by_number = _wecom(message, mention_mobiles=["13800138000"])
    assert (by_number["msgtype"] == "text") == called
    if called:
        assert by_number["text"]["mentioned_mobile_list"] == ["13800138000"]

    ding = DingTalkSettings.model_validate(
        {"kind": "dingtalk", "url": URL, "mention_mobiles": ["13800138000"], "mention_all": True}
    )
    body = orjson.loads(dingtalk.body_of(message, ding))
    assert ("at" in body) == called
    assert body["markdown"]["text"].endswith("\n\n@13800138000") == called
    if called:
        assert body["at"] == {
            "atMobiles": ["13800138000"], "atUserIds": [], "isAtAll": True,
        }  # fmt: skip

    lark = FeishuSettings.model_validate(
        {"kind": "feishu", "url": URL, "mention_users": ["ou_1"], "mention_all": True}
    )
    content = feishu.content_of(message, lark)["card"]["elements"][0]["content"]
    assert content.endswith("\n\n<at id=ou_1></at><at id=all></at>") == called


def test_a_site_may_call_people_for_less() -> None:
    called = _wecom(MINOR, mention_users=["li"], mention_priority="medium")
    assert "<@li>" in called["markdown"]["content"]


def test_mentions_and_text_together_keep_the_limit() -> None:
    users = [f"user{n:03}" for n in range(60)]
    many = [notice(f"t{n}", f"a{n}", comment="换热电偶" * 30) for n in range(50)]
    text = _wecom(message_of(SITE, many), mention_users=users)["markdown"]["content"]
    assert len(text.encode()) <= wecom.MARKDOWN_BYTES
    assert text.endswith("<@user059>")
    assert "……另有" in text
    numbers = _wecom(message_of(SITE, many), mention_mobiles=["13800138000"])["text"]["content"]
    assert len(numbers.encode()) <= wecom.TEXT_BYTES


WILD = st.text(max_size=1_500)


@given(
    said=WILD,
    asset=WILD,
    comments=st.lists(WILD, min_size=1, max_size=60),
    language=st.sampled_from(["zh", "en", "both"]),
    users=st.integers(0, 40),
)
@settings(max_examples=60)
def test_no_body_is_larger_than_its_service_takes(
    said: str, asset: str, comments: list[str], language: str, users: int
) -> None:
    notices = [
        notice(f"t{n}", message_zh=said, message_en=said, asset=asset, comment=one, by=one)
        for n, one in enumerate(comments)
    ]
    message = message_of(SITE, notices)
    called = {"url": URL, "language": language, "mention_users": [f"u{n}" for n in range(users)]}
    text = _wecom(message, **{k: v for k, v in called.items() if k != "url"})["markdown"]["content"]
    assert len(text.encode()) <= wecom.MARKDOWN_BYTES
    ding = DingTalkSettings.model_validate({"kind": "dingtalk", **called})
    assert len(dingtalk.body_of(message, ding)) <= dingtalk.BODY_BYTES
    lark = FeishuSettings.model_validate({"kind": "feishu", **called})
    body = orjson.dumps(feishu.content_of(message, lark))
    assert len(body) <= feishu.BODY_BYTES - feishu.SIGNED_BYTES


TABLES: list[tuple[str, Mapping[int, Code]]] = [
    ("errcode", wecom_codes.CODES),
    ("errcode", dingtalk_codes.CODES),
    ("code", feishu_codes.CODES),
]
EXPECTED: list[tuple[int, int, type[ConnectorError], float | None]] = [
    # table, code, error, seconds to wait
    (0, -1, Retryable, 5.0),
    (0, 40058, Final, None),
    (0, 45009, Retryable, 60.0),
    (0, 93000, Gone, None),
    (0, 12345, Retryable, None),
    (1, -1, Retryable, 5.0),
    (1, 130101, Retryable, 600.0),
    (1, 410100, Retryable, 600.0),
    (1, 310000, Retryable, None),
    (1, 400013, Gone, None),
    (1, 430102, Final, None),
    (1, 460101, Final, None),
    (2, 9499, Final, None),
    (2, 11232, Retryable, 60.0),
    (2, 19021, Retryable, None),
    (2, 99991400, Retryable, 60.0),
]


def _answer(status: int, body: object) -> Answer:
    return Answer(parse_target(URL), status, {}, orjson.dumps(body), True)


@pytest.mark.parametrize(("table", "code", "error", "after_s"), EXPECTED)
def test_a_code_says_whether_a_retry_helps(
    table: int, code: int, error: type[ConnectorError], after_s: float | None
) -> None:
    key, codes = TABLES[table]
    with pytest.raises(ConnectorError) as caught:
        judge(_answer(200, {key: code}), name="crew", keys=(key,), codes=codes, now_ns=0)
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after_s", None) == after_s
    assert str(caught.value).startswith(f"crew: {key} {code}")


def test_what_is_too_fast_names_a_time_and_what_is_refused_says_why() -> None:
    for _, codes in TABLES:
        assert 0 not in codes
        for code in codes.values():
            assert code.meaning
            assert code.after_s is None or code.verdict is Verdict.RETRY
            assert ("too many" in code.meaning) <= (code.after_s is not None)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"StatusCode": 0, "StatusMessage": "success"}, None),
        (200, {"code": 19021, "StatusCode": 0}, Retryable),  # the first key counts
        (200, {"code": "0"}, Retryable),
        (200, {"code": True}, Retryable),
        (200, {}, Retryable),
        (200, "ok", Retryable),
        (500, {"code": 0}, Retryable),
        (302, {"code": 0}, Rejected),
        (400, {"code": 9499, "msg": "Bad Request"}, Final),
        (400, {"code": 11232}, Retryable),
        (404, {"code": 77}, Rejected),
    ],
)
def test_only_code_0_under_2xx_is_taken(
    status: int, body: object, error: type[ConnectorError] | None
) -> None:
    def say() -> str:
        return judge(
            _answer(status, body), name="crew", keys=("code", "StatusCode"),
            codes=feishu_codes.CODES, now_ns=0,
        )  # fmt: skip

    if error is None:
        assert say() == "code 0"
        return
    with pytest.raises(error):
        say()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "exactly one of url"),
        ({"url": URL, "url_env": "X"}, "exactly one of url"),
        ({"url": "ftp://bot.example/b7c1e9a05d1f4b8e9f51"}, "http:// or https://"),
        ({"url": URL, "secret": "a", "secret_env": "B"}, "only one of secret"),
        ({"url": URL, "mention_mobiles": ["<at>"]}, "mention_mobiles"),
    ],
)
def test_settings_say_what_is_wrong_without_the_key(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        DingTalkSettings.model_validate({"kind": "dingtalk", **more})
    assert "b7c1e9a05d1f4b8e9f51" not in str(caught.value)
