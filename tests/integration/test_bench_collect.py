"""The bench of collection at a small size: figures of a real server and two real clients."""

from __future__ import annotations

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from connectors.opcua.decode import decode_publish
from connectors.opcua.replay.clients import own_keys, replay_server, take_ours
from connectors.opcua.replay.messages import ROUNDS, make_replay
from service.cli import app
from service.runtime.clock import SystemClock


def test_one_json_object_with_both_clients_and_their_ratio() -> None:
    told = CliRunner().invoke(
        app, ["bench", "collect", "--items", "300", "--seconds", "0.5", "--no-sizes"]
    )
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    for one in (found, found["encrypted"]):
        ratio = one["values_per_cpu_s"] / one["stock_values_per_cpu_s"]
        assert abs(one["ratio_cpu"] / ratio - 1) < 0.01
        assert one["stock_values_per_s"] > 0
        assert one["ratio_wall"] > 0
    assert re.search(r"ours: 300 items.*asyncua's client.*encrypted", told.stderr, re.DOTALL)


async def test_every_item_is_replayed_with_its_own_handle(tmp_path: Path) -> None:
    replay = make_replay(7, range(250), per_message=100)
    handles, values = [], set()
    for number in range(1, 2 * 3 * ROUNDS + 1):
        message, count = replay.next(number, 1_700_000_000 * 10**9)
        found = decode_publish(message)
        assert (found.subscription, found.message.sequence, found.more) == (7, number, False)
        assert len(found.message.values) == count
        handles += found.message.values.handle.tolist()
        values |= set(found.message.values.value.tolist())
    assert [handles.count(handle) for handle in range(250)] == [2 * ROUNDS] * 250
    assert len(values) > 600  # they move

    async with own_keys(tmp_path) as keys, replay_server(tmp_path / "server") as endpoint:
        taken = await take_ours(endpoint, 250, 0.2, SystemClock(), keys=keys)
    assert taken.values > 250
