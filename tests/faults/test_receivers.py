"""Receivers that fail in every way, under simulated hours: each committed transition is delivered
at least once or is a visible dead letter, with one id on all retries, and per alarm never
backwards."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from service.domain.circuit import CircuitState
from service.domain.instants import HOUR_NS
from tests.faults.moody import Mood, babbles, drips, hangs, hangs_up, moody, says, well
from tests.faults.plant import misfortune, plant
from tests.faults.rule import hold
from tests.http_servers import certificate
from tests.opcua_server import free_port
from tests.ways_out import outbound, to_loopback

SECRET = "whsec_c2FtcGxlLXNpdGUtb25seS1uZXZlci1pbi1hLXBsYW50"
WEBHOOK: dict[str, Any] = {"kind": "webhook", "secret": SECRET, "timeout_s": 0.25}
DAY_S = 86_400.0
HEALS_S = 420.0
"""The longest wait for the next probe."""


@pytest.mark.parametrize(
    "mood",
    [
        pytest.param(says(500), id="500"),
        pytest.param(says(503, "retry-after: 600"), id="503 with Retry-After"),
        pytest.param(says(429, "retry-after: 60"), id="429"),
        pytest.param(says(400), id="400"),
        pytest.param(hangs, id="hanging"),
        pytest.param(drips, id="dripping"),
        pytest.param(hangs_up, id="hanging up"),
        pytest.param(babbles, id="another protocol"),
    ],
)
async def test_a_receiver_that_fails_and_heals(tmp_path: Path, mood: Mood) -> None:
    patience = WEBHOOK | {"timeout_s": 0.2 if mood in (hangs, drips) else 5.0}
    async with (
        moody(mood) as receiver,
        plant(tmp_path, to_loopback(), url=receiver.server.url, **patience) as it,
    ):
        await misfortune(it)
        assert it.told() == {"pending"}
        assert (
            3 <= len(receiver.statuses) <= 50
        )  # three quarters of an hour: neither idle nor storm
        receiver.mood = well
        await it.pass_s(HEALS_S + 600)
        tally = hold(it.kept(), receiver.arrivals())
        assert tally.delivered == tally.transitions == 6
        assert tally.repeats > 0


async def test_a_redirect_is_not_followed_and_its_target_never_called(tmp_path: Path) -> None:
    async with (
        moody() as trap,
        moody(says(302, f"location: {trap.server.url}")) as receiver,
        plant(tmp_path, to_loopback(), url=receiver.server.url, **WEBHOOK) as it,
    ):
        await misfortune(it)
        receiver.mood = well
        await it.pass_s(HEALS_S)
        assert hold(it.kept(), receiver.arrivals()).delivered == 6
        assert trap.server.connections == 0


async def test_a_receiver_that_is_down_for_a_day(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    async with plant(tmp_path, to_loopback(), url=url, **WEBHOOK) as it:
        for hour in range(24):
            await it.go(hour % 5, 5 + hour, above=True)
            await it.pass_s(1_800)
            await it.go(hour % 5, above=False)
            await it.pass_s(1_800)
        courier = it.rig.couriers["maintenance"]
        assert courier.circuit.state is CircuitState.OPEN
        assert it.told() == {"pending"}
        tried = len(await it.rig.log("maintenance"))
        assert 250 <= tried <= 330  # a probe every five minutes, however much waits
        async with moody(port=port) as receiver:
            await it.pass_s(HEALS_S)
            tally = hold(it.kept(), receiver.arrivals())
        assert tally.delivered == tally.transitions == 24 * 3
        assert tally.messages == 24 + 5  # what waits for one alarm is one message
        assert tally.repeats == 0


async def test_a_receiver_that_never_heals_leaves_dead_letters(tmp_path: Path) -> None:
    async with (
        moody(says(500)) as receiver,
        plant(tmp_path, to_loopback(), url=receiver.server.url, **WEBHOOK) as it,
    ):
        await it.go(0, above=True)
        await it.pass_s(60)
        await it.go(0, above=False)
        await it.pass_s(3.1 * DAY_S)
        tally = hold(it.kept(), receiver.arrivals())
        assert tally.dead == tally.transitions == 2
        assert 30 < tally.messages + tally.repeats < 60


async def test_a_receiver_that_is_gone_is_left_alone_until_it_is_enabled(tmp_path: Path) -> None:
    async with (
        moody(says(410)) as receiver,
        plant(tmp_path, to_loopback(), url=receiver.server.url, **WEBHOOK) as it,
    ):
        await misfortune(it)
        courier = it.rig.couriers["maintenance"]
        assert courier.circuit.state is CircuitState.DISABLED
        assert receiver.statuses == [410]
        assert it.told() == {"pending"}
        receiver.mood = well
        await it.pass_s(3_600)
        assert len(receiver.statuses) == 1
        courier.enable()
        await it.pass_s(HEALS_S)
        assert hold(it.kept(), receiver.arrivals()).delivered == 6


async def test_a_bad_certificate_gets_no_message_and_a_good_one_all(tmp_path: Path) -> None:
    trusted, good = certificate(tmp_path, "127.0.0.1")
    (tmp_path / "other").mkdir()
    _, bad = certificate(tmp_path / "other", "127.0.0.1")
    port = free_port()
    way = outbound(networks=("127.0.0.0/8",), ca_file=trusted)
    async with plant(tmp_path, way, url=f"https://127.0.0.1:{port}/", **WEBHOOK) as it:
        async with moody(port=port, tls=bad) as stranger:
            await misfortune(it)
            assert stranger.server.requests == []
        assert it.told() == {"pending"}
        answers = {answer for _, answer in await it.rig.log("maintenance")}
        assert all("certificate" in answer.lower() for answer in answers), answers
        async with moody(port=port, tls=good) as receiver:
            await it.pass_s(HEALS_S)
            assert hold(it.kept(), receiver.arrivals()).delivered == 6


BUSY = {
    "wecom": ({"errcode": -1, "errmsg": "system busy"}, {"errcode": 0, "errmsg": "ok"}),
    "dingtalk": ({"errcode": -1, "errmsg": "系统繁忙"}, {"errcode": 0, "errmsg": "ok"}),
    "feishu": ({"code": 11232, "msg": "frequency limited"}, {"code": 0, "msg": "success"}),
}


@pytest.mark.parametrize("kind", BUSY)
async def test_http_200_whose_body_says_no_is_no_delivery(tmp_path: Path, kind: str) -> None:
    no, yes = (says(200, body=json.dumps(one).encode()) for one in BUSY[kind])
    async with (
        moody(no) as bot,
        plant(tmp_path, to_loopback(), kind=kind, url=bot.server.url, timeout_s=0.25) as it,
    ):
        await misfortune(it)
        assert it.told() == {"pending"}
        assert {outcome for outcome, _ in await it.rig.log("maintenance")} == {"failed"}
        refused = len(bot.statuses)
        bot.mood = yes
        await it.pass_s(HEALS_S + 600)
        assert it.told() == {"delivered"}
        taken = [body.decode("unicode-escape") for _, body in bot.server.requests[refused:]]
        for number in range(3):
            assert any(f"CB-L{number:02d}" in text for text in taken), number


async def test_a_secret_that_is_rotated_while_a_message_is_retried(tmp_path: Path) -> None:
    """The receiver changes first; what it refuses meanwhile goes on with both signatures."""
    new = "whsec_" + base64.b64encode(b"n" * 32).decode()
    file = tmp_path / "secret"
    file.write_text(SECRET, encoding="utf-8")
    rotated = {"kind": "webhook", "secret_file": file, "timeout_s": 0.25}
    async with (
        moody(says(500)) as receiver,
        plant(tmp_path, to_loopback(), url=receiver.server.url, **rotated) as it,
    ):
        await it.go(5, 6, above=True)
        await it.pass_s(60)
        receiver.mood = receiver.knows(new)
        await misfortune(it)
        assert set(receiver.statuses) == {500, 401}
        assert it.told() == {"pending"}
        file.write_text(f"{new}\n{SECRET}\n", encoding="utf-8")
        await it.pass_s(HEALS_S)
        tally = hold(it.kept(), receiver.arrivals())
        assert tally.delivered == tally.transitions
        assert tally.repeats > 0
        receiver.mood = receiver.knows(SECRET)  # another, which has not changed yet
        await it.go(3, above=True)
        await it.pass_s(1)
        assert receiver.statuses[-1] == 204


@pytest.mark.parametrize("step_ns", [HOUR_NS, -HOUR_NS], ids=["on", "back"])
@pytest.mark.parametrize("alarms", [1, 3])
async def test_a_clock_that_is_stepped_neither_stops_retries_nor_makes_a_storm(
    tmp_path: Path, alarms: int, step_ns: int
) -> None:
    async with (
        moody(says(500)) as receiver,
        plant(tmp_path, to_loopback(), url=receiver.server.url, **WEBHOOK) as it,
    ):
        await it.go(*range(alarms), above=True)
        await it.pass_s(40)
        before = len(receiver.statuses)
        it.clock.step(step_ns)
        await it.pass_s(600)
        during = len(receiver.statuses) - before
        assert 1 <= during <= 12
        receiver.mood = well
        await it.go(0, above=False)
        await it.pass_s(HEALS_S)
        await it.go(0, above=True)
        await it.pass_s(1)
        tally = hold(it.kept(), receiver.arrivals())
        assert tally.delivered == tally.transitions == alarms + 2
