"""Shift reports: the list, and each as JSON, as a page and as PDF."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from service.api.access import Context, at_least
from service.api.models.report import ReportItem, ReportList, ShiftReport
from service.api.models.report_of import report_of
from service.api.problems import problems
from service.api.report.page import report_html
from service.api.report.pdf import CannotPrint, report_pdf
from service.domain.language import Language
from service.domain.report import content
from service.runtime.identity import Role

router = APIRouter(tags=["reports"], dependencies=[Depends(at_least(Role.VIEWER))])

Shift = Annotated[
    str,
    InPath(
        max_length=60,
        description="production day and shift, or current or last",
        examples=["2026-03-01-A"],
    ),
]
Revision = Annotated[
    int | None, Query(ge=1, le=1_000_000, description="as it was reported then; else the newest")
]
Lang = Annotated[Language, Query(description="of the page")]


@router.get("/reports", summary="List shift reports", responses=problems(401, 422))
async def list_reports(
    context: Context,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> ReportList:
    """Kept reports with their newest revision, the newest shift first."""
    cards = await context.reports.cards(limit=limit, offset=offset)
    return ReportList(
        current=context.reports.current(), reports=[ReportItem.of(card) for card in cards]
    )


@router.get(
    "/reports/{shift}.html",
    summary="One shift report as a page",
    response_class=HTMLResponse,
    responses=problems(401, 404, 422),
)
async def read_page(
    shift: Shift, context: Context, lang: Lang = Language.EN, revision: Revision = None
) -> HTMLResponse:
    """A page that needs nothing else and prints on two sheets of A4."""
    return HTMLResponse(await _page(await context.reports.report(shift, revision), lang))


@router.get(
    "/reports/{shift}.pdf",
    summary="One shift report as PDF",
    response_class=Response,
    responses={
        200: {
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
            "description": "Two sheets of A4",
        },
        **problems(401, 404, 422, 501),
    },
)
async def read_pdf(
    request: Request,
    shift: Shift,
    context: Context,
    lang: Lang = Language.EN,
    revision: Revision = None,
) -> Response:
    """The same page as PDF; 501 names the library or font that this machine lacks."""
    report = await context.reports.report(shift, revision)
    try:
        page = await _page(report, lang)
        printing: asyncio.Semaphore = request.app.state.printing
        async with printing:
            pdf = await report_pdf(page)
    except CannotPrint as error:
        raise HTTPException(501, str(error)) from error
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in report.shift)
    named = f'inline; filename="shift-report-{name}-{lang}.pdf"'
    return Response(pdf, media_type="application/pdf", headers={"Content-Disposition": named})


@router.get("/reports/{shift}", summary="One shift report", responses=problems(401, 404, 422))
async def read_report(shift: Shift, context: Context, revision: Revision = None) -> ShiftReport:
    """What one shift made, lost and was told, against plan. A report that is kept never changes;
    what was learnt later makes a new revision."""
    return report_of(await context.reports.report(shift, revision))


async def _page(report: content.ShiftReport, language: Language) -> str:
    return await asyncio.to_thread(report_html, report, language)
