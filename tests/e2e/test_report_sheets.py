"""The fullest report on paper: two sheets of A4, nothing cut off, in both languages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pypdfium2
import pytest
from playwright.sync_api import Browser, sync_playwright

from service.api.report.page import report_html
from service.api.report.pdf import report_pdf
from service.api.report.words import WORDS
from service.domain.language import Language
from tests.sample_reports import full_report, plain_report

A4_PT = (595.3, 841.9)
MM_PT = 72 / 25.4
MARGIN_MM = 11.5  # left and right; the foot stands in the lower margin
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

CUT_OFF = """() => [...document.querySelectorAll("td, th, p, h1, h2, li, section, table")]
    .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 3)
    .map(e => `${e.tagName} ${e.textContent.trim().slice(0, 60)}`)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    installed = next(filter(None, map(shutil.which, ["chromium", "google-chrome"])), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed, args=FLAGS)
        yield browser
        browser.close()


def outside(pdf: bytes) -> list[str]:
    """Characters of ``pdf`` that stand in the margins or beyond the sheet."""
    found = []
    for page in pypdfium2.PdfDocument(pdf):
        assert page.get_size() == pytest.approx(A4_PT, abs=1.0)
        text = page.get_textpage()
        for at in range(text.count_chars()):
            left, bottom, right, top = text.get_charbox(at)
            if right - left > 0.1 and not (  # line breaks have no box
                left >= MARGIN_MM * MM_PT
                and right <= A4_PT[0] - MARGIN_MM * MM_PT
                and bottom >= 4 * MM_PT
                and top <= A4_PT[1] - 8 * MM_PT
            ):
                found.append(text.get_text_range(at, 1))
    return found


def text_of(pdf: bytes) -> str:
    pages = pypdfium2.PdfDocument(pdf)
    return re.sub(r"\s+", " ", " ".join(p.get_textpage().get_text_range() for p in pages))


def check_sheets(pdf: bytes, language: Language) -> None:
    assert len(pypdfium2.PdfDocument(pdf)) == 2
    assert outside(pdf) == []
    text, words = text_of(pdf), WORDS[language]
    for heading in ("title", "stages", "losses", "largest", "kpis", "alarms", "forecast", "notes"):
        assert words[heading] in text
    for hidden in ("32", "34"):  # of 40 losses and events
        assert words["more"].format(n=hidden) in text
    assert len(re.findall(r"CB-L\d\dB-TIC112", text)) >= 10
    assert re.search(words["more"].format(n=r"1,0[45]\d"), text)  # of 1,060 alarms
    mix = {"critical": "1 %", "high": "5 %", "medium": "19 %", "low": "75 %"}
    assert words["load_mix"].format(**mix) in text
    assert text.count("99×") == 10  # the most frequent


@pytest.mark.parametrize("language", list(Language))
async def test_the_pdf_has_two_sheets(language: Language) -> None:
    check_sheets(await report_pdf(report_html(full_report(), language)), language)


@pytest.mark.parametrize("language", list(Language))
def test_a_browser_prints_two_sheets(browser: Browser, language: Language) -> None:
    html = report_html(full_report(), language)
    page = browser.new_page(viewport={"width": 794 - 91, "height": 1123})
    page.set_content(html)
    page.emulate_media(media="print")
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    check_sheets(page.pdf(prefer_css_page_size=True), language)
    page.close()


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_screen_it_is_paper_too(
    browser: Browser, language: Language, width: int, theme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]  # one of the two
    page.set_content(report_html(plain_report(), language))
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator("html").get_attribute("lang") == ("en" if language == "en" else "zh-CN")
    page.close()
