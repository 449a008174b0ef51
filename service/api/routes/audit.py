"""The audit: who did what, and when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.access import Context, Engineer
from service.api.models.entries import Audit, AuditEntry
from service.api.problems import problems

router = APIRouter(tags=["audit"])


@router.get("/audit", summary="Read the audit", responses=problems(401, 403, 422))
async def read_audit(
    _caller: Engineer,
    context: Context,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, description="rows with a smaller id")] = None,
) -> Audit:
    """Log-ins, acknowledgements, entries and changes, the newest first; engineers and above."""
    found = await context.identity.audit(limit=limit, before=before)
    return Audit(audit=[AuditEntry.of(row) for row in found])
