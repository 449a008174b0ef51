"""A browser, the mock service, and a page of somebody who is logged in."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards.build import WEB, build_web, find_node
from dashboards.web.tests.browsing import Mock, log_in

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    installed = next(filter(None, map(shutil.which, ["chromium", "google-chrome"])), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def mock() -> Iterator[Mock]:
    build_web(lambda line: None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(find_node().path), str(WEB / "dev" / "mock.mjs"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "http" in process.stdout.readline()
            yield Mock(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


@pytest.fixture
def page(browser: Browser, mock: Mock) -> Iterator[Page]:
    """Logged in as operator; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    context = browser.new_context(locale="en-US", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    log_in(page, mock, "operator")
    yield page
    context.close()
    expected = re.compile("401|409|422|ERR_|WebSocket")  # what a browser says of plain answers
    assert not [said for said in complaints if not expected.search(said)]
