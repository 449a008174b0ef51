"""The contract of destinations: taken is what the receiver took, failures are told apart, and no
secret is told."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

import orjson
import pytest

from connectors.registry import Port, kinds
from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.instants import MINUTE_NS
from service.runtime.errors import Rejected, Retryable
from service.runtime.notification import message_of
from service.runtime.notify import Final, Gone, Message, MessageKind
from tests.contract.notifier_cases import (
    ADAPTERS,
    BUSY,
    CUT_OFF,
    DRIPPING,
    GONE,
    ODD,
    REFUSED,
    SECRETS,
    SILENT,
    TOO_FAST,
    WEBHOOK_SECRET_2,
    Adapter,
    receiving,
)
from tests.notices import AT_NS, notice
from tests.runtime.test_telling import RAISED, RETURNED, SHANGHAI, digest_of

ALARM = message_of(SHANGHAI, [RAISED])
MERGED = message_of(SHANGHAI, [RAISED, RETURNED])
TEST = Message("msg_test", MessageKind.TEST, SHANGHAI, AT_NS)
ALIVE = Message("msg_alive", MessageKind.HEARTBEAT, SHANGHAI, AT_NS)
DIGEST = digest_of([notice(f"t{n}", f"a{n}") for n in range(5)], of=143)

SPEAKING = [one for one in ADAPTERS if one.speaks]
every = pytest.mark.parametrize("adapter", ADAPTERS, ids=[one.kind for one in ADAPTERS])


def test_every_kind_of_destination_keeps_the_contract() -> None:
    assert {one.kind for one in ADAPTERS} == set(kinds(Port.NOTIFIER))


@every
@pytest.mark.parametrize("message", [ALARM, MERGED, DIGEST, TEST, ALIVE],
                         ids=["alarm", "merged", "digest", "test", "alive"])  # fmt: skip
async def test_what_is_taken_says_what_it_must(adapter: Adapter, message: Message) -> None:
    async with receiving(adapter) as receiver, adapter.open(receiver.port) as one:
        said = await one.send(message)
        assert said
        [(_, body)] = receiver.taken
    assert len(body) <= adapter.most
    assert not any(secret in said for secret in SECRETS)
    text = adapter.text(body)
    if not adapter.speaks:
        for each in message.notices:
            assert each.transition in text
        return
    assert "Anodewatch · 厂" in text
    if message.kind is MessageKind.ALARM:
        for step in message.notices:
            assert "2026-05-29 04:26:40+08:00 发生" in text
            assert step.asset in text
        assert "!! 2 高" in text
        assert "http://x/#/alarms/a" in text
        assert "切换到备用热电偶" in text
        assert "10 分钟" in text
        assert ("恢复" in text) == (len(message.notices) > 1)
    if message.kind is MessageKind.DIGEST:
        assert "143" in text
        assert "另有 138 条" in text


@pytest.mark.parametrize("adapter", SPEAKING, ids=[one.kind for one in SPEAKING])
@pytest.mark.parametrize("language", ["en", "both"])
async def test_it_speaks_the_language_that_is_asked_for(adapter: Adapter, language: str) -> None:
    async with (
        receiving(adapter) as receiver,
        adapter.open(receiver.port, language=language) as one,
    ):
        await one.send(ALARM)
        text = adapter.text(receiver.taken[0][1])
    assert "What to do: Switch to the second thermocouple" in text
    assert ("切换到备用热电偶" in text) == (language == "both")


@every
async def test_a_retry_repeats_the_content(adapter: Adapter) -> None:
    async with receiving(adapter) as receiver, adapter.open(receiver.port) as one:
        await one.send(MERGED)
        await one.send(MERGED)
    first, second = (body for _, body in receiver.taken)
    assert first == second


MENDABLE = {"webhook", "template"}
"""Whose refusals a secret or a path may cause; those of the others are final."""
OUTCOMES = [
    (adapter, answer, error)
    for adapter in ADAPTERS
    for answer, error in (
        (BUSY, Retryable), (TOO_FAST, Retryable), (GONE, Gone),
        (REFUSED, Rejected if adapter.kind in MENDABLE else Final),
        (CUT_OFF, Retryable), (ODD, Retryable),
    )
    if answer in adapter.answers
]  # fmt: skip


@pytest.mark.parametrize(
    ("adapter", "answer", "error"), OUTCOMES, ids=[f"{a.kind}-{said}" for a, said, _ in OUTCOMES]
)
async def test_an_answer_that_says_no_is_no_success(
    adapter: Adapter, answer: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    async with receiving(adapter) as receiver, adapter.open(receiver.port) as one:
        receiver.answer = answer
        with caplog.at_level(logging.DEBUG), pytest.raises(error) as caught:
            await one.send(ALARM)
        assert len(receiver.taken) == 1
    assert type(caught.value) is error
    if answer == TOO_FAST:
        assert getattr(caught.value, "retry_after_s", None) == adapter.after_s
    seen = f"{caught.value!r} {caplog.text}"
    assert not any(secret in seen for secret in SECRETS)


@every
@pytest.mark.parametrize("answer", [SILENT, DRIPPING])
async def test_it_waits_no_longer_than_it_may(adapter: Adapter, answer: str) -> None:
    async with receiving(adapter) as receiver, adapter.open(receiver.port, timeout_s=0.3) as one:
        receiver.answer = answer
        async with asyncio.timeout(20):
            with pytest.raises(Retryable, match=r"0\.3 s") as caught:
                await one.send(ALARM)
    assert not any(secret in repr(caught.value) for secret in SECRETS)


CHANGING = {
    "webhook": "secret", "wecom": "url", "dingtalk": "secret", "feishu": "secret",
    "template": "header_value",
}  # fmt: skip
"""Which secret of each kind is changed; that of e-mail is shown with its server."""


@pytest.mark.parametrize("adapter", [a for a in ADAPTERS if a.kind in CHANGING], ids=[*CHANGING])
async def test_a_secret_may_change_while_a_message_waits(adapter: Adapter, tmp_path: Path) -> None:
    """From a file, without a restart; while the file is away, nothing is lost."""
    name, file = CHANGING[adapter.kind], tmp_path / "secret"
    async with receiving(adapter) as receiver:
        first = str(adapter.settings(receiver.port)[name])
        second = WEBHOOK_SECRET_2 if adapter.kind == "webhook" else first + "-changed"
        file.write_text(f"{first}\n")
        async with adapter.open(receiver.port, **{name: None, f"{name}_file": file}) as one:
            await one.send(ALARM)
            file.unlink()
            with pytest.raises(Retryable, match="not sent"):
                await one.send(ALARM)
            file.write_text(f"{second}\n")
            await one.send(ALARM)
            await one.send(ALARM)
    before, after, again = (sent_as(head, body) for head, body in receiver.whole)
    assert before != after == again


def sent_as(head: str, body: bytes) -> str:
    """All that was sent, for comparing: address, headers and body."""
    return f"{head}{body.decode()}"


@every
async def test_nobody_listens(adapter: Adapter) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening
        async with adapter.open(taken.getsockname()[1]) as one:
            with pytest.raises(Retryable) as caught:
                await one.send(ALARM)
    assert not any(secret in repr(caught.value) for secret in SECRETS)


@every
async def test_nothing_is_called_that_the_site_does_not_allow(adapter: Adapter) -> None:
    async with (
        receiving(adapter) as receiver,
        adapter.open(receiver.port, networks=("public", "10.0.0.0/8")) as one,
    ):
        with pytest.raises(Rejected, match="not called"):
            await one.send(ALARM)
        assert receiver.taken == []


@every
async def test_the_longest_message_is_cut_with_a_word(adapter: Adapter) -> None:
    """The most notices that one message may list, each with a long comment."""
    async with receiving(adapter) as receiver, adapter.open(receiver.port) as one:
        n = one.limits.notices
        listed = [
            notice(f"t{i}", f"a{i}", comment="更换热电偶，" * 60, priority=Priority(1 + i % 4))
            for i in range(n)
        ]
        await one.send(digest_of(listed, of=9_999))
        steps = [
            notice(
                f"s{i}", kind=TransitionKind.RETURNED if i % 2 else TransitionKind.RAISED,
                state=Phase.RETURNED, at_ns=AT_NS + i * MINUTE_NS, guidance=RAISED.guidance,
            )
            for i in range(n)
        ]  # fmt: skip
        await one.send(message_of(SHANGHAI, steps))
        for _, body in receiver.taken:
            assert len(body) <= adapter.most
        if adapter.speaks:
            text = adapter.text(receiver.taken[0][1])
            shown = text.count("\n- ")
            assert shown >= 3
            assert f"……另有 {9_999 - shown} 条" in text
            assert "Anodewatch · 厂" in text


@every
async def test_whatever_names_hold_the_body_is_whole(adapter: Adapter) -> None:
    odd = notice(
        message_zh='"]}\n<@all> {{ 7*7 }} \\ \x00\u202e [x](http://evil)',
        comment="<at id=all></at>\r\nBcc: everybody@evil.example\r\n",
        asset="</td><script>", by="@all",
    )  # fmt: skip
    async with receiving(adapter) as receiver, adapter.open(receiver.port) as one:
        await one.send(message_of(SHANGHAI, [odd]))
        [(_, body)] = receiver.taken
    text = adapter.text(body)
    assert "49" not in text.replace("+08:00", "")
    if adapter.kind in ("wecom", "dingtalk", "feishu"):
        title, _, text = text.partition("\n")
        assert adapter.kind == "feishu" or "<" not in title  # a card's title is plain text
        assert "<" not in text
        assert "](http://evil)" not in text
    if adapter.kind == "email":
        head = body.partition(b"\r\n\r\n")[0]
        assert b"evil.example" not in head
        assert b"<script>" not in body
    else:
        orjson.loads(body)
