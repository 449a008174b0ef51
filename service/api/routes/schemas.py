"""JSON Schemas of what the service sends to others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.api.problems import problems

FOLDER = Path(__file__).parents[1] / "schemas"
SCHEMAS = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.json"))}
MEDIA_TYPE = "application/schema+json"

router = APIRouter(tags=["connectors"])


@router.get(
    "/schemas/{name}",
    summary="JSON Schema of a notification",
    response_class=Response,
    responses=problems(404, 422) | {200: {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}},
)
async def read_schema(
    name: Annotated[str, InPath(examples=["notification-2.json"])],
) -> Response:
    """What webhooks bring. Open to everybody: it tells nothing of the site, and receivers need no
    account."""
    found = SCHEMAS.get(name)
    if found is None:
        raise HTTPException(
            404, f"there is no schema {name[:60]!r}; there are: {', '.join(SCHEMAS)}"
        )
    return Response(found, media_type=MEDIA_TYPE, headers={"cache-control": "public, max-age=3600"})
