"""A webhook receiver for the desk: checks each signature and prints what it gets."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

from connectors.webhook.notifier import signature
from service.app.serve import WebServer

Print = Callable[[str], None]


def receiver_app(key: bytes, say: Print) -> FastAPI:
    """Takes POSTs at ``/``; 401 when the signature does not fit."""
    app = FastAPI(openapi_url=None)

    @app.post("/")
    async def take(request: Request) -> Response:
        body = await request.body()
        message_id = request.headers.get("webhook-id", "")
        timestamp = request.headers.get("webhook-timestamp", "0")
        expected = signature(key, message_id=message_id, timestamp_s=int(timestamp), body=body)
        given = request.headers.get("webhook-signature", "").split(" ")
        if not any(hmac.compare_digest(expected, each) for each in given):
            say("webhook with a wrong signature refused")
            return Response(status_code=401)
        said = orjson.loads(body)
        data = said["data"]
        say(
            f"webhook  {said['type']:<19} {data['priority_name']:<8} {data['asset']:<10} "
            f"{data['message_en']}  [{said['timestamp'][11:19]}Z, signature ok]"
        )
        return Response(status_code=204)

    return app


@asynccontextmanager
async def receiver(key: bytes, say: Print) -> AsyncIterator[str]:
    """Runs the receiver on a free port of this machine; gives its URL."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        server = WebServer(
            uvicorn.Config(
                receiver_app(key, say), log_config=None, access_log=False, lifespan="off"
            )
        )
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[listener]))
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
            finally:
                server.should_exit = True
                await asyncio.wait((serving,))
