"""What to do about an alarm, and what belongs to it, in a real browser over the mock service."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

EXPLAINED = 12


def opened(page: Page, asset: str) -> Locator:
    """The details of the alarm of ``asset``."""
    page.get_by_test_id("nav-alarms").click()
    row = page.locator(f'[data-testid="alarm-row"][data-asset="{asset}"]')
    row.get_by_test_id("alarm-details").click()
    return page.locator(".details")


def test_an_alarm_says_what_to_do(page: Page) -> None:
    details = opened(page, "CB-L07B-TIC112.PV")
    guidance = details.get_by_test_id("alarm-guidance")
    expect(guidance).to_contain_text("What to do")
    expect(guidance).to_contain_text("stop the infeed if it keeps falling")
    expect(guidance).to_contain_text("within 10 min · Carbonization operator")
    expect(details.get_by_test_id("alarm-belonging")).to_have_count(0)
    page.get_by_test_id("lang-switch").click()
    expect(guidance).to_contain_text("处置指导")
    expect(guidance).to_contain_text("10 分钟内 · 炭化岗位操作工")


def test_an_alarm_shows_what_it_explains(page: Page) -> None:
    details = opened(page, "plant")
    expect(page.get_by_test_id("first-out")).to_have_text(f"first of {EXPLAINED + 1}")
    belonging = details.get_by_test_id("alarm-belonging")
    expect(belonging).to_contain_text(f"Belonging to it: {EXPLAINED}")
    expect(belonging.locator("li")).to_have_count(EXPLAINED)
    expect(belonging.locator("li").first).to_contain_text("Inhibited by another")


def test_an_alarm_without_guidance_says_nothing_of_it(page: Page) -> None:
    details = opened(page, "CR-L03-PDT120.PV")
    expect(details.get_by_test_id("alarm-explained")).to_be_visible()
    expect(details.get_by_test_id("alarm-guidance")).to_have_count(0)


def test_rules_show_what_one_on_trial_would_have_told(page: Page) -> None:
    page.get_by_test_id("nav-alarms").click()
    page.get_by_test_id("alarms-rules").click()
    expect(page.get_by_test_id("rule-row")).to_have_count(4)
    trial = page.locator('[data-rule="screen-blind"]')
    expect(trial).to_contain_text("0 told")
    expect(trial).to_contain_text("Rule on trial 41")
    expect(trial).to_contain_text("most: screen-blind:SC-L02-WT502.PV, 38×")
    expect(trial).to_contain_text("no guidance yet")
    expect(page.locator('[data-rule="limit-ll"]')).to_contain_text("Chattering 2")
    expect(page.locator('[data-rule="limit-ll"]')).not_to_contain_text("no guidance yet")
    page.get_by_test_id("rules-month").click()
    expect(page.get_by_test_id("rules-month")).to_have_attribute("aria-pressed", "true")
    page.set_viewport_size({"width": 360, "height": 800})
    wider = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wider
