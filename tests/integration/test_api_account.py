"""GET /api/v1/account over minutes that the ledger holds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from service.domain.production.minutes import Grade, Minutes
from service.runtime.identity import Role
from service.runtime.ledger import AccountingState, Step
from service.state.accounts import StateAccounts
from service.state.database import open_database
from service.state.ledger import StateLedger
from tests.api_app import LINE, PASSWORD, open_api

HALF_PAST = 29_538_750
"""2026-03-01T00:30Z, where a production day of +05:30 might begin."""


async def test_an_account_lists_what_it_does_not_know(tmp_path: Path) -> None:
    kg = np.array([500.0] * 90 + [math.nan] * 10 + [0.0] * 20)
    grade = np.where(np.isnan(kg), Grade.UNKNOWN, 0).astype(np.uint8)
    async with open_api(tmp_path) as api:
        async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
            made = Minutes(HALF_PAST, kg, grade)
            await StateLedger(database).commit(AccountingState(), Step([("PK-P1", made)]))
            whole = await StateAccounts(database, LINE).between(HALF_PAST, HALF_PAST + 120)
            assert [(one.stage, one.kg) for one in whole] == [("PK", 45_000.0), ("SC", None)]
        await api.identity.add_user("li.wei", password=PASSWORD, role=Role.VIEWER, by="test")
        client = api.client()
        await client.post("/api/v1/session", json={"username": "li.wei", "password": PASSWORD})
        asked = {"start": "2026-03-01T01:45:00Z", "end": "2026-03-01T02:45:00Z"}
        body = (await client.get("/api/v1/account", params=asked)).json()
        pk, sc = body["stages"]
        assert (pk["id"], pk["t"], pk["uncertainty_t"]) == ("PK", 7.5, 0.0)
        assert (sc["t"], sc["uncertainty_t"], sc["unknown_min"]) == (None, None, 0)
        spans = [(one["start"][11:16], one["end"][11:16]) for one in pk["unknown"]]
        assert spans == [("02:00", "02:10"), ("02:30", "02:45")]
        assert pk["unknown_min"] == 25


@pytest.mark.parametrize(
    ("end", "said"), [("2026-03-01T00:00:00Z", "after start"), ("2026-05-01T00:00:00Z", "31 days")]
)
async def test_a_range_that_makes_no_sense_is_refused(end: str, said: str, tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        await api.identity.add_user("li.wei", password=PASSWORD, role=Role.VIEWER, by="test")
        client = api.client()
        await client.post("/api/v1/session", json={"username": "li.wei", "password": PASSWORD})
        asked = {"start": "2026-03-01T01:00:00Z", "end": end}
        answer = await client.get("/api/v1/account", params=asked)
        assert answer.status_code == 422
        assert said in answer.text
