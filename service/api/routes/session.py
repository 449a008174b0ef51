"""Log in, log out, who am I."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.api.access import COOKIE, Context, Viewer, check_csrf
from service.api.models.identity import Credentials, LoggedIn, Session, Site, User
from service.api.problems import problems

router = APIRouter(prefix="/session", tags=["session"])

LONGEST_S = 7 * 86_400


@router.post("", summary="Log in", responses=problems(401, 422, 429))
async def log_in(
    body: Credentials, request: Request, response: Response, context: Context
) -> LoggedIn:
    """Opens a session and sets its cookie (HttpOnly, SameSite=Strict); ends the one before."""
    address = request.client.host if request.client else "unknown"
    secret, user = await context.identity.log_in(body.username, body.password, address=address)
    before = request.cookies.get(COOKIE)
    if before:
        await context.identity.log_out(before)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=LONGEST_S,
        httponly=True,
        samesite="strict",
        secure=_is_secure(request, context.public_url),
    )
    return LoggedIn(user=User.of(user))


@router.delete("", summary="Log out", status_code=204, responses=problems(403))
async def log_out(request: Request, context: Context) -> Response:
    """Ends the session of the cookie, if there is one."""
    session = request.cookies.get(COOKIE)
    if session:
        check_csrf(request)
        await context.identity.log_out(session)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


@router.get("", summary="Who is asking, and which site answers", responses=problems(401))
async def who(caller: Viewer, context: Context) -> Session:
    """The user of the session or token, and the site."""
    target_t = context.planning.plan.target_of(context.site.year) / 1_000.0
    return Session(
        user=User.of(caller.user),
        site=Site.of(context.site, target_t=target_t),
        shelve_minutes=context.shelving.most_min(caller.user.role),
    )


def _is_secure(request: Request, public_url: str | None) -> bool:
    return request.url.scheme == "https" or (public_url or "").startswith("https:")
