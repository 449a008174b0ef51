"""Calendar and plan through the API: read, tried, changed, and kept with who and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.api.instants import iso
from service.domain.instants import DAY_NS, HOUR_NS
from service.runtime.identity import Role
from service.state.plans import StatePlans
from tests.api_app import FIRST_PLAN, Api, open_api
from tests.api_fakes import NOW_NS

CALENDAR, PLAN = "/api/v1/calendar", "/api/v1/plan"
STOP = {"start": "2026-07-06", "end": "2026-07-27", "reason": "Overhaul", "kind": "overhaul"}
ADD = {"add": [STOP], "reason": "the board has decided"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        yield opened


def day(text: str) -> str:
    return iso(FIRST_PLAN.calendar.start_of(date.fromisoformat(text)))


async def test_a_downtime_is_tried_added_and_removed(api: Api) -> None:
    engineer = await api.logged_in(Role.ENGINEER, name="zhou")
    before = (await engineer.get(CALENDAR)).json()
    assert before["version"] == 0
    assert before["downtimes"] == before["versions"] == []
    assert [shift["name"] for shift in before["shifts"]] == ["C", "A", "B"]

    tried = (await engineer.post(CALENDAR, json=ADD, params={"preview": True})).json()
    assert tried["preview"] is True
    means = tried["meaning"]
    assert means["planned_before_h"] - means["planned_after_h"] == 21 * 24
    assert means["stages"][0]["after_t_per_h"] > means["stages"][0]["before_t_per_h"]
    assert means["catch_up_after_t_per_h"] is None  # nothing is known of this year
    assert (await engineer.get(CALENDAR)).json() == before

    made = (await engineer.post(CALENDAR, json={**ADD, "based_on": 0})).json()
    assert made == {**tried, "preview": False}
    after = (await engineer.get(CALENDAR)).json()
    assert after["downtimes"] == [{**STOP, "start": day("2026-07-06"), "end": day("2026-07-27")}]
    (version,) = after["versions"]
    assert (version["by"], version["reason"]) == ("zhou", "the board has decided")
    assert version["effective"] == iso(NOW_NS)
    assert "Overhaul" in version["change"]
    rows = (await engineer.get("/api/v1/audit")).json()["audit"]
    assert "Overhaul" in next(row["subject"] for row in rows if row["action"] == "change plan")

    await api.clock.advance(HOUR_NS / 1e9)
    stale = await engineer.post(CALENDAR, json={**ADD, "based_on": 0})
    assert stale.status_code == 409
    assert "version 1, you looked at 0" in stale.json()["detail"]
    gone = await engineer.post(CALENDAR, json={"remove": ["2026-07-06"], "reason": "put off"})
    assert gone.status_code == 200
    assert (await engineer.get(CALENDAR)).json()["downtimes"] == []


async def test_what_a_change_of_next_year_means_is_told_of_next_year(api: Api) -> None:
    engineer = await api.logged_in(Role.ENGINEER)
    later = {**ADD, "add": [{**STOP, "start": "2027-07-05", "end": "2027-07-26"}]}
    tried = await engineer.post(CALENDAR, json=later, params={"preview": True})
    means = tried.json()["meaning"]
    assert means["year"] == 2027
    assert means["planned_before_h"] - means["planned_after_h"] == 21 * 24
    assert means["catch_up_after_t_per_h"] is None


async def test_a_start_takes_up_what_was_changed(api: Api) -> None:
    engineer = await api.logged_in(Role.ENGINEER)
    await engineer.post(CALENDAR, json=ADD)
    body: dict[str, Any] = {
        "targets": {"2026": 71_000.0},
        "month_weights": {"2": 0.9},
        "ramps": [{"start": "2026-07-27", "end": "2026-08-03", "start_pct": 50}],
        "reason": "second campaign",
        "effective": iso(NOW_NS + DAY_NS),
    }
    assert (await engineer.put(PLAN, json=body)).status_code == 200
    plan = (await engineer.get(PLAN)).json()
    assert plan["targets"] == {"2026": 71_000.0}
    assert plan["ramps"] == body["ramps"]
    assert plan["month_weights"] == body["month_weights"]
    planning = api.context.planning
    store = planning._store
    assert isinstance(store, StatePlans)
    assert [kept.version for kept in await store.versions()] == [k.version for k in planning.kept]


async def test_shifts_and_crews_are_replaced(api: Api) -> None:
    engineer = await api.logged_in(Role.ENGINEER)
    await engineer.post(CALENDAR, json=ADD)
    body = {
        "shifts": [{"name": "day", "start": "08:00"}, {"name": "night", "start": "20:00"}],
        "crews": 3,
        "downtimes": [STOP],
        "effective": "2026-04-01",
        "reason": "two shifts",
    }
    assert (await engineer.put(CALENDAR, json=body)).status_code == 200
    found = (await engineer.get(CALENDAR)).json()
    assert (found["crews"], len(found["shifts"]), len(found["downtimes"])) == (3, 2, 1)
    line = (await engineer.get("/api/v1/line")).json()
    assert len(line["shifts"]) == 3  # still in force today


async def test_a_target_replans_and_hours_are_told(api: Api) -> None:
    engineer = await api.logged_in(Role.ENGINEER)
    span = {"start": iso(NOW_NS), "end": iso(NOW_NS + 2 * HOUR_NS)}
    before = (await engineer.get(f"{PLAN}/hours", params=span)).json()["hours"]
    assert [hour["start"] for hour in before] == [iso(NOW_NS), iso(NOW_NS + HOUR_NS)]
    tried = await engineer.post(
        PLAN, json={"targets": {"2026": 80_000}, "reason": "more"}, params={"preview": True}
    )
    assert tried.json()["meaning"]["target_after_t"] == 80_000.0
    await engineer.post(PLAN, json={"targets": {"2026": 80_000}, "reason": "more"})
    after = (await engineer.get(f"{PLAN}/hours", params=span)).json()["hours"]
    assert after[0]["finished_t"] > before[0]["finished_t"]
    assert after[0]["stages_t"].keys() == {"PK", "SC"}
    session = (await engineer.get("/api/v1/session")).json()
    assert session["site"]["target_t"] == 80_000.0
    required = (await engineer.get(PLAN)).json()["required_t_per_h"]
    assert required == pytest.approx(after[0]["finished_t"])
    long = {"start": iso(NOW_NS), "end": iso(NOW_NS + 63 * DAY_NS)}
    assert (await engineer.get(f"{PLAN}/hours", params=long)).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (CALENDAR, {"reason": "x"}, "nothing would change"),
        (CALENDAR, {**ADD, "reason": " "}, "why it is changed"),
        (CALENDAR, {"add": [{**STOP, "start": "2026-02-30"}], "reason": "x"}, "add.0.start"),
        (CALENDAR, {"add": [{**STOP, "end": "later"}], "reason": "x"}, "add.0.end: expected an"),
        (CALENDAR, {"add": [{**STOP, "kind": "party"}], "reason": "x"}, "add.0.kind"),
        (CALENDAR, {"remove": ["2026-07-06"], "reason": "x"}, "no downtime"),
        (CALENDAR, {**ADD, "effective": "2026-01-01"}, "is past"),
        (PLAN, {"targets": {"2026": -1}, "reason": "x"}, "above 0 for 2026"),
    ],
)
async def test_a_refusal_names_the_field(
    api: Api, path: str, body: dict[str, Any], words: str
) -> None:
    engineer = await api.logged_in(Role.ENGINEER)
    answer = await engineer.post(path, json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


async def test_engineers_change_and_everybody_reads(api: Api) -> None:
    operator = await api.logged_in(Role.OPERATOR)
    assert (await operator.get(CALENDAR)).status_code == 200
    assert (await operator.get(PLAN)).status_code == 200
    assert (await operator.post(CALENDAR, json=ADD)).status_code == 403
    assert (await api.client().get(CALENDAR)).status_code == 401
