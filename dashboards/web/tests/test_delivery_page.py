"""Who was told, in a real browser, over the mock service."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect


def test_destinations_that_are_down_are_named_on_every_page(page: Page) -> None:
    expect(page.get_by_test_id("delivery-trouble")).to_contain_text("foremen, old-pager")
    page.get_by_test_id("delivery-trouble").click()
    down = page.get_by_test_id("destination-foremen")
    expect(down).to_have_attribute("data-state", "open")
    expect(down).to_contain_text("23 failed attempts in a row")
    expect(down).to_contain_text("ConnectTimeout")
    expect(page.get_by_test_id("destination-maintenance")).to_contain_text("Takes messages")


def test_a_test_message_tells_the_answer_and_is_in_the_log(page: Page) -> None:
    page.get_by_test_id("nav-deliveries").click()
    page.get_by_label("Send a test message to maintenance").click()
    expect(page.get_by_test_id("said-maintenance")).to_contain_text('{"errcode":0,"errmsg":"ok"}')
    expect(page.get_by_test_id("delivery-log")).to_contain_text("Test message")
    page.get_by_label("Send a test message to old-pager").click()
    expect(page.get_by_test_id("said-old-pager")).to_contain_text("Gone")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_preview_shows_what_would_be_told(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_test_id("nav-deliveries").click()
    preview = page.get_by_test_id("preview-control-room")
    preview.get_by_text("Preview").click()
    expect(preview.locator("pre")).to_contain_text("!! 2 高 · raised：CB-L07B")
    preview.get_by_label("Message").select_option("digest")
    expect(preview.locator("pre")).to_contain_text("!! 2 高 · digest：CB-L07B")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dead_letters_are_tried_anew_one_by_one_or_put_aside(page: Page) -> None:
    page.get_by_test_id("nav-deliveries").click()
    page.get_by_test_id("delivery-state").select_option("dead")
    rows = page.get_by_test_id("delivery-row")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button", name="Attempts").click()
    expect(page.get_by_test_id("deliveries")).to_contain_text("HTTP 410")
    rows.first.get_by_role("button", name="Try anew").click()
    expect(page.get_by_test_id("deliveries-said")).to_contain_text("1 dead letter is tried anew")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Put all aside").click()
    page.get_by_role("button", name="Yes").click()
    expect(rows).to_have_count(0)
    page.get_by_test_id("delivery-state").select_option("dismissed")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Put aside")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_its_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_test_id("nav-deliveries").click()
    expect(page.get_by_test_id("delivery-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
