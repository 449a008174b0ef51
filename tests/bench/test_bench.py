"""The figures come as one JSON object."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def run(*parts: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.bench", *parts],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_part_is_measured_and_named() -> None:
    done = run("journal")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ["machine", "journal"]
    part = found["journal"]
    assert part["values"] > 100_000
    assert part["cpu_s"] > 0
    assert part["values_per_cpu_s"] == pytest.approx(part["values"] / part["cpu_s"], rel=0.01)
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["journal"]


def test_an_unknown_part_is_named() -> None:
    done = run("speed")
    assert done.returncode == 2
    assert "came speed" in done.stderr
