"""What people do to alarms on the page, and the list of those about which nobody is called."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect

from dashboards.web.tests.browsing import Mock, log_in


def details_of(page: Page, rule: str) -> Locator:
    """Opens an active alarm and returns what is said and done there."""
    page.get_by_test_id("nav-alarms").click()
    page.locator(f"[data-alarm-id^={rule}]").get_by_test_id("alarm-details").click()
    return page.get_by_test_id("alarm-actions")


def test_an_alarm_is_shelved_with_a_reason_and_let_out_again(page: Page) -> None:
    actions = details_of(page, "hour-low")
    actions.get_by_test_id("alarm-shelve").click()
    choices = actions.get_by_test_id("shelve-minutes").locator("option")
    expect(choices.last).to_have_text("8 h")  # an operator's shift, and no longer
    expect(actions.get_by_test_id("deed-do")).to_be_disabled()
    actions.get_by_test_id("shelve-minutes").select_option("240")
    actions.get_by_test_id("deed-reason").fill("belt scale is being calibrated")
    actions.get_by_test_id("deed-do").click()
    expect(page.locator("[data-alarm-id^=hour-low]")).to_have_count(
        0
    )  # it has to be dealt with no more

    page.get_by_test_id("alarms-held").click()
    row = page.locator("[data-definition='hour-low:CB']")
    expect(row.get_by_test_id("holds")).to_contain_text("Shelved until")
    expect(row.get_by_test_id("holds")).to_contain_text("operator")
    expect(row.get_by_test_id("holds")).to_contain_text("belt scale is being calibrated")
    row.get_by_test_id("held-details").click()
    row.get_by_test_id("alarm-unshelve").click()
    expect(row.get_by_test_id("holds")).to_have_count(0)
    page.get_by_test_id("alarms-active").click()
    expect(page.locator("[data-alarm-id^=hour-low]")).to_have_count(1)


def test_the_held_say_who_until_when_and_why(page: Page) -> None:
    page.get_by_test_id("nav-alarms").click()
    page.get_by_test_id("alarms-held").click()
    expect(page.get_by_test_id("alarms-held")).to_have_text("Held (3)")
    rows = page.get_by_test_id("held-row")
    expect(rows).to_have_count(3)
    out = rows.filter(has_text="CB-L11B-TIC108.PV")
    expect(out).to_contain_text("zhang.min")
    expect(out).to_contain_text("spare part ordered")
    expect(rows.filter(has_text="GZ-G3-JT401.PV")).to_contain_text("the plant's state")
    out.get_by_test_id("held-details").click()
    expect(out.locator(".steps")).to_contain_text("Taken out of service · zhang.min")
    expect(out.get_by_test_id("alarm-return-to-service")).to_have_count(0)  # an engineer's business
    page.get_by_test_id("held-state").select_option("out_of_service")
    expect(rows).to_have_count(1)
    page.get_by_test_id("lang-switch").click()
    expect(rows.get_by_test_id("holds")).to_contain_text("停用")


def test_engineers_take_out_of_service_before_it_comes(browser: Browser, mock: Mock) -> None:
    page = browser.new_page(locale="en-US")
    log_in(page, mock, "engineer")
    page.get_by_test_id("nav-alarms").click()
    page.get_by_test_id("alarms-held").click()
    page.get_by_test_id("held-state").select_option("all")
    page.get_by_test_id("held-search").fill("screen l02")
    row = page.get_by_test_id("held-row")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Rule on trial")
    row.get_by_test_id("held-details").click()
    row.get_by_test_id("alarm-remove-from-service").click()
    row.get_by_test_id("deed-reason").fill("screen is being rebuilt")
    row.get_by_test_id("deed-do").click()
    expect(row.get_by_test_id("holds")).to_contain_text("screen is being rebuilt")
    row.get_by_test_id("alarm-return-to-service").click()
    expect(row.get_by_test_id("holds")).not_to_contain_text("Out of service")
    expect(row.locator(".steps")).to_contain_text("Returned to service · engineer")
    page.close()


def test_comments_are_kept_with_the_alarm(page: Page) -> None:
    actions = details_of(page, "limit-ll")
    actions.get_by_test_id("alarm-comment").click()
    actions.get_by_test_id("deed-reason").fill("heater 12 replaced yesterday")
    actions.get_by_test_id("deed-do").click()
    steps = page.locator(".details .steps")
    expect(steps).to_contain_text("Comment · operator")
    expect(steps).to_contain_text("heater 12 replaced yesterday")


def test_all_that_are_shown_are_acknowledged_once_asked_twice(page: Page) -> None:
    page.get_by_test_id("nav-alarms").click()
    page.get_by_test_id("alarm-stage").select_option("CB")
    page.get_by_test_id("ack-all-ask").click()
    expect(page.get_by_test_id("ack-all-do")).to_have_text("Acknowledge 4 alarms")
    page.get_by_test_id("ack-all-do").click()
    expect(page.get_by_test_id("ack-all")).to_contain_text("4 acknowledged.")
    expect(page.get_by_test_id("ack-button")).to_have_count(0)
    expect(page.get_by_test_id("ack-all-ask")).to_have_count(0)


def test_viewers_do_nothing_to_alarms(browser: Browser, mock: Mock) -> None:
    page = browser.new_page(locale="en-US")
    log_in(page, mock, "viewer")
    page.get_by_test_id("nav-alarms").click()
    expect(page.get_by_test_id("ack-all")).to_have_count(0)
    page.locator("[data-alarm-id^=hour-low]").get_by_test_id("alarm-details").click()
    expect(page.get_by_test_id("alarm-explained")).to_be_visible()
    expect(page.get_by_test_id("alarm-actions")).to_have_count(0)
    page.close()
