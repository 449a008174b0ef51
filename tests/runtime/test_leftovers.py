"""What a changed configuration leaves behind: it ends visibly, and nothing stays open for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.cli.run import causes
from service.domain.instants import DAY_NS, SECOND_NS
from service.domain.lifecycle.actions import Acknowledge
from service.runtime.errors import ConnectorError, Fatal, Retryable
from service.runtime.notify import Destination, SiteName
from service.state.alarms import StateAlarms
from service.state.database import open_database
from service.state.outbox import StateOutbox
from service.state.tables import rule_state
from tests.post_rig import attempt_of
from tests.post_rig import put_rows as put
from tests.watch_rig import HOT, T0, Silent, rig, rows

H = "h:CB-L07B-TIC112.PV"
NOW = T0 + 100 * SECOND_NS


@pytest.mark.parametrize("acknowledged", [False, True])
async def test_an_alarm_whose_rule_is_gone_ends(tmp_path: Path, acknowledged: bool) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((1, HOT, 1170, 0), cover=(0, 12)))
        if acknowledged:
            await r.desk.act(H, Acknowledge(), by="li")
        store = StateAlarms(
            r.database, SiteName("s", "Site", "厂", "http://x"), [Destination("m", Silent())]
        )
        assert await store.retire({H}, NOW) == 0
        assert await r.alarms() == [(H, "acknowledged" if acknowledged else "unacknowledged")]
        assert await store.retire({"other"}, NOW) == 1
        assert await store.retire({"other"}, NOW) == 0
        assert await r.alarms() == [(H, "normal")]
        assert (await r.messages())[-1] == "returned"
        assert [kind for kind, at in await r.transitions() if at == 100.0] in (
            ["returned", "cleared"], ["cleared", "returned"],
        )  # fmt: skip
        left = select(func.count()).select_from(rule_state)
        assert await r.database.read(lambda c: c.execute(left).scalar_one()) == 0


async def test_what_waits_for_a_destination_that_is_gone_is_a_dead_letter(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        await put(database, ("m1", "a"))
        await put(database, ("m1", "a"), to=["gone"])
        box = StateOutbox(database)
        assert await box.abandon(["m"]) == 1
        assert await box.counts() == {"pending": 1, "dead": 1}


async def test_what_is_done_with_is_forgotten_and_what_waits_is_not(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        await put(database, ("m1", "a"), ("m2", "b"))
        box = StateOutbox(database)
        (first,) = (await box.due("m", T0, 1)).pending
        await box.keep(attempt_of(first), first, next_ns=None, circuit=None)
        assert await box.forget(T0) == 0
        assert await box.forget(T0 + DAY_NS) == 1
        assert await box.counts() == {"pending": 1}


async def test_who_was_called_about_an_open_alarm_is_not_forgotten(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((1, HOT, 1170, 0), cover=(0, 12)))
        box, later_ns = StateOutbox(r.database), T0 + 100 * DAY_NS
        (raised,) = (await box.due("m", r.clock.now_ns(), 9)).pending
        await box.keep(attempt_of(raised), raised, next_ns=None, circuit=None)
        assert await box.forget(later_ns) == 0
        await r.desk.act(H, Acknowledge(), by="li")
        await r.feed(rows((20, HOT, 1100, 0), cover=(12, 40)))
        assert await r.messages() == ["raised", "acknowledged", "returned"]
        assert await box.forget(later_ns) == 1


def test_the_reason_is_found_within_the_groups_of_nested_tasks() -> None:
    one, other = Fatal("the port is taken"), Retryable("no answer")
    nested: ExceptionGroup[ConnectorError] = ExceptionGroup(
        "a", [ExceptionGroup("b", [one]), other]
    )
    assert list(causes(nested)) == [one, other]
