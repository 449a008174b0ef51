"""Users (administrators) and one's own API tokens."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from service.api.access import Administrator, Context, Viewer, in_person
from service.api.models.identity import (
    MadeToken,
    NewPassword,
    NewToken,
    NewUser,
    Token,
    Tokens,
    User,
    Users,
)
from service.api.problems import problems

router = APIRouter()


@router.get("/users", summary="List users", tags=["users"], responses=problems(401, 403))
async def list_users(_caller: Administrator, context: Context) -> Users:
    """Everybody, by name."""
    return Users(users=[User.of(user) for user in await context.identity.users()])


@router.post(
    "/users",
    summary="Add a user",
    tags=["users"],
    status_code=201,
    responses=problems(401, 403, 409, 422),
)
async def add_user(body: NewUser, caller: Administrator, context: Context) -> User:
    """Makes somebody known, who can then log in."""
    by = in_person(caller).name
    made = await context.identity.add_user(body.name, password=body.password, role=body.role, by=by)
    return User.of(made)


@router.put(
    "/users/{name}/password",
    summary="Set a user's password",
    tags=["users"],
    status_code=204,
    responses=problems(401, 403, 404, 422),
)
async def set_password(
    name: str, body: NewPassword, caller: Administrator, context: Context
) -> Response:
    """Sets the password and ends the user's sessions."""
    by = in_person(caller).name
    await context.identity.set_password(name, password=body.password, by=by)
    return Response(status_code=204)


@router.delete(
    "/users/{name}",
    summary="Remove a user",
    tags=["users"],
    status_code=204,
    responses=problems(401, 403, 404, 409, 422),
)
async def remove_user(name: str, caller: Administrator, context: Context) -> Response:
    """Ends the user's sessions and tokens; what the user did stays recorded."""
    await context.identity.remove_user(name, by=in_person(caller).name)
    return Response(status_code=204)


@router.get("/tokens", summary="List one's API tokens", tags=["tokens"], responses=problems(401))
async def list_tokens(caller: Viewer, context: Context) -> Tokens:
    """The caller's tokens without their secrets, oldest first."""
    found = await context.identity.tokens(caller.user.name)
    return Tokens(tokens=[Token.of(token) for token in found])


@router.post(
    "/tokens",
    summary="Make an API token",
    tags=["tokens"],
    status_code=201,
    responses=problems(401, 403, 409, 422),
)
async def add_token(body: NewToken, caller: Viewer, context: Context) -> MadeToken:
    """A token for programs, with a role that is at most the caller's; its secret is shown this
    once."""
    secret, token = await context.identity.add_token(
        in_person(caller), name=body.name, role=body.role
    )
    return MadeToken.with_secret(token, secret)


@router.delete(
    "/tokens/{token_id}",
    summary="Revoke an API token",
    tags=["tokens"],
    status_code=204,
    responses=problems(401, 403, 404, 422),
)
async def revoke_token(token_id: str, caller: Viewer, context: Context) -> Response:
    """Ends one of the caller's tokens."""
    await context.identity.revoke_token(in_person(caller), token_id)
    return Response(status_code=204)
