"""How errors are told: {detail}, which names the field and the remedy."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import Request

from service.api.headers import SECURITY
from service.api.models.common import Problem
from service.domain.entries.entry import EntryClash, EntryRefused
from service.domain.lifecycle.actions import Impossible
from service.domain.losses.entries import ReasonConflict
from service.domain.planning import PlanClash, PlanRefused
from service.runtime.deliveries import NoSuchDestination
from service.runtime.entries import NoSuchEntry
from service.runtime.errors import ConnectorError
from service.runtime.identity import (
    Conflict,
    IdentityError,
    NotFound,
    Throttled,
    Unsuitable,
    WrongLogin,
)
from service.runtime.losses import NoSuchEvent
from service.runtime.reports import NoSuchReport
from service.runtime.views import NoSuchAlarm

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5
_STATUS: dict[type[Exception], int] = {
    WrongLogin: 401,
    NotFound: 404,
    Conflict: 409,
    Impossible: 409,
    NoSuchAlarm: 404,
    Unsuitable: 422,
    Throttled: 429,
    EntryRefused: 422,
    PlanRefused: 422,
    PlanClash: 409,
    EntryClash: 409,
    NoSuchEntry: 404,
    NoSuchEvent: 404,
    ReasonConflict: 409,
    NoSuchReport: 404,
    NoSuchDestination: 404,
}
_WORDS = {
    401: "Nobody is logged in",
    403: "Not allowed",
    404: "There is no such thing",
    409: "Not possible as things stand",
    422: "A field is wrong; the detail names it",
    429: "Too many failed log-ins; see Retry-After",
    501: "This machine lacks something; the detail names it and the remedy",
    503: "Storage is away or busy; see Retry-After",
    504: "It took too long",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that can fail with these; 503 always may."""
    return {s: {"model": Problem, "description": _WORDS[s]} for s in sorted({*statuses, 503})}


def tell_problems(app: FastAPI) -> None:
    """Registers how each exception is answered."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(IdentityError, _refused)
    for refusal in (
        *(Impossible, NoSuchAlarm, EntryRefused, NoSuchEntry, PlanRefused),
        *(NoSuchEvent, ReasonConflict, NoSuchReport, NoSuchDestination),
    ):
        app.add_exception_handler(refusal, _refused)
    app.add_exception_handler(ConnectorError, _away)
    app.add_exception_handler(TimeoutError, _late)
    app.add_exception_handler(Exception, _broken)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _answer(422, "; ".join(_say(one) for one in error.errors()))


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    headers = {}
    if isinstance(error, Throttled):
        headers["Retry-After"] = str(max(round(error.retry_after_s), 1))
    return _answer(_STATUS.get(type(error), 400), str(error), headers)


async def _away(request: Request, error: Exception) -> JSONResponse:
    log.warning("answered 503 path=%s error=%s", request.url.path, error)
    return _answer(503, str(error), {"Retry-After": str(RETRY_AFTER_S)})


async def _late(request: Request, _error: Exception) -> JSONResponse:
    log.warning("answered 504 path=%s", request.url.path)
    return _answer(504, "the store did not answer in time; ask for a shorter range or fewer tags")


async def _broken(_request: Request, _error: Exception) -> JSONResponse:
    # This answer is made outside of all middleware.
    return _answer(500, "an error in the service; its log says more", SECURITY)


def _answer(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)


def _say(error: dict[str, Any]) -> str:
    """One complaint of pydantic as field, expectation and what came."""
    if error.get("type") == "json_invalid":
        return f"body: expected JSON, came something else ({error.get('ctx', {}).get('error')})"
    place: Sequence[Any] = error.get("loc", ())
    field = ".".join(str(part) for part in place[1:]) or "body"
    if field == "body":  # it is not repeated either: a password may be in it
        return "body: expected a JSON object; send it with Content-Type: application/json"
    message = str(error.get("msg", "is wrong")).removeprefix("Value error, ")
    if message.startswith(f"{field}: "):
        return message
    came = error.get("input")
    secret = "password" in field  # it is not repeated to anybody
    told = "" if secret or came is None or isinstance(came, dict) else f"; came {str(came)[:60]!r}"
    return f"{field}: {message}{told}"
