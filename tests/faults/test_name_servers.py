"""Name servers that lead astray, under simulated hours: where the site doesn't allow it nobody is
called, and each committed transition is delivered at least once or is a visible dead letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.moody import moody
from tests.faults.plant import misfortune, plant
from tests.faults.rule import hold
from tests.http_servers import serving
from tests.ways_out import Names, outbound

SECRET = "whsec_c2FtcGxlLXNpdGUtb25seS1uZXZlci1pbi1hLXBsYW50"
WEBHOOK: dict[str, Any] = {"kind": "webhook", "secret": SECRET, "timeout_s": 2.0}
HERE, ASTRAY = ["127.0.0.1"], ["127.0.0.2"]
ALLOWED = ["127.0.0.1/32"]
HEALS_S = 420.0
"""The longest wait for the next probe."""


async def test_a_name_that_leads_elsewhere_for_a_while(tmp_path: Path) -> None:
    names = Names(ASTRAY)
    async with moody() as receiver, serving(host="127.0.0.2", port=receiver.server.port) as trap:
        url = f"http://hooks.example:{receiver.server.port}/"
        async with plant(tmp_path, outbound(names, networks=ALLOWED), url=url, **WEBHOOK) as it:
            await misfortune(it)
            assert it.told() == {"pending"}
            assert (len(receiver.statuses), trap.connections) == (0, 0)
            names.answers[:] = [HERE]
            await it.pass_s(HEALS_S)
            assert hold(it.kept(), receiver.arrivals()).delivered == 6
            assert trap.connections == 0


async def test_a_name_that_leads_elsewhere_at_every_second_look(tmp_path: Path) -> None:
    """DNS rebinding: what is checked has one answer, what is connected to would have the other."""
    names = Names(*(HERE if n % 2 == 0 else ASTRAY for n in range(200)))
    async with moody() as receiver, serving(host="127.0.0.2", port=receiver.server.port) as trap:
        url = f"http://hooks.example:{receiver.server.port}/"
        async with plant(tmp_path, outbound(names, networks=ALLOWED), url=url, **WEBHOOK) as it:
            await misfortune(it)
            await it.pass_s(HEALS_S)
            assert hold(it.kept(), receiver.arrivals()).delivered == 6
            assert trap.connections == 0
            # One look for each attempt, and every second attempt was refused before it was made.
            assert len(receiver.statuses) == -(-len(names.asked) // 2)
