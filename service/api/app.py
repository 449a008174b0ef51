"""The API: one FastAPI application over the ports of ApiContext."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from service.api import stream
from service.api.context import ApiContext
from service.api.headers import AnswerHeaders
from service.api.problems import tell_problems
from service.api.routes import (
    alarm_history,
    alarm_kpi,
    alarm_rules,
    alarms,
    audit,
    backtest,
    corrections,
    definitions,
    deliveries,
    edges,
    entries,
    floods,
    health,
    history,
    line,
    losses,
    planning,
    reports,
    schemas,
    session,
    tags,
    told,
    users,
)
from service.api.stream import Pace, StreamCounts
from service.api.web import serve_web

VERSION = "1.0"
PREFIX = "/api/v1"
MOST_BODY_BYTES = 64 * 1024

DESCRIPTION = """
Tonnes, values, history and alarms of an artificial-graphite anode plant.

* Log in with `POST /api/v1/session` (a cookie; requests that change something also need the
  header `X-Anodewatch: 1`), or send an API token: `Authorization: Bearer aw_…`.
* Instants are RFC 3339 in UTC; fields that end in `_ms` are epoch milliseconds; every other
  number has its unit in its name or beside it.
* Unknown is null, never zero. `status` is an OPC UA StatusCode.
* `WS /api/v1/stream` pushes the same objects. The server sends `hello`, `beat` (each second),
  `values` (with `time_ms`; all subscribed tags after a `subscribe`, then those that changed),
  `production`, `alarms` (`active`, and how many are `held`: shelved, suppressed or out of
  service), `floods` (`positions`) and `sources`; the client sends
  `{"type": "subscribe", "tags": […]}`.
"""
SUBJECTS = [
    {"name": "session", "description": "Log in and out"},
    {"name": "line", "description": "The line, and production against plan"},
    {"name": "planning", "description": "Calendar and plan, and changing them"},
    {"name": "tags", "description": "Tags and their newest values"},
    {"name": "history", "description": "Values of the past"},
    {"name": "alarms", "description": "Alarms after ISA-18.2"},
    {"name": "losses", "description": "What was lost and why; indicators of ISO 22400"},
    {"name": "corrections", "description": "What changed of the past, and what it means"},
    {"name": "entries", "description": "What people enter by hand, never deleted"},
    {"name": "reports", "description": "What each shift made, lost and was told"},
    {"name": "connectors", "description": "Where values come from"},
    {"name": "deliveries", "description": "Who was told, and how destinations stand"},
    {"name": "users", "description": "Who may do what; for administrators"},
    {"name": "tokens", "description": "API tokens for programs"},
    {"name": "audit", "description": "Who did what, and when"},
    {"name": "health", "description": "For supervisors and Prometheus"},
]


def create_api(context: ApiContext, *, pace: Pace | None = None) -> FastAPI:
    """The ASGI application. It starts no task of its own and needs no lifespan; streams end when
    the server closes their connections.

    pace: how often streams tell, for tests.
    """
    app = FastAPI(
        title="Anodewatch",
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=SUBJECTS,
        docs_url=None,
        redoc_url=None,
        max_body_size=MOST_BODY_BYTES,
    )
    streams = StreamCounts()
    app.state.context = context
    app.state.pace = pace or Pace()
    app.state.streams = streams
    app.state.printing = asyncio.Semaphore(1)  # laying out a PDF takes a core for a second
    app.state.registry = health.registry_of(context.measures, streams)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(AnswerHeaders)
    tell_problems(app)

    api = APIRouter(prefix=PREFIX)
    for subject in (
        *(
            session,
            line,
            planning,
            losses,
            tags,
            history,
            alarm_kpi,  # before alarms, which takes any name for that of an alarm
            alarm_rules,
            alarm_history,
            alarms,
            floods,
            definitions,
            told,
            backtest,
            corrections,
            entries,
            reports,
            edges,
            schemas,
            deliveries,
            users,
            audit,
        ),
        stream,
    ):
        api.include_router(subject.router)
    app.include_router(api)
    app.include_router(health.router)
    serve_web(app, context.web)
    return app
