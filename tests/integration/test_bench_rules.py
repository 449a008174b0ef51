"""`anodewatch bench rules` in small: one JSON object, whose counts are those of the load."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from service.cli import app

TAGS, HZ, SECONDS, STEPS = 200, 5, 16, 3


def bench(*more: str) -> Any:
    arguments = ["--tags", str(TAGS), "--hz", str(HZ), "--seconds", str(SECONDS)]
    return CliRunner().invoke(
        app, ["bench", "rules", *arguments, "--storms", str(STEPS), *more], catch_exceptions=False
    )


def test_it_prints_what_the_rules_cost_and_how_many_alarms_are_kept() -> None:
    done = bench("--limits", str(2 * TAGS))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["core_share"] > 0
    assert found["values"] == TAGS * HZ * SECONDS
    assert found["transitions"] >= 2  # the first two excursions, ten seconds after they began
    each_step = TAGS // 10
    assert found["storm_raised"] == STEPS * each_step
    assert found["storm_transitions"] == (2 * STEPS - 1) * each_step  # the last stand
    assert found["alarms_per_s_max"] > 0
    assert "core_share" in done.stderr


def test_more_limits_than_tags_can_have_are_refused() -> None:
    done = bench("--limits", str(4 * TAGS + 1))
    assert done.exit_code == 2
    assert f"{4 * TAGS}; came" in " ".join(done.stderr.replace("│", " ").split())
