"""The mock service and how to log in to it, for the tests of the pages."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass

from playwright.sync_api import Page, expect


@dataclass(frozen=True, slots=True)
class Mock:
    """The mock service of ``dev/mock.mjs``."""

    url: str

    def change(self, body: str) -> None:
        request = urllib.request.Request(f"{self.url}/mock", body.encode(), method="POST")
        urllib.request.urlopen(request, timeout=5).close()


def log_in(page: Page, mock: Mock, name: str) -> None:
    page.goto(mock.url)
    page.get_by_test_id("login-name").fill(name)
    page.get_by_test_id("login-password").fill(name)
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("alarm-banner")).to_be_visible()
