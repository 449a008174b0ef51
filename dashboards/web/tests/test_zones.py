"""The pages tell the site's time, whatever zone the browser and the site stand in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from dashboards.web.tests.browsing import Mock, log_in
from tests.sites import ZONES

SHIFTS = ("Night", "Day", "Evening")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("of_browser", ["America/St_Johns", "Asia/Shanghai"])
def test_the_pages_tell_the_sites_time(
    browser: Browser, mock: Mock, zone: str, of_browser: str
) -> None:
    context = browser.new_context(locale="en-US", timezone_id=of_browser)
    page = context.new_page()
    stand_in(page, zone)
    log_in(page, mock, "operator")
    clock = page.get_by_test_id("plant-clock")
    expect(clock).to_have_attribute("title", re.compile(re.escape(zone)))
    shown = " ".join(clock.locator(f".clock-{part}").inner_text() for part in ("date", "time"))
    told = datetime.fromisoformat(shown).replace(tzinfo=ZoneInfo(zone))
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=10)
    shift = SHIFTS[told.hour // 8]
    expect(clock.locator(".clock-shift")).to_have_text(re.compile(shift, re.IGNORECASE))

    page.goto(f"{mock.url}/#/alarms")
    raised = page.get_by_test_id("alarm-row").first.locator("time").first
    instant = datetime.fromisoformat(raised.get_attribute("datetime") or "")
    assert f"{instant.astimezone(ZoneInfo(zone)):%H:%M:%S}" in raised.inner_text()
    assert f"{instant.astimezone(UTC):%H:%M:%S}" in (raised.get_attribute("title") or "")
    context.close()


def stand_in(page: Page, zone: str) -> None:
    """The site says that it stands in ``zone``."""

    def moved(route: Route) -> None:
        answer = route.fetch()
        body = answer.text()
        route.fulfill(response=answer, body=body.replace("Asia/Shanghai", zone))

    page.route("**/api/v1/session", moved)
