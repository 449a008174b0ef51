"""A real browser on the real service over the simulated plant: the alarm comes, is acknowledged,
stays."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import ROOT
from tests.opcua_server import free_port
from tests.running_service import RunningService, running_service, until
from tests.sites import copy_of_sample
from tests.webhook_receiver import Receiver, run_receiver

CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
TAG = "CB-L07B-TIC112.PV"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program, "chromium is missing; install it with: deploy/install-test-tools"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield running
        running.close()


@contextmanager
def simulator(site: Path, endpoint: str) -> Iterator[None]:
    """`anodewatch simulate` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "simulate", str(site), "--endpoint", endpoint],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("ready"):
                break
        else:
            raise AssertionError("the simulator ended before it was ready")
        yield
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def site_for(folder: Path, endpoint: str, receiver: Receiver) -> Path:
    """The sample site at this endpoint, which tells this receiver."""
    site = copy_of_sample(folder)
    text = (site / "site.toml").read_text(encoding="utf-8")
    for pattern, new in (
        (r'^endpoint = ".*"', f'endpoint = "{endpoint}"'),
        (r"^port = \d+", "port = 0"),
        (r'^min_priority = ".*"', 'min_priority = "low"'),
        (r'^url = "http.*"', f'url = "{receiver.url}"'),
        (r'^secret = "whsec_.*"', f'secret = "{receiver.secret}"'),
    ):
        text, count = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
        assert count == 1, pattern
    (site / "site.toml").write_text(text, encoding="utf-8")
    return site


def log_in(page: Page, service: RunningService) -> None:
    page.goto(service.url)
    page.get_by_test_id("login-name").fill("admin")
    page.get_by_test_id("login-password").fill(service.password)
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("stage-CR")).to_be_visible()


@pytest.mark.timeout(240)
def test_a_fault_is_seen_acknowledged_and_remembered(tmp_path: Path, browser: Browser) -> None:
    endpoint = f"opc.tcp://127.0.0.1:{free_port()}/anodewatch"
    with run_receiver() as receiver:
        site = site_for(tmp_path, endpoint, receiver)
        with simulator(site, endpoint):
            with running_service(site) as service:
                password = service.password
                until(
                    lambda: service.get("/live", tags=TAG)["values"][0]["quality"] == "good",
                    what="values",
                )
                page = browser.new_page()
                log_in(page, service)
                inject(endpoint, "thermocouple_open", "CB-L07B-TIC112", 120)
                alarm = acknowledge_in(page)
                expect(page.get_by_test_id("stage-CB")).to_have_count(0)
                page.close()
                assert service.stop() == 0
            told = until(lambda: receiver.of_kind("alarm.raised"), what="the webhook")
            assert any(one["data"]["tag"] == TAG for one in told)
            assert not receiver.refused
            with running_service(site, password=password) as service:
                page = browser.new_page()
                log_in(page, service)
                page.goto(f"{service.url}/#/alarms")
                row = page.locator(f'[data-testid="alarm-row"][data-alarm-id="{alarm}"]')
                expect(row).to_have_attribute("data-state", "acknowledged")
                expect(row.get_by_test_id("ack-by")).to_contain_text("admin")
                service.kill()
                expect(page.get_by_test_id("connection-lost")).to_be_visible(timeout=5_000)
                page.close()


def acknowledge_in(page: Page) -> str:
    """Waits for the alarm of TAG, acknowledges it on its page, and returns its id."""
    expect(page.get_by_test_id("alarm-banner")).to_be_visible(timeout=40_000)
    page.goto(page.url.split("#")[0] + "#/alarms")
    row = page.get_by_test_id("alarm-row").filter(has_text="L07B").first
    expect(row).to_be_visible(timeout=40_000)
    expect(row).to_have_attribute("data-state", "unacknowledged")
    row.get_by_test_id("ack-button").click()
    confirm = page.get_by_test_id("ack-confirm")
    if confirm.count():
        confirm.click()
    expect(row).to_have_attribute("data-state", "acknowledged", timeout=10_000)
    return row.get_attribute("data-alarm-id") or ""


def inject(endpoint: str, fault: str, target: str, seconds: int) -> None:
    command = ["inject", fault, target, "--for", str(seconds), "--endpoint", endpoint]
    subprocess.run(
        [sys.executable, "-m", "service.cli", *command], cwd=ROOT, check=True, timeout=60
    )
