"""Past alarms and the alarm system's indicators in a real browser, over the mock service."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from dashboards.web.tests.browsing import Mock
from service.api.models.alarm_kpi import AlarmIndicators, AlarmKpiAnswer
from service.api.models.alarms import AlarmPage
from service.domain.alarm_targets import Indicator

PAST = 230
INDICATORS = 8


def open_tab(page: Page, name: str) -> None:
    page.get_by_test_id("nav-alarms").click()
    page.get_by_test_id(f"alarms-{name}").click()


def test_past_alarms_are_filtered_by_the_service(page: Page) -> None:
    open_tab(page, "history")
    rows = page.get_by_test_id("alarm-row")
    expect(rows).to_have_count(100)
    page.get_by_test_id("history-more").click()
    expect(rows).to_have_count(200)
    page.get_by_test_id("history-more").click()
    expect(rows).to_have_count(PAST + 6)
    expect(page.get_by_test_id("history-more")).to_have_count(0)

    page.get_by_test_id("history-priority").select_option("1")
    expect(rows).to_have_count(1 + 58)  # one that stands, and each fourth of those that were
    page.get_by_test_id("history-range").select_option("day")
    page.get_by_test_id("history-text").fill("vibration")
    expect(page).to_have_url(re.compile(r"priority=1.*text=vibration.*range=day"))
    assert 1 <= rows.count() < 10
    page.get_by_test_id("history-text").fill("nothing of the kind")
    expect(page.get_by_text("No alarm fits the filter.")).to_be_visible()

    page.reload()  # the address says it all
    expect(page.get_by_test_id("history-text")).to_have_value("nothing of the kind")
    expect(page.get_by_test_id("history-range")).to_have_value("day")
    page.get_by_test_id("history-clear").click()
    expect(rows).to_have_count(100)
    expect(page.get_by_test_id("history-text")).to_have_value("")


def test_the_export_is_of_the_alarms_that_are_shown(page: Page) -> None:
    open_tab(page, "history")
    page.get_by_test_id("history-stage").select_option("CB")
    page.get_by_test_id("history-range").select_option("between")
    page.get_by_test_id("history-from").fill("2026-01-01T08:00")
    link = page.get_by_test_id("history-export")
    expect(link).to_have_attribute(
        "href", "api/v1/alarms/history.csv?stage=CB&start=2026-01-01T00%3A00%3A00.000Z"
    )
    with page.expect_download() as waited:
        link.click()
    content = waited.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert "L07B 窑 12 区温度过低" in content.decode("utf-8-sig")


def test_indicators_have_a_word_for_each_judgement(page: Page) -> None:
    open_tab(page, "kpi")
    figures = page.locator(".kpi-figure")
    expect(figures).to_have_count(INDICATORS)
    words = {"good": "● good", "tolerable": "◐ tolerable", "bad": "▲ off target"}
    for figure in figures.all():
        level = figure.get_attribute("data-level") or ""
        expect(figure.locator(".judged")).to_have_text(words[level])
    rate = page.get_by_test_id("kpi-per_hour")
    expect(rate).to_contain_text("5.3 ● good")
    expect(rate).to_contain_text("target: up to 6, limit 12")
    expect(page.get_by_test_id("kpi-basis")).to_contain_text("watched 709.2 of 720.0 h")
    expect(page.get_by_test_id("kpi-basis")).to_contain_text("301 called nobody")
    expect(page.get_by_test_id("kpi-floods").locator("li")).to_have_count(2)
    expect(page.get_by_test_id("kpi-floods")).to_contain_text("to now: 22 alarms")
    bars = page.get_by_test_id("kpi-rates").locator(".rate")
    expect(bars).to_have_count(31)
    expect(bars.filter(has_text="40.0")).to_have_count(1)  # the day of which 60 % is not known

    page.get_by_test_id("kpi-position").select_option("furnaces")
    expect(rate).to_contain_text("7.4 ◐ tolerable")
    page.get_by_test_id("kpi-day").click()
    expect(page.get_by_test_id("kpi-rates")).to_contain_text("by shift")
    expect(page).to_have_url(re.compile("position=furnaces"))
    page.get_by_test_id("kpi-top").get_by_role("link").first.click()
    expect(page.get_by_test_id("history-text")).to_have_value("CR-L03-VT111.PV")
    expect(page.get_by_test_id("history-rule")).to_have_value("limit-h")


@pytest.mark.parametrize("tab", ["kpi", "history"])
@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1440, "light")])
def test_nothing_is_wider_than_the_screen(
    page: Page, mock: Mock, tab: str, width: int, theme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of the two
    open_tab(page, tab)
    shown = page.get_by_test_id("kpi-mix" if tab == "kpi" else "history-bar")
    for _ in range(2):
        expect(shown).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.get_by_test_id("lang-switch").click()


def test_the_mock_answers_as_the_service_does(page: Page, mock: Mock) -> None:
    start = round(time.time() * 1_000) - 7 * 86_400_000
    for query in (f"start={start}", f"start={start}&by=day", f"start={start}&by=shift"):
        answer = page.request.get(f"{mock.url}/api/v1/alarms/kpi?{query}").json()
        kpis = AlarmKpiAnswer.model_validate(answer)
        assert set(answer["periods"][0]["plant"]) == set(AlarmIndicators.model_fields)
        assert {one.indicator for one in kpis.targets} == set(Indicator)
    answer = page.request.get(f"{mock.url}/api/v1/alarms/history?limit=3").json()
    assert set(answer) == set(AlarmPage.model_fields)
