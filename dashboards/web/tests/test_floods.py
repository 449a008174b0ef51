"""An alarm flood in a real browser: it is said on every page, and alarms are arranged by cause."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from dashboards.web.tests.browsing import Mock


@pytest.fixture
def flooded(page: Page, mock: Mock) -> Page:
    """A page while a flood lasts."""
    mock.change('{"flood": true}')
    expect(page.get_by_test_id("flood-banner")).to_be_visible()
    return page


def test_a_flood_is_said_on_every_page_until_it_is_over(flooded: Page, mock: Mock) -> None:
    banner = flooded.get_by_test_id("flood-banner")
    expect(flooded.get_by_test_id("flood-furnaces")).to_contain_text("24 alarms")
    expect(flooded.get_by_test_id("flood-mill")).to_have_count(0)
    flooded.get_by_test_id("nav-losses").click()
    expect(banner).to_be_visible()
    mock.change('{"flood": false}')
    expect(banner).to_have_count(0)


def test_a_flood_is_arranged_by_cause_and_can_be_taken_apart(flooded: Page) -> None:
    flooded.get_by_test_id("nav-alarms").click()
    rows = flooded.get_by_test_id("alarm-row")
    expect(rows.filter(has_text="circulation blower tripped")).to_have_count(1)
    expect(rows).to_have_count(8)  # two causes, and what stands besides
    others = flooded.get_by_test_id("root-others")
    expect(others).to_have_count(2)
    expect(others.first).to_contain_text("19 more alarms")
    others.first.click()
    expect(rows).to_have_count(8 + 19)
    expect(rows.nth(2)).to_contain_text("nitrogen flow")  # under what it follows from
    flooded.get_by_test_id("arrange-single").click()
    expect(rows).to_have_count(30)
    flooded.get_by_test_id("lang-switch").click()
    expect(flooded.get_by_test_id("arrange-root")).to_have_text("按起因")


def test_without_a_flood_alarms_stand_one_by_one_until_somebody_wants_otherwise(page: Page) -> None:
    expect(page.get_by_test_id("flood-banner")).to_have_count(0)
    page.get_by_test_id("nav-alarms").click()
    single = page.get_by_test_id("arrange-single")
    expect(single).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("arrange-root").click()
    expect(single).to_have_attribute("aria-pressed", "false")
