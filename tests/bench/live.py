"""Live: the newest value of every tag of the site, as GET /api/v1/live gives it and as the stream
does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import orjson

from service.api.app import create_api
from service.api.context import ApiContext
from service.api.models.values import streamed_fields
from service.app.core import open_core
from service.app.reports import open_reports
from service.app.views import api_context
from service.app.views.production import CoreProduction
from service.runtime.clock import SystemClock
from service.state.identity import StateIdentity
from tests.bench.measure import Figures, spent
from tests.bench.plant import site, values

ASKED = 20
STREAMED = 40


async def live(folder: Path) -> Figures:
    """Asks again and again for all tags; the asking client's share is counted too."""
    clock = SystemClock()
    own = replace(site(), service=replace(site().service, data=folder), destinations=())
    async with open_core(own, clock, sources={}) as core:
        for batch in values(60):
            core.live.take(batch)
        identity = StateIdentity(core.database, clock)
        context = api_context(core, identity, CoreProduction(core), open_reports(core))
        password = await identity.ensure_first_administrator()
        body = {"username": "admin", "password": password}
        ids = [tag.id for tag in own.tags]
        transport = httpx.ASGITransport(create_api(context))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench.test") as client:
            (await client.post("/api/v1/session", json=body)).raise_for_status()
            query = {"tags": ",".join(ids)}
            with spent() as asking:
                for _ in range(ASKED):
                    answer = (await client.get("/api/v1/live", params=query)).raise_for_status()
        numbers = core.table.numbers(ids)
        with spent() as streaming:
            for _ in range(STREAMED):
                message = _snapshot(context, numbers)
    return {
        "tags": len(ids),
        "cpu_s": round(asking.cpu_s + streaming.cpu_s, 4),
        "wall_s": round(asking.wall_s + streaming.wall_s, 4),
        "get_ms": round(1_000 * asking.cpu_s / ASKED, 2),
        "get_values_per_cpu_s": asking.per_cpu_s(ASKED * len(ids)),
        "get_bytes": len(answer.content),
        "stream_ms": round(1_000 * streaming.cpu_s / STREAMED, 2),
        "stream_values_per_cpu_s": streaming.per_cpu_s(STREAMED * len(ids)),
        "stream_bytes": len(message),
    }


def _snapshot(context: ApiContext, numbers: list[int]) -> bytes:
    """What a page gets after it subscribed to all tags."""
    found = context.live.values(numbers, context.clock.now_ns())
    told = [streamed_fields(context.table.tag(value.number), value) for value in found]
    return orjson.dumps({"type": "values", "values": told})
