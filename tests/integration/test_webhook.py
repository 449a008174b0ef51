"""Webhooks against real HTTP servers, judged by the reference verifier of the specification."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.webhook.notifier import WebhookNotifier, open_notifier
from connectors.webhook.settings import WebhookSettings
from service.domain.alarm import Phase, TransitionKind
from service.runtime.clock import SystemClock
from service.runtime.errors import Fatal, Rejected, Retryable
from service.runtime.notify import Gone
from tests.notices import message, notice
from tests.ways_out import to_loopback
from tests.webhook_receiver import run_receiver

MESSAGE = message()
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@asynccontextmanager
async def notifier(
    url: str, secret: str | list[str] | None = SECRET, **more: object
) -> AsyncIterator[WebhookNotifier]:
    given = {"url": url, "timeout_s": 2.0} | ({} if secret is None else {"secret": secret}) | more
    settings = WebhookSettings.model_validate({"kind": "webhook", **given})
    async with open_notifier(
        settings, name="m", clock=SystemClock(), outbound=to_loopback()
    ) as opened:
        yield opened


@asynccontextmanager
async def answering(answer: Callable[[asyncio.StreamWriter], object]) -> AsyncIterator[str]:
    """A server that takes a request and answers with whatever bytes."""

    served: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done = asyncio.Event()
        served.append(done)
        try:
            await reader.readuntil(b"\r\n\r\n")
            result = answer(writer)
            if asyncio.iscoroutine(result):
                await result
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        for done in served:
            await done.wait()
        server.close()
        await server.wait_closed()


async def test_the_signature_verifies_with_the_reference_library() -> None:
    with run_receiver() as receiver:
        async with notifier(receiver.url, receiver.secret) as one:
            assert (await one.send(MESSAGE)).startswith("HTTP 204")
            assert (await one.send(MESSAGE)).startswith("HTTP 204")
        assert receiver.ids() == [MESSAGE.id, MESSAGE.id]
        assert receiver.messages[0][0]["data"]["message_zh"] == "12区高于高高限"
        assert receiver.refused == []


async def test_a_message_lists_its_transitions_and_stands_at_the_newest() -> None:
    raised = notice("t1")
    returned = notice("t2", kind=TransitionKind.RETURNED, state=Phase.RETURNED, value=1_150.0)
    with run_receiver() as receiver:
        async with notifier(receiver.url, receiver.secret) as one:
            await one.send(message(raised, returned))
        ((body, _),) = receiver.messages
    assert body["type"] == "alarm.returned"
    assert (body["data"]["state"], body["data"]["value"]) == ("returned", 1_150.0)
    listed = [(t["id"], t["step"], t["state"]) for t in body["data"]["transitions"]]
    assert listed == [("t1", "raised", "unacknowledged"), ("t2", "returned", "returned")]


async def test_a_wrong_secret_is_refused_by_the_reference_library() -> None:
    with run_receiver() as receiver:
        async with notifier(receiver.url) as one:
            with pytest.raises(Rejected, match="HTTP 401"):
                await one.send(MESSAGE)
        assert len(receiver.refused) == 1


LATER = b"HTTP/1.1 429 x\r\nretry-after: Fri, 31 Dec 2199 23:59:59 GMT\r\ncontent-length: 0\r\n\r\n"
ANSWERS = [
    ("500", b"HTTP/1.1 500 x\r\ncontent-length: 4\r\n\r\noops", Retryable, "HTTP 500 oops", None),
    ("429", b"HTTP/1.1 429 x\r\nretry-after: 77\r\ncontent-length: 0\r\n\r\n",
     Retryable, "429", 77),
    ("429 until a date", LATER, Retryable, "429", 86_400),
    ("410", b"HTTP/1.1 410 x\r\ncontent-length: 0\r\n\r\n", Gone, "is gone: HTTP 410", None),
    ("404", b"HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n", Rejected, "HTTP 404", None),
    ("redirect", b"HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
     Rejected, "HTTP 302", None),
    ("cut off", b"HTTP/1.1 2", Retryable, "http://127.0.0.1:", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "error", "words", "after"), [row[1:] for row in ANSWERS], ids=[r[0] for r in ANSWERS]
)
async def test_answers(
    raw: bytes, error: type[Rejected | Retryable], words: str, after: float | None
) -> None:
    async with answering(lambda writer: writer.write(raw)) as url, notifier(url) as one:
        with pytest.raises(error, match=words) as caught:
            await one.send(MESSAGE)
    assert getattr(caught.value, "retry_after_s", None) == after


async def test_nobody_listens() -> None:
    async with notifier("http://127.0.0.1:9/") as one:
        with pytest.raises(Retryable, match=r"http://127.0.0.1:9: .*Connect call failed"):
            await one.send(MESSAGE)


async def test_a_secret_that_is_rotated_in_mid_retry(tmp_path: Path) -> None:
    """The receiver changes first; the very next attempt is signed with the new secret as well."""
    file = tmp_path / "webhook.secret"
    file.write_text(SECRET + "\n", encoding="utf-8")
    with run_receiver() as receiver:
        async with notifier(receiver.url, None, secret_file=file) as one:
            with pytest.raises(Rejected, match="HTTP 401"):
                await one.send(MESSAGE)
            file.write_text(f"{receiver.secret}\n{SECRET}\n", encoding="utf-8")
            assert (await one.send(MESSAGE)).startswith("HTTP 204")
            file.unlink()
            with pytest.raises(Retryable, match=r"can't be signed: webhook secret file"):
                await one.send(MESSAGE)
            file.write_text(receiver.secret, encoding="utf-8")
            assert (await one.send(MESSAGE)).startswith("HTTP 204")
        assert receiver.ids() == [MESSAGE.id] * 2
        first, second = (headers["webhook-signature"].split() for _, headers in receiver.messages)
        assert (len(first), len(second)) == (2, 1)
        assert len(receiver.refused) == 1


async def test_a_receiver_that_has_not_changed_yet_is_content_too() -> None:
    with run_receiver() as receiver:
        async with notifier(receiver.url, [SECRET, receiver.secret]) as one:
            await one.send(MESSAGE)
        assert receiver.ids() == [MESSAGE.id]


async def test_without_its_secret_nothing_is_opened(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="webhook m: webhook secret file"):
        async with notifier("http://127.0.0.1:9/", None, secret_file=tmp_path / "none"):
            pass
