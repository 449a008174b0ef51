"""A stock-taking through the API, and the work in progress that is carried forward from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from service.api.instants import iso
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.production.minutes import Minutes
from service.runtime.identity import Role
from tests.api_app import empty_book, open_api
from tests.api_fakes import NOW_NS
from tests.lossplant import LINE, PACE, UNITS

STOCK = {
    "kind": "stock",
    "subject": "B",
    "start": iso(NOW_NS - 4 * HOUR_NS),
    "amount": 3_000.0,
    "reason": "month's end",
}


async def test_a_stock_taking_is_carried_forward(tmp_path: Path) -> None:
    book = empty_book(LINE)
    n = 5 * 60
    for unit in UNITS:
        kg = np.full(n, PACE[unit])
        if unit == "A2":
            kg[-60:] = 0.0  # stood for the last hour
        book.enter(unit, Minutes(NOW_NS // MINUTE_NS - n, kg, np.zeros(n, np.uint8)))
    book.closed_ns = NOW_NS
    async with open_api(tmp_path, line=LINE, book=book) as api:
        operator = await api.logged_in(Role.OPERATOR)
        before = (await operator.get("/api/v1/wip")).json()
        assert [(s["wip_t"], s["unknown"]) for s in before["stages"]] == [
            (None, "not_metered"), (None, "no_stock_taking"),
        ]  # fmt: skip
        assert before["total"]["wip_t"] is None
        assert before["total"]["missing"] == ["B"]

        refused = await operator.post("/api/v1/entries", json={**STOCK, "subject": "A"})
        assert refused.status_code == 422
        made = (await operator.post("/api/v1/entries", json=STOCK)).json()
        assert (made["kind"], made["unit"]) == ("stock", "kg")

        now = (await operator.get("/api/v1/wip")).json()
        assert now["at"] == iso(NOW_NS)
        a, b = now["stages"]
        assert a["unknown"] == "not_metered"
        # 3 t, and B took 4 t of what 3.5 t came.
        assert round(b["wip_t"], 6) == 2.5
        assert (b["unknown"], b["uncertainty_t"]) == (None, 0.0)
        assert b["since"] == {
            "at": STOCK["start"], "stock_t": 3.0, "by": "operator", "entry": made["id"],
        }  # fmt: skip
        assert round(b["lead_time_h"], 6) == 2.5  # at 1 t/h
        assert round(now["total"]["finished_t"], 6) == 2.5
        assert round(now["total"]["lead_time_h"], 6) == 2.5

        gone = f"/api/v1/entries/{made['id']}/cancel"
        assert (await operator.post(gone, json={"reason": "wrong bin"})).status_code == 200
        assert (await operator.get("/api/v1/wip")).json() == before


async def test_hours_that_were_not_seen_make_it_uncertain(tmp_path: Path) -> None:
    """Minutes outside the book, or not closed yet, may have had anything."""
    book = empty_book(LINE)
    book.closed_ns = NOW_NS
    async with open_api(tmp_path, line=LINE, book=book) as api:
        operator = await api.logged_in(Role.OPERATOR)
        await operator.post("/api/v1/entries", json={**STOCK, "start": iso(NOW_NS - HOUR_NS)})
        b = (await operator.get("/api/v1/wip")).json()["stages"][1]
        # A1 and A2 may have made 50 t each, B 50 t: from 3 − 50 to 3 + 100 t.
        assert (round(b["wip_t"], 6), round(b["uncertainty_t"], 6)) == (28.0, 75.0)
        assert (b["throughput_t_per_h"], b["lead_time_h"]) == (None, None)


async def test_nobody_reads_it_without_logging_in(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        assert (await api.client().get("/api/v1/wip")).status_code == 401
