"""What the tests of faults share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.receiver import Logged, run_logged
from tests.faults.victims import Victims, victims


@pytest.fixture(scope="session")
def started() -> Iterator[Victims]:
    with victims() as starting:
        yield starting


@pytest.fixture
def killers(started: Victims) -> Iterator[Victims]:
    """What starts services; what a test that failed left running is ended."""
    yield started
    started.clear()


@pytest.fixture
def receiver() -> Iterator[Logged]:
    with run_logged() as running:
        yield running
