"""The receiver of the demo: it believes signed messages only, and says each transition once."""

from __future__ import annotations

import re

import httpx
import pytest

from connectors.webhook.notifier import open_notifier
from connectors.webhook.settings import WebhookSettings
from connectors.webhook.signing import decode_secret, signed_headers
from service.cli.receiver import receiver
from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.instants import SECOND_NS
from service.runtime.clock import SystemClock
from service.runtime.errors import Rejected
from service.runtime.notify import Message, MessageKind, Root, Totals
from tests.notices import AT_NS, SITE, message, notice
from tests.ways_out import to_loopback

SECRET, OTHER = "whsec_" + "a2tr" * 8, "whsec_" + "b29v" * 8
RAISED = notice("t1")
RETURNED = notice(
    "t2", at_ns=AT_NS + 60 * SECOND_NS, kind=TransitionKind.RETURNED, state=Phase.RETURNED
)
ELSEWHERE = notice("t3", alarm="b", asset="PK-P2", priority=Priority.CRITICAL, stage=None)
DIGEST = Message(
    "msg_d",
    MessageKind.DIGEST,
    SITE,
    AT_NS,
    notices=(ELSEWHERE, RAISED),
    totals=Totals(
        notices=12,
        alarms=11,
        by_kind={TransitionKind.RAISED: 12},
        by_priority={Priority.CRITICAL: 2, Priority.HIGH: 10},
        by_stage={"CB": 10, "": 2},
        first_ns=AT_NS,
        last_ns=AT_NS,
        roots=(Root("a", RAISED, 9),),
    ),
)
TEST = Message("msg_t", MessageKind.TEST, SITE, AT_NS)
ZONE_ELSEWHERE = "critical PK-P2      Zone 12 above its high-high limit"
ZONE = "high     CB-L07B    Zone 12 above its high-high limit"


async def sent(*messages: Message, secret: str = SECRET) -> list[str]:
    """What the receiver says of ``messages``, sent one after the other."""
    said: list[str] = []
    clock = SystemClock()
    async with receiver([decode_secret(SECRET)], said.append, clock) as url:
        settings = WebhookSettings.model_validate({"kind": "webhook", "url": url, "secret": secret})
        async with open_notifier(settings, name="desk", clock=clock, outbound=to_loopback()) as one:
            for each in messages:
                assert (await one.send(each)).startswith("HTTP 204")
    return said


async def test_each_transition_is_said_once() -> None:
    merged = message(RAISED, RETURNED)
    assert await sent(message(RAISED), message(RAISED), merged, TEST) == [
        f"webhook  alarm.raised        {ZONE}  [20:26:40Z, signature ok]",
        "webhook  repeat              all of it was told before  [20:26:40Z, signature ok]",
        f"webhook  alarm.returned      {ZONE}  [20:27:40Z, signature ok]",
        "webhook  test                from Site  [20:26:40Z, signature ok]",
    ]


async def test_a_digest_says_its_totals_and_what_it_lists() -> None:
    totals = "12 notices of 11 alarms: 2 critical, 10 high; 10 CB, 2 no stage; 9 belong to: "
    totals += "CB-L07B Zone 12 above its high-high limit"
    assert await sent(message(RAISED), DIGEST) == [
        f"webhook  alarm.raised        {ZONE}  [20:26:40Z, signature ok]",
        f"webhook  digest              {totals}  [20:26:40Z, signature ok]",
        f"webhook  alarm.raised        {ZONE_ELSEWHERE}  [20:26:40Z, signature ok]",
    ]


async def test_a_message_signed_by_another_is_refused() -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(Rejected, match="HTTP 401")):
        await sent(message(RAISED), secret=OTHER)


async def test_a_message_recorded_yesterday_is_refused() -> None:
    said: list[str] = []
    clock = SystemClock()
    key = decode_secret(SECRET)
    then_s = clock.now_ns() // SECOND_NS - 86_400
    headers = signed_headers([key], message_id="m", timestamp_s=then_s, body=b"{}")
    async with receiver([key], said.append, clock) as url, httpx.AsyncClient() as client:
        answer = await client.post(url, content=b"{}", headers=headers)
    assert answer.status_code == 401
    (line,) = said
    assert re.fullmatch(r"webhook  refused: the signature is 864\d\d s old", line)
