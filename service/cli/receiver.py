"""A webhook receiver for the desk: checks each signature and prints what it gets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

from connectors.webhook.signing import unverified
from service.app.serve import WebServer
from service.domain.instants import SECOND_NS
from service.runtime.clock import Clock

Print = Callable[[str], None]
MOST_SEEN = 10_000
"""So many transitions are remembered, to know what was told before."""


def receiver_app(keys: Sequence[bytes], say: Print, clock: Clock) -> FastAPI:
    """Takes POSTs at ``/``; 401 when no signature fits or its time is far from now."""
    app = FastAPI(openapi_url=None)
    seen: dict[str, None] = {}

    @app.post("/")
    async def take(request: Request) -> Response:
        body = await request.body()
        why = unverified(keys, request.headers, body, now_s=clock.now_ns() // SECOND_NS)
        if why is not None:
            say(f"webhook  refused: {why}")
            return Response(status_code=401)
        for line in told(orjson.loads(body), seen):
            say(f"webhook  {line}, signature ok]")
        while len(seen) > MOST_SEEN:
            del seen[next(iter(seen))]
        return Response(status_code=204)

    return app


def told(said: Mapping[str, Any], seen: dict[str, None]) -> list[str]:
    """A line for each transition of a payload that is not ``seen`` yet, and adds it there; one for
    all that were; for a digest one with its totals first. Each ends in an open bracket with the
    time."""
    data = said["data"]
    at = said["timestamp"][11:19]
    match said["type"]:
        case "test" | "heartbeat" as kind:
            return [f"{kind:<19} from {data['site']['name_en']}  [{at}Z"]
        case "digest":
            head = [f"{'digest':<19} {_totals(data['totals'])}  [{at}Z"]
            listed = [(notice, notice) for notice in data["notices"]]
        case _:
            head = []
            listed = [(data, step) for step in data["transitions"]]
    new = [(alarm, step) for alarm, step in listed if step["id"] not in seen]
    seen.update(dict.fromkeys(step["id"] for _, step in new))
    if listed and not new:
        return [*head, f"{'repeat':<19} all of it was told before  [{at}Z"]
    return head + [
        f"alarm.{step['step']:<13} {alarm['priority_name']:<8} {alarm['asset']:<10} "
        f"{alarm['message_en']}  [{step['at'][11:19]}Z"
        for alarm, step in new
    ]


def _totals(totals: Mapping[str, Any]) -> str:
    urgency = ", ".join(f"{n} {name}" for name, n in totals["by_priority"].items())
    stages = ", ".join(f"{n} {stage or 'no stage'}" for stage, n in totals["by_stage"].items())
    roots = "".join(
        f"; {root['alarms']} belong to: {root['asset']} {root['message_en']}"
        for root in totals["roots"]
    )
    return f"{totals['notices']} notices of {totals['alarms']} alarms: {urgency}; {stages}{roots}"


@asynccontextmanager
async def receiver(keys: Sequence[bytes], say: Print, clock: Clock) -> AsyncIterator[str]:
    """Runs the receiver on a free port of this machine; gives its URL."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        server = WebServer(
            uvicorn.Config(
                receiver_app(keys, say, clock), log_config=None, access_log=False, lifespan="off"
            )
        )
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[listener]))
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
            finally:
                server.should_exit = True
                await asyncio.wait((serving,))
