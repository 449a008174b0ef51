"""What people do to alarms, kept in a real state database: over restarts, and told or not."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from sqlalchemy import select

from service.domain.alarm import AlarmDefinition, AlarmState, Input, Phase, Priority, Quiet
from service.domain.handling import Handling
from service.domain.instants import SECOND_NS
from service.domain.lifecycle.actions import (
    Acknowledge,
    Action,
    Comment,
    Impossible,
    RemoveFromService,
    Reset,
    ReturnToService,
    Shelve,
    Unshelve,
)
from service.domain.rules import LimitKind, LimitRule, Timing
from service.runtime.alarms import AT_ONCE, AlarmStates
from service.runtime.courier import Courier
from service.runtime.notify import Destination, Message, NotifierLimits, SiteName
from service.runtime.progress import Progress
from service.runtime.views import NoSuchAlarm, Showing
from service.state.alarm_book import StateAlarmBook
from service.state.outbox import StateOutbox
from service.state.tables import transition
from tests.watch_rig import HOT, T0, Rig, rig, rows

H = "h:CB-L07B-TIC112.PV"
RULES = (LimitRule("h", LimitKind.H, ("*",), Priority.HIGH, Timing()),)
TIMED = Handling(latching=True, realarm_s=600, escalate_s=300)
LATCHING = (LimitRule("h", LimitKind.H, ("*",), Priority.HIGH, Timing(), handling=TIMED),)
SLOW = (LimitRule("h", LimitKind.H, ("*",), Priority.HIGH, Timing(60, 60)),)
HIGH, LOW = 1_170.0, 1_100.0
SITE = SiteName("s", "Site", "厂", "http://x")
SHELVE = Shelve("fouled", T0 + 3_600 * SECOND_NS)

Step = float | Action | str
STATES: dict[str, tuple[tuple[LimitRule, ...], list[Step]]] = {
    "A normal": (RULES, []),
    "A, its on-delay running": (SLOW, [HIGH]),
    "B unacknowledged": (RULES, [HIGH]),
    "B, called and counting": (LATCHING, [HIGH, "look"]),
    "B, escalated": (LATCHING, [HIGH, "look", "an hour", "look"]),
    "C acknowledged": (RULES, [HIGH, Acknowledge("seen")]),
    "D returned": (RULES, [HIGH, LOW]),
    "E latched, unacknowledged": (LATCHING, [HIGH, LOW]),
    "F latched, acknowledged": (LATCHING, [HIGH, LOW, Acknowledge()]),
    "G shelved, normal beneath": (RULES, [SHELVE]),
    "G shelved, standing beneath": (RULES, [SHELVE, HIGH]),
    "H suppressed by design": (RULES, [HIGH, "suppress"]),
    "I out of service": (RULES, [RemoveFromService("no sensor"), HIGH]),
    "G, H and I at once": (RULES, [HIGH, SHELVE, "suppress", RemoveFromService("no sensor")]),
}


@pytest.mark.parametrize("name", STATES)
async def test_a_restart_changes_nothing(tmp_path: Path, name: str) -> None:
    rules, steps = STATES[name]
    async with rig(tmp_path, rules=rules) as r:
        await play(r, *steps)
        before = r.watch.state(H)
        journal = await journal_of(r)
    async with rig(tmp_path, rules=rules) as r:
        assert r.watch.state(H) == before
        assert await journal_of(r) == journal
        await r.watch.look_around()
        await r.watch.look_around()
        assert r.watch.state(H).phase is before.phase
        again = r.watch.state(H)
    assert (again.shelved, again.suppressed, again.out_of_service, again.untold, again.alarm) == (
        before.shelved, before.suppressed, before.out_of_service, before.untold, before.alarm,
    )  # fmt: skip


async def test_what_nobody_is_called_about_is_in_the_journal_and_never_in_the_outbox(
    tmp_path: Path,
) -> None:
    async with rig(tmp_path, rules=RULES) as r:
        await play(r, SHELVE, HIGH, LOW, HIGH)
        assert await journal_of(r) == [
            ("shelved", "li", "fouled", None), ("raised", None, None, "shelved"),
            ("returned", None, None, "shelved"), ("cleared", None, None, "shelved"),
            ("raised", None, None, "shelved"),
        ]  # fmt: skip
        assert await r.messages() == []
        await play(r, Unshelve("cleaned"), Acknowledge())
        assert await r.messages() == ["reraised", "acknowledged"]
        await play(r, LOW)
        assert await r.messages() == ["reraised", "acknowledged", "returned"]


async def test_shelving_ends_by_itself_and_what_stands_is_announced(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES) as r:
        await play(r, HIGH, Acknowledge(), SHELVE, "look")
        assert await r.messages() == ["raised", "acknowledged"]
        await play(r, "an hour", "look")
        assert (await r.messages())[2:] == ["reraised"]
        assert (await journal_of(r))[-2:] == [
            ("unshelved", None, "its time was over", None),
            ("reraised", None, "its time was over", None),
        ]
        assert r.watch.state(H).phase is Phase.UNACKNOWLEDGED
        assert await r.alarms() == [(H, "unacknowledged")]


async def test_escalation_and_telling_again_are_told(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=LATCHING) as r:
        await play(r, HIGH, "look", "an hour", "look")
        assert await r.messages() == ["raised", "escalated", "reraised"]
        await play(r, LOW, Acknowledge(), Reset("looked at it"))
        assert [kind for kind, *_ in (await journal_of(r))[3:]] == [
            "returned", "acknowledged", "reset", "cleared",
        ]  # fmt: skip
        assert await r.alarms() == [(H, "normal")]


def test_of_very_many_that_are_due_none_is_left_out() -> None:
    timed = Handling(escalate_s=60)
    definitions = {
        f"h:{n}": AlarmDefinition(
            f"h:{n}", "h", "v", "limit", Priority.HIGH, "CB", 0, 0, "", "", handling=timed
        )
        for n in range(2 * AT_ONCE + 1)
    }
    states = AlarmStates(definitions)
    for definition in definitions.values():
        states.judge(definition, Input.TRUE, 0)
    states.taken()
    told: list[int] = []
    for s in (1, 2, 3, 64, 65, 66, 67):
        states.pass_time(s * SECOND_NS)
        told.append(len(states.taken()[1]))
    assert told == [0, 0, 0, AT_ONCE, AT_ONCE, 1, 0]


def test_a_clock_that_was_put_back_calls_nobody_late() -> None:
    timed = Handling(escalate_s=60)
    definition = AlarmDefinition(
        "h:T", "h", "v", "limit", Priority.HIGH, "CB", 0, 0, "", "", handling=timed
    )
    states = AlarmStates({definition.id: definition})
    states.judge(definition, Input.TRUE, 3_600 * SECOND_NS)
    for s in (3_600, 3_601, 2, 61):
        states.pass_time(s * SECOND_NS)
        assert [str(one.kind) for _, one, _ in states.taken()[1]] in ([], ["raised"])
    states.pass_time(62 * SECOND_NS)
    assert [str(one.kind) for _, one, _ in states.taken()[1]] == ["escalated"]


async def test_a_restart_does_not_call_about_what_returned_meanwhile(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=LATCHING) as r:
        await play(r, HIGH, "look")
    async with rig(tmp_path, rules=LATCHING) as r:
        await r.clock.advance(7_200)  # nobody could acknowledge in the meantime
        task = asyncio.ensure_future(r.watch.run_absence())
        await r.clock.advance(5)
        await r.feed(rows((7_200, HOT, LOW, 0), cover=(10, 7_201)))
        await r.clock.advance(60)
        task.cancel()
        assert await r.messages() == ["raised", "returned"]


async def test_a_restart_calls_about_what_still_stands(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=LATCHING) as r:
        await play(r, HIGH, "look")
    async with rig(tmp_path, rules=LATCHING) as r:
        await r.clock.advance(7_200)
        task = asyncio.ensure_future(r.watch.run_absence())
        await r.clock.advance(5)
        assert await r.messages() == ["raised"]
        for _ in range(20):
            await r.clock.advance(1)
            await r.watch.caught_up(r.watch.position)
        task.cancel()
        assert await r.messages() == ["raised", "escalated", "reraised"]


@pytest.mark.parametrize("gap_s", [0.0, 7_200.0])
async def test_a_return_that_came_while_the_service_was_down_is_told_once_it_is_up(
    tmp_path: Path, gap_s: float
) -> None:
    """gap_s: 0 when the journal still took it; else the source tells, once it is back, how it is
    now."""
    got: list[str] = []
    async with rig(tmp_path, rules=RULES) as r:
        await play(r, HIGH)
        await deliver_all(r, got)
        assert got == ["raised"]
    async with rig(tmp_path, rules=RULES) as r:
        at = 100.0 + gap_s
        await r.feed(rows((at, HOT, LOW, 0), cover=(at - 90 if gap_s == 0 else at, at + 1)))
        await deliver_all(r, got)
        assert got == ["raised", "returned"]
        assert await r.alarms() == [(H, "returned")]


async def test_lists_show_what_has_to_be_dealt_with_and_what_is_held(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES) as r:
        book = StateAlarmBook(r.database, r.watch.transitions)
        await play(r, HIGH)
        assert [one.holds for one in await book.alarms(Showing.ACTIVE, limit=9)] == [()]
        assert await book.alarms(Showing.HELD, limit=9) == []
        await play(r, SHELVE)
        assert await book.alarms(Showing.ACTIVE, limit=9) == []
        (held,) = await book.alarms(Showing.HELD, limit=9)
        assert [(kind, hold.by, hold.reason) for kind, hold in held.holds] == [
            (Quiet.SHELVED, "li", "fouled")
        ]
        await play(r, LOW)
        assert await book.alarms(Showing.HELD, limit=9) == []
        (over,) = await book.alarms(Showing.ALL, limit=9)
        assert (over.phase, over.holds) == (Phase.NORMAL, ())
        steps = await book.steps_of(H, limit=2)
        assert [str(step.kind) for step in steps] == ["cleared", "returned"]


async def test_comments_are_kept_also_on_what_is_over(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES) as r:
        book = StateAlarmBook(r.database, r.watch.transitions)
        await play(r, HIGH, Comment("looks odd"), Acknowledge(), LOW)
        (view,) = await book.alarms(Showing.ALL, limit=1)
        await r.desk.act_on(view, Comment("it was the thermocouple"), by="wang")
        await r.desk.act_on(view, Comment("ordered a new one"), by="wang")
        with pytest.raises(Impossible):
            await r.desk.act_on(view, Acknowledge(), by="wang")
        found = await book.alarm(view.id)
        assert found is not None
        said = [(s.by, s.comment) for s in found[1] if s.kind == "commented"]
        assert said == [
            ("li", "looks odd"), ("wang", "it was the thermocouple"), ("wang", "ordered a new one"),
        ]  # fmt: skip
        assert found[0] == view


async def test_all_that_are_shown_are_acknowledged_in_one_step(tmp_path: Path) -> None:
    both = (*RULES, LimitRule("hh", LimitKind.HH, ("*",), Priority.CRITICAL, Timing()))
    async with rig(tmp_path, rules=both) as r:
        await play(r, 1_200.0)
        ids = [one.id for one in await StateAlarmBook(r.database, r.watch.transitions).alarms(
            Showing.ACTIVE, limit=9)]  # fmt: skip
        commits = r.watch.commits
        assert await r.desk.acknowledge([*ids, *ids, "gone"], by="li", comment=None) == ids
        assert len(ids) == 2
        assert r.watch.commits == commits + 1
        assert await r.desk.acknowledge(ids, by="wang", comment=None) == []
        assert {phase for _, phase in await r.alarms()} == {"acknowledged"}


async def test_only_what_can_stand_can_be_shelved(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES) as r:
        with pytest.raises(NoSuchAlarm, match="no alarm definition 'h:OTHER'"):
            await r.desk.act("h:OTHER", SHELVE, by="li")
        with pytest.raises(Impossible, match="not shelved"):
            await r.desk.act(H, Unshelve(), by="li")
        await play(r, RemoveFromService("no sensor"), HIGH, ReturnToService())
        assert await r.messages() == ["reraised"]


async def play(r: Rig, *steps: Step) -> None:
    """Values come every ten seconds; "look" lets time pass, "an hour" makes it do so."""
    for step in steps:
        if isinstance(step, float):
            at = 10.0 * (r.fed + 1)
            await r.feed(rows((at, HOT, step, 0), cover=(at - 10, at)))
        elif step == "suppress":
            definition = r.states.definition(H)
            assert definition is not None
            r.states.suppress(definition, r.clock.now_ns(), reason="the kiln stands still")
            await r.watch.caught_up(r.watch.position)
        elif step == "look":
            await r.watch.look_around()
        elif step == "an hour":
            await r.clock.advance(3_600)
        elif not isinstance(step, str):
            await r.desk.act(H, step, by="li")


async def journal_of(r: Rig) -> list[tuple[str, str | None, str | None, str | None]]:
    """Kind, by whom, why, and why nobody is called; in the order in which it was kept."""
    columns = (transition.c.kind, transition.c.by, transition.c.comment, transition.c.quiet)
    wanted = select(*columns).order_by(transition.c.seq)
    return await r.database.read(lambda c: [tuple(row) for row in c.execute(wanted)])


class Taking:
    """A receiver that takes everything."""

    limits = NotifierLimits()

    def __init__(self, got: list[str]) -> None:
        self.got = got

    async def send(self, message: Message) -> str:
        self.got += [str(one.kind) for one in message.notices]
        return "HTTP 204"


async def deliver_all(r: Rig, got: list[str]) -> None:
    box = StateOutbox(r.database)
    courier = Courier(Destination("m", Taking(got)), SITE, box, r.clock, news=Progress())
    task = asyncio.ensure_future(courier.run())
    while (await box.counts()).get("pending"):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_every_state_of_the_standard_is_restarted() -> None:
    assert {name[0] for name in STATES} == set("ABCDEFGHI")
    assert AlarmState() == AlarmState(Phase.NORMAL)
