"""Losses and indicators through the API: what is told, who may say why, and who comes second."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from service.api.instants import iso
from service.app.views.explain import CoreExplanations
from service.app.views.losses import CoreLosses
from service.domain.alarm import Priority
from service.domain.entries.entry import Draft, EntryKind
from service.domain.instants import to_iso
from service.domain.losses.reasons import Reason
from service.domain.plan import Window
from service.domain.rules import ThroughputRule, Timing
from service.runtime.entries import Asked, Entries
from service.runtime.identity import Role
from service.state.entries import StateEntries
from service.state.identity_rows import noted
from tests.api_app import Api, open_api
from tests.api_fakes import FakeAlarms
from tests.lossplant import LINE, HandFilled, at, hand_filled, steady, stop

SPAN = {"start": iso(at(0)), "end": iso(at(24))}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Api, HandFilled, Entries]]:
    """Two days in which A1 stood from 7:00 to 9:30 and B1 from 20:00 on."""
    kg = steady(2)
    stop(kg, "A1", 7.0, 9.5)
    stop(kg, "B1", 44.0, 48.0)
    async with hand_filled(folder, kg) as plant:
        await plant.close(48.0)
        entries = Entries(StateEntries(plant.database), LINE, plant.clock)
        book = CoreLosses(plant.losses, plant.book, entries)
        (folder / "api").mkdir()
        async with open_api(folder / "api", losses=book) as api:
            yield api, plant, entries


async def test_losses_say_where_plan_less_actual_went(tmp_path: Path) -> None:
    async with opened(tmp_path) as (api, _, _):
        client = await api.logged_in(Role.VIEWER)
        body = (await client.get("/api/v1/losses", params=SPAN)).json()
        assert (body["start"], body["end"], body["through"]) == (
            iso(at(0)),
            iso(at(24)),
            iso(at(24)),
        )
        a, b = body["stages"]
        assert a["by_reason"] == [{"reason": "UN", "lost_t": 1.25, "lost_finished_t": 1.25}]
        assert a["plan_t"] - a["actual_t"] == pytest.approx(1.25)
        assert b["by_reason"] == []
        (event,) = body["events"]
        assert event["id"] == f"A1.{at(7) // 60_000_000_000}"
        assert (event["kind"], event["start"], event["end"]) == (
            "stopped",
            iso(at(7)),
            iso(at(9.5)),
        )
        assert (event["minutes"], event["lost_t"], event["version"]) == (150, 1.25, 0)
        assert {r["reason"] for r in body["reasons"]} >= {"EQ-mech", "UN", "EN-curtail"}


async def test_an_event_is_told_whole_where_a_span_cuts_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as (api, _, _):
        client = await api.logged_in(Role.VIEWER)
        for start_h, end_h in ((0, 8), (8, 16)):
            asked = {"start": iso(at(start_h)), "end": iso(at(end_h))}
            body = (await client.get("/api/v1/losses", params=asked)).json()
            (event,) = body["events"]
            assert (event["start"], event["end"], event["lost_t"]) == (
                iso(at(7)),
                iso(at(9.5)),
                1.25,
            )
        asked = {"start": iso(at(40)), "end": iso(at(48))}
        body = (await client.get("/api/v1/losses", params=asked)).json()
        assert [(e["unit"], e["end"], e["minutes"]) for e in body["events"]] == [("B1", None, 240)]


async def test_operators_say_why_and_the_second_is_told_to_look_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as (api, _, _):
        viewer, operator = [await api.logged_in(r) for r in (Role.VIEWER, Role.OPERATOR)]
        url = f"/api/v1/losses/A1.{at(8) // 60_000_000_000}/reason"
        body = {"reason": "EQ-mech", "comment": "bearing", "version": 0}
        assert (await viewer.put(url, json=body)).status_code == 403
        answer = await operator.put(url, json=body)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["reason"], told["comment"], told["said_by"]) == (
            "EQ-mech",
            "bearing",
            "operator",
        )
        assert told["version"] == 1
        assert (await operator.put(url, json={**body, "reason": "PM"})).status_code == 409
        assert (await operator.put(url, json={**body, "reason": "WHY"})).status_code == 422
        for gone in ("A1.12", "A1.x", "nothing", "A2.99999999999"):
            answer = await operator.put(f"/api/v1/losses/{gone}/reason", json=body)
            assert answer.status_code == 404, gone
        back = {"reason": None, "version": 1}
        assert (await operator.put(url, json=back)).json()["reason"] == "UN"


async def test_what_was_said_is_in_the_audit(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, plant, _):
        asked: dict[str, Any] = {"comment": "checked", "by": "li", "seen_version": 0}
        await plant.losses.say("A1", at(7), reason=Reason.EQ_MECH, **asked)
        (row,) = await plant.database.read(partial(noted, limit=10, before=None))
        assert (row.by, row.action) == ("li", "loss reason")
        assert row.subject.startswith(f"A1 EQ-mech {to_iso(at(7))}")
        assert row.subject.endswith(": checked")


async def test_indicators_by_shift_day_and_month(tmp_path: Path) -> None:
    async with opened(tmp_path) as (api, _, entries):
        client = await api.logged_in(Role.VIEWER)
        asked = {**SPAN, "by": "shift"}
        periods = (await client.get("/api/v1/kpi", params=asked)).json()["periods"]
        assert [p["shift"] for p in periods] == ["day", "evening", "night"]
        a = periods[0]["stages"][0]
        assert a["kpis"]["availability"] == pytest.approx(15 / 16)
        assert a["kpis"]["oee_index"] is None
        assert (a["time"]["calendar_h"], a["time"]["down_h"]) == (16.0, 1.0)
        assert {b["station"] for b in periods[0]["bottleneck"]} == {"A", "B"}

        (day, _) = (
            await client.get("/api/v1/kpi", params={**SPAN, "end": iso(at(25)), "by": "day"})
        ).json()["periods"]
        assert (day["start"], day["end"]) == (iso(at(0)), iso(at(24)))
        draft = Draft(EntryKind.SCRAP, "A", at(3), at(3), 2_275.0, "burnt")
        await entries.enter(draft, Asked("li"))
        (month,) = (await client.get("/api/v1/kpi", params={**SPAN, "by": "month"})).json()[
            "periods"
        ]
        assert (month["start"], month["through"]) == (iso(at(-24)), iso(at(48)))
        a = month["stages"][0]
        assert a["made_t"] == pytest.approx(46.75)
        assert a["kpis"]["quality_ratio"] == pytest.approx(1 - 2.275 / 46.75)
        assert a["kpis"]["oee_index"] == pytest.approx(
            (96 - 2.5) / 96 * 500 / 720 * (1 - 2.275 / 46.75)
        )


@pytest.mark.parametrize(
    "query", ["start=x", "start=2026-03-02T00:00:00", "start=9&end=8", "start=0", "by=year"]
)
async def test_nonsense_is_refused(tmp_path: Path, query: str) -> None:
    async with open_api(tmp_path) as api:
        client = await api.logged_in(Role.VIEWER)
        assert (await client.get(f"/api/v1/kpi?{query}")).status_code == 422
        assert (await client.get("/api/v1/losses")).json()["events"] == []


async def test_an_alarm_is_explained(tmp_path: Path) -> None:
    kg = steady(1)
    stop(kg, "A1", 7.0, 12.0)
    stop(kg, "A2", 7.0, 12.0)
    stop(kg, "B1", 7.5, 12.0)
    async with hand_filled(tmp_path, kg) as plant:
        await plant.close(10.0)
        alarms = FakeAlarms()
        alarms.view = replace(
            alarms.view, rule="hour-low", asset="B", stage="B", raised_ns=at(8.2), limit=-20.0
        )
        other = replace(alarms.view, id="a1" * 16, asset="A1", kind="limit", stage="A")
        alarms.others = [other]
        rule = ThroughputRule(
            "hour-low", ("B",), Window.HOUR, 20.0, 5.0, Priority.HIGH, Timing(0, 0)
        )
        (tmp_path / "api").mkdir()
        explanations = CoreExplanations(plant.losses, alarms, LINE, [rule])
        async with open_api(tmp_path / "api", explanations=explanations) as api:
            api.alarms.view = alarms.view
            client = await api.logged_in(Role.VIEWER)
            body = (await client.get(f"/api/v1/alarms/{alarms.view.id}/explain")).json()
            assert (await client.get("/api/v1/alarms/00/explain")).status_code == 404
    cause = body["cause"]
    assert (cause["about"], cause["stage"]) == ("B", "A")
    assert [u["unit"] for u in cause["units"]] == ["A1", "A2"]
    assert cause["since"] == iso(at(7))
    assert cause["start"] == iso(at(7.2))
    assert cause["short_t"] == pytest.approx(2.5)
    assert cause["certainty"] == "likely"
    assert [m["asset"] for m in body["meanwhile"]] == ["A1", "B1"]
    assert body["words_en"].startswith("B is 2.5 t short of plan since 03-02 ")
