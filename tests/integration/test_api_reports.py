"""Shift reports through the API: the list, JSON, the page and the PDF say the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest

from service.api.report.pdf import report_pdf
from service.runtime.identity import Role
from tests.api_app import Api, open_api
from tests.sample_reports import full_report, plain_report

LANGUAGES = ("en", "zh")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        yield opened


@pytest.fixture
async def client(api: Api) -> httpx.AsyncClient:
    return await api.logged_in(Role.VIEWER)


async def keep(api: Api, *reports: Any) -> str:
    for report in reports:
        await api.context.reports._store.keep(report)
    return str(reports[-1].shift)


def pdf_text(pdf: bytes) -> tuple[int, str]:
    """Pages, and all their text without line breaks and kinds of spaces."""
    document = pypdfium2.PdfDocument(pdf)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    return len(document), re.sub(r"\s+", " ", text)


def printed(value: float | None, digits: int = 1) -> str:
    return "—" if value is None else f"{value:,.{digits}f}".replace("-", "−")


async def test_only_those_who_are_known_read_reports(api: Api) -> None:
    for path in ("reports", "reports/last", "reports/last.html", "reports/last.pdf"):
        assert (await api.client().get(f"/api/v1/{path}")).status_code == 401


async def test_the_list_has_the_newest_revision(api: Api, client: httpx.AsyncClient) -> None:
    shift = await keep(api, plain_report(), full_report())
    said = (await client.get("/api/v1/reports")).json()
    (item,) = said["reports"]
    assert (item["shift"], item["revision"], item["final"]) == (shift, 3, True)
    report = (await client.get(f"/api/v1/reports/{shift}")).json()
    assert item["actual_t"] == report["plant"]["shift"]["actual_t"]
    first = (await client.get(f"/api/v1/reports/{shift}?revision=1")).json()
    assert (first["revision"], first["changes"]) == (1, [])
    assert first["losses"] == {"not_available": "not_kept"}


@pytest.mark.parametrize("kind", ["json", "html", "pdf"])
async def test_what_is_not_there_is_404(api: Api, client: httpx.AsyncClient, kind: str) -> None:
    suffix = "" if kind == "json" else f".{kind}"
    answer = await client.get(f"/api/v1/reports/2026-03-10-Z{suffix}")
    assert answer.status_code == 404
    assert "there is no shift '2026-03-10-Z'" in answer.json()["detail"]


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_page_and_pdf_have_the_numbers_of_the_json(
    api: Api, client: httpx.AsyncClient, lang: str
) -> None:
    shift = await keep(api, full_report(alarms=5, losses=5, notes=2))
    report = (await client.get(f"/api/v1/reports/{shift}")).json()
    page = await client.get(f"/api/v1/reports/{shift}.html?lang={lang}")
    pdf = await client.get(f"/api/v1/reports/{shift}.pdf?lang={lang}")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert pdf.headers["content-type"] == "application/pdf"
    assert f"{shift}-{lang}.pdf" in pdf.headers["content-disposition"]
    pages, in_pdf = pdf_text(pdf.content)
    assert pages <= 2
    in_page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
    for text in (in_pdf, in_page):
        for stage in report["stages"]:
            row = " ".join(
                (
                    f"{stage['id']} {stage['names'][lang]}",
                    printed(stage["shift"]["actual_t"]),
                    printed(stage["shift"]["plan_t"]),
                    printed(stage["shift"]["deviation_t"]),
                )
            )
            assert row in text
            assert printed(stage["month"]["actual_t"]) in text
        for figures in ("shift", "day", "month", "year"):
            assert printed(report["plant"][figures]["actual_t"]) in text
        for loss in report["losses"]["by_reason"]:
            assert f"{printed(loss['lost_t'])} {printed(loss['finished_t'])}" in text
        load = report["alarms"]["load"]
        assert (load["calls"], load["quiet"], load["known_h"]) == (1060, 345, 7.9)
        assert load["mix"] == {"critical": 10, "high": 50, "medium": 200, "low": 800}
        assert len(load["frequent"]) == 10
        assert load["figures"][0] == {"indicator": "per_hour", "value": 67.1, "level": "bad"}
        for alarm in report["alarms"]["alarms"]:
            assert alarm["asset"][:16] in text
        for one in report["forecast"]["outlooks"]:
            assert f"{printed(one['low_t'])} – {printed(one['high_t'])}" in text
        assert ("Shift report" if lang == "en" else "班次报告") in text
        for note in report["notes"]["notes"]:
            assert note["by"][:12] in text


async def test_a_page_needs_nothing_else_and_runs_nothing(
    api: Api, client: httpx.AsyncClient
) -> None:
    shift = await keep(api, full_report())
    text = (await client.get(f"/api/v1/reports/{shift}.html")).text
    assert not re.search(r"<(script|link|img|iframe|object)|@import|url\(|javascript:", text)
    assert not re.findall(r'(?:src|href)="', text)


async def test_what_people_wrote_is_text_and_not_markup(
    api: Api, client: httpx.AsyncClient
) -> None:
    made = full_report(notes=1)
    note = made.notes.lines[0]  # type: ignore[union-attr]  # full reports have notes
    evil = replace(note, text="<b>x</b> & </style><script>alert(1)</script>", by='"><i>')
    notes = replace(made.notes, lines=(evil,), total=1)
    shift = await keep(api, replace(made, notes=notes))
    text = (await client.get(f"/api/v1/reports/{shift}.html")).text
    assert "<script" not in text
    assert "&lt;b&gt;x&lt;/b&gt; &amp; &lt;/style&gt;" in text


@pytest.mark.parametrize(
    ("fonts", "said"), [("dejavu", "font with Chinese characters"), ("", "no font at all")]
)
async def test_a_machine_without_a_chinese_font_says_what_to_install(
    api: Api,
    client: httpx.AsyncClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fonts: str,
    said: str,
) -> None:
    folder = tmp_path / "fonts"
    folder.mkdir()
    latin = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    if fonts:
        assert latin.exists(), "deploy/install-test-tools brings it"
        (folder / latin.name).symlink_to(latin)
    (tmp_path / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>'
        f"<dir>{folder}</dir><cachedir>{tmp_path}</cachedir></fontconfig>"
    )
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    shift = await keep(api, plain_report())
    answer = await client.get(f"/api/v1/reports/{shift}.pdf?lang=zh")
    assert answer.status_code == 501
    assert said in answer.json()["detail"]
    assert "fonts-noto-cjk" in answer.json()["detail"]
    assert (await client.get(f"/api/v1/reports/{shift}.html?lang=zh")).status_code == 200


async def test_a_report_fetches_nothing() -> None:
    pages, text = pdf_text(
        await report_pdf('<p>here</p><img src="file:///etc/hostname" alt="no picture">')
    )
    assert (pages, text.strip()) == (1, "here no picture")
