"""The built pages in a real browser, over the mock service: what they say, and when.

Run with ``python -m pytest dashboards/web/tests``. Needs a Chromium and the dashboard's packages.
"""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dashboards.web.tests.browsing import Mock, log_in

STAGES = ["CR", "GR", "CT", "CB", "GZ", "SC", "DM", "PK"]


def row_of(page: Page, asset: str) -> Locator:
    return page.get_by_test_id("alarm-row").filter(has_text=asset)


def test_log_in_says_why_not(browser: Browser, mock: Mock) -> None:
    page = browser.new_page(locale="en-US")
    page.goto(mock.url)
    problem = page.get_by_test_id("login-error")
    page.get_by_test_id("login-submit").click()
    expect(problem).to_have_text("Enter your name and your password.")
    page.get_by_test_id("login-name").fill("operator")
    page.get_by_test_id("login-password").fill("wrong")
    page.get_by_test_id("login-submit").click()
    expect(problem).to_have_text("Name or password is wrong.")
    page.get_by_test_id("lang-switch").click()
    expect(problem).to_have_text("用户名或密码错误。")
    page.close()


def test_line_shows_unknown_as_unknown_and_old_as_old(page: Page) -> None:
    for stage in STAGES:
        expect(page.get_by_test_id(f"stage-{stage}")).to_be_visible()
    expect(page.get_by_test_id("stage-CR-rate")).to_have_text(re.compile(r"^\d+\.\d\d\st/h$"))
    unknown = page.get_by_test_id("stage-GR")
    expect(unknown).to_have_attribute("data-stale", "true")
    expect(page.get_by_test_id("stage-GR-rate")).to_have_text("— t/h")
    expect(page.get_by_test_id("stage-GR-stale")).to_have_text(re.compile(r"stale \d min"))
    expect(unknown.locator("tr[data-window=shift] .unknown-cell")).to_have_text(
        re.compile(r"[1-9]\d* (s|min|h)")  # the shift may have just begun
    )
    expect(page.get_by_test_id("stage-CB")).to_contain_text("Below required")
    expect(page.get_by_test_id("stage-CB-alarms")).to_contain_text("Critical")
    before = page.get_by_test_id("stage-CR-rate").inner_text()
    expect(page.get_by_test_id("stage-CR-rate")).not_to_have_text(before, timeout=20_000)


def test_the_forecast_says_how_sure_it_is_and_why_it_changed(page: Page, mock: Mock) -> None:
    month = page.get_by_test_id("forecast-month")
    expect(month).to_contain_text("6,121 t")
    expect(month.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile(r"^Middle 6,121\st; 50 %: .* 80 %: .* 90 %: .*; plan 6,363\st$")
    )
    expect(month.locator(".chance")).to_have_text("Chance of the plan 3 %")
    expect(month.locator(".chance")).to_have_class("chance hardly")
    expect(month.get_by_test_id("forecast-change")).to_have_text(
        re.compile(r"^Since yesterday −61\.1\st.*made −41\.2\st.*availability −18\.6\st")
    )
    bands = [month.locator(f".band-{share}").bounding_box() for share in (50, 80, 90)]
    widths = [box["width"] for box in bands if box is not None]
    assert widths == sorted(widths)
    assert len(widths) == 3
    expect(page.get_by_test_id("forecast-year")).to_contain_text("cannot be forecast")
    expect(page.get_by_test_id("forecast-shift").get_by_test_id("forecast-change")).to_have_count(0)


def test_an_alarm_is_acknowledged_by_somebody(page: Page) -> None:
    page.get_by_test_id("nav-alarms").click()
    row = row_of(page, "CB-L07B-TIC112.PV")
    expect(row).to_have_attribute("data-state", "unacknowledged")
    row.get_by_test_id("ack-button").click()
    expect(row).to_have_attribute("data-state", "acknowledged")
    expect(row.get_by_test_id("ack-by")).to_contain_text("operator")
    expect(row.get_by_test_id("ack-button")).to_have_count(0)
    returned = row_of(page, "AT120")
    returned.get_by_test_id("alarm-details").click()
    comment = page.get_by_placeholder("Comment (optional)")
    comment.fill("seen at the kiln")
    comment.locator("..").get_by_test_id("ack-button").click()
    expect(returned).to_have_count(0)
    page.get_by_test_id("alarms-history").click()
    expect(row_of(page, "AT120").get_by_test_id("ack-by")).to_have_attribute(
        "title", "seen at the kiln"
    )


def test_what_no_tag_tells_is_entered_and_cancelled(page: Page) -> None:
    page.get_by_test_id("nav-entries").click()
    rows = page.get_by_test_id("entry-row")
    expect(rows).to_have_count(6)
    expect(page.get_by_test_id("lots")).to_contain_text("On quality hold: 5 bags")
    kinds = page.get_by_test_id("entry-kind")
    expect(kinds.locator("option")).to_have_count(6)  # engineers correct meters, operators don't
    kinds.select_option("weighbridge")
    subjects = page.get_by_test_id("entry-subject").locator("option")
    expect(subjects.first).to_have_text(re.compile("^GZ-"))
    page.get_by_test_id("entry-save").click()
    expect(page.get_by_test_id("entry-said")).to_contain_text("Fill in every field")
    page.get_by_test_id("entry-amount").fill("52,140")
    page.get_by_test_id("entry-reason").fill("ticket 4712")
    page.get_by_test_id("entry-save").click()
    expect(page.get_by_test_id("entry-said")).to_have_text("Entered.")
    expect(rows).to_have_count(7)
    first = rows.first
    expect(first).to_contain_text("52,140 kg")
    expect(first).to_contain_text("operator")
    first.get_by_test_id("entry-cancel").click()
    expect(first.get_by_test_id("entry-cancel-do")).to_be_disabled()
    first.get_by_test_id("entry-cancel-why").fill("wrong furnace")
    first.get_by_test_id("entry-cancel-do").click()
    expect(first.get_by_test_id("entry-gone")).to_contain_text("operator")
    expect(first.get_by_test_id("entry-gone")).to_contain_text("wrong furnace")


def test_a_refused_entry_says_why_and_keeps_what_was_written(page: Page) -> None:
    page.get_by_test_id("nav-entries").click()
    page.get_by_test_id("entry-start").fill("2199-01-01T00:00")
    page.get_by_test_id("entry-reason").fill("kiln stops")
    page.get_by_test_id("entry-save").click()
    expect(page.get_by_test_id("entry-said")).to_contain_text("has not come yet")
    expect(page.get_by_test_id("entry-reason")).to_have_value("kiln stops")


def test_a_downtime_is_tried_before_it_is_planned(browser: Browser, mock: Mock) -> None:
    page = browser.new_page(locale="en-US", viewport={"width": 1440, "height": 900})
    log_in(page, mock, "engineer")
    page.get_by_test_id("nav-calendar").click()
    rows = page.get_by_test_id("downtime-row")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("7 d")
    expect(page.get_by_test_id("downtime-remove")).to_have_count(2)  # the past stays
    page.get_by_test_id("downtime-add").click()
    page.get_by_test_id("change-save").click()
    expect(page.get_by_test_id("change-form")).to_contain_text("Fill in every field")
    page.get_by_test_id("change-start").fill("2198-07-06")
    page.get_by_test_id("change-end").fill("2198-07-27")
    page.get_by_test_id("change-name").fill("Overhaul")
    page.get_by_test_id("change-why").fill("rollers are worn")
    page.get_by_test_id("change-preview").click()
    meaning = page.get_by_test_id("meaning")
    expect(meaning).to_contain_text("more than its units can do")
    expect(rows).to_have_count(3)
    page.get_by_test_id("change-save").click()
    expect(rows).to_have_count(4)
    expect(page.get_by_test_id("calendar-said")).to_contain_text("version 2")
    expect(page.get_by_test_id("plan-version").first).to_contain_text("rollers are worn")
    rows.last.get_by_test_id("downtime-remove").click()
    page.get_by_test_id("change-why").fill("put off")
    page.get_by_test_id("change-save").click()
    expect(rows).to_have_count(3)
    page.close()


def test_viewers_look_but_do_not_enter_or_plan(browser: Browser, mock: Mock) -> None:
    page = browser.new_page(locale="en-US")
    log_in(page, mock, "viewer")
    page.get_by_test_id("nav-entries").click()
    expect(page.get_by_test_id("entry-row")).to_have_count(6)
    expect(page.get_by_test_id("entry-form")).to_have_count(0)
    expect(page.get_by_test_id("entry-cancel")).to_have_count(0)
    page.get_by_test_id("nav-calendar").click()
    expect(page.get_by_test_id("downtime-row")).to_have_count(3)
    expect(page.get_by_test_id("downtime-add")).to_have_count(0)
    page.close()


def test_viewers_look_but_do_not_acknowledge(browser: Browser, mock: Mock) -> None:
    page = browser.new_page(locale="en-US")
    log_in(page, mock, "viewer")
    expect(page.get_by_test_id("alarm-count-1")).to_contain_text("1")
    expect(page.get_by_test_id("ack-button")).to_have_count(0)
    page.close()


def test_trends_are_picked_zoomed_and_shared(page: Page) -> None:
    page.get_by_test_id("nav-trends").click()
    page.get_by_test_id("trend-search").fill("L07B zone 12")
    expect(page.get_by_test_id("trend-found").first).to_contain_text("CB-L07B-TIC112.PV")
    page.get_by_test_id("trend-search").press("Enter")
    page.get_by_test_id("trend-search").press("ArrowDown")
    page.get_by_test_id("trend-search").press("Enter")
    page.get_by_test_id("trend-search").press("Escape")
    expect(page).to_have_url(re.compile(r"tags=CB-L07B-TIC112\.PV,CB-L07B-TIC112\.OP&range=1h"))
    expect(page.get_by_test_id("readout-CB-L07B-TIC112.PV")).to_have_text(re.compile("°C"))
    chart = page.get_by_test_id("trend-chart")
    expect(chart.locator("canvas")).to_have_count(1)
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 500, box["y"] + 100)
    expect(page.get_by_test_id("trend-readout")).to_contain_text("At ")
    page.mouse.down()
    page.mouse.move(box["x"] + 800, box["y"] + 100, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"from=\d+&to=\d+"))
    expect(page.get_by_test_id("trend-live")).to_have_text("")
    page.get_by_test_id("trend-back").click()
    expect(page).to_have_url(re.compile("range=1h"))
    expect(page.get_by_test_id("trend-live")).to_contain_text("Live")
    shared = page.url
    page.get_by_test_id("nav-line").click()
    page.goto(shared)
    expect(page.get_by_test_id("readout-CB-L07B-TIC112.OP")).to_have_text(re.compile("%"))


def test_reports_are_opened_in_the_language_of_the_page(page: Page) -> None:
    page.get_by_test_id("nav-reports").click()
    expect(page.get_by_test_id("report-current")).to_contain_text("so far")
    rows = page.get_by_test_id("report-row")
    expect(rows).to_have_count(50)
    expect(rows.nth(0)).to_contain_text("provisional")
    expect(rows.nth(1)).to_contain_text("revision 2")
    expect(rows.nth(2)).to_contain_text("—\u00a0t of 70.7\u00a0t due (—)")
    page.get_by_text("Earlier reports").click()
    expect(rows).to_have_count(60)
    page.get_by_test_id("lang-switch").click()
    expect(rows.nth(0)).to_contain_text("暂定")
    with page.context.expect_page() as opened:
        rows.nth(1).get_by_test_id("report-open").click()
    expect(opened.value.get_by_role("heading")).to_have_text("班次报告")


def test_a_silent_service_is_plain_within_5_s(page: Page, mock: Mock) -> None:
    expect(page.get_by_test_id("connection-state")).to_have_text(re.compile("Connected"))
    mock.change('{"silent": true}')
    began_s = time.monotonic()
    lost = page.get_by_test_id("connection-lost")
    expect(lost).to_have_text(
        re.compile(r"CONNECTION LOST since \d\d:\d\d:\d\d – values below are old"), timeout=8_000
    )
    assert time.monotonic() - began_s < 5.0
    expect(page.locator("main")).to_have_class("lost")
    mock.change('{"silent": false}')
    expect(lost).to_have_count(0, timeout=20_000)


@pytest.mark.parametrize("width", [360, 1024, 1280, 2560])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_nothing_sticks_out(browser: Browser, mock: Mock, width: int, locale: str) -> None:
    page = browser.new_page(locale=locale, viewport={"width": width, "height": 900})
    log_in(page, mock, "engineer")
    trends = "#/trends?tags=CB-L07B-TIC112.PV,CB-L07B-FIC122.PV,CB-L07B-PT121.PV"
    pages = [
        "#/line",
        "#/alarms",
        "#/alarms?tab=held",
        "#/alarms?tab=history",
        "#/entries",
        "#/calendar",
    ]
    pages += ["#/reports", trends]
    for where in pages:
        page.goto(mock.url + where)
        expect(page.locator(".waiting")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, where
    page.close()


def test_api_documentation_needs_no_internet(page: Page, mock: Mock) -> None:
    foreign: list[str] = []
    page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith(mock.url) else None)
    page.goto(f"{mock.url}/api/docs")
    expect(page.get_by_text("/openapi.json")).to_be_visible()
    assert not [url for url in foreign if not url.startswith("data:")]


def test_losses_tell_why_and_operators_say_it(page: Page) -> None:
    page.get_by_test_id("nav-losses").click()
    first = page.get_by_test_id("losses-by-reason").locator("li").first
    expect(first).to_have_text(re.compile(r"^Packaging · Not yet explained UN\s*19\.6\st$"))
    expect(page.get_by_test_id("kpi-CB")).to_have_text(re.compile(r"97\.0\s%.*662\sh.*10\.0\sh"))
    unseen = page.get_by_test_id("loss-event").filter(has_text="GR-K12")
    expect(unseen).to_contain_text("— t")  # what nobody saw is no loss, and not zero
    stopped = page.get_by_test_id("loss-event").filter(has_text="PK-P1")
    expect(stopped).to_contain_text("goes on")
    stopped.get_by_test_id("loss-reason").select_option("LG-bag")
    expect(stopped).to_contain_text("operator,")
    expect(page.locator("[data-reason=LG-bag]")).to_contain_text("4.9 t")
    page.get_by_test_id("lang-switch").click()
    expect(page.get_by_test_id("losses-by-reason")).to_contain_text("缺吨袋")


def test_work_in_progress_is_unknown_until_it_was_counted(page: Page) -> None:
    page.get_by_test_id("nav-losses").click()
    row = page.get_by_test_id("wip-GZ")
    expect(row).to_contain_text("5,060")
    expect(row).to_contain_text("± 21.4")
    expect(row).to_contain_text("22 d")
    expect(page.get_by_test_id("wip-PK")).to_contain_text("no stock-taking entered")
    expect(page.get_by_test_id("wip-PK")).not_to_contain_text("0.0")
    expect(page.get_by_test_id("wip-total")).to_contain_text("without a stock-taking of Packaging")
    page.get_by_test_id("nav-entries").click()
    page.get_by_test_id("entry-kind").select_option("stock")
    expect(page.get_by_test_id("entry-subject").locator("option")).to_have_count(len(STAGES) - 1)


def test_an_alarms_details_say_what_lies_behind_it(page: Page) -> None:
    page.get_by_test_id("nav-alarms").click()
    row = page.locator("[data-alarm-id^=hour-low]")
    row.get_by_test_id("alarm-details").click()
    told = page.get_by_test_id("alarm-explained")
    expect(told).to_contain_text("CB-L07B stopped since")
    expect(told).to_contain_text("Kiln L07B oxygen high")
    page.get_by_test_id("lang-switch").click()
    expect(told).to_contain_text("起因在炭化")
