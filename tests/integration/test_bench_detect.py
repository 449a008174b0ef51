"""``anodewatch bench detect``: its figures keep what the product promises, whatever the seed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from service.cli import app


@pytest.mark.timeout(3_000)
def test_losses_are_found_and_troubles_of_the_signals_are_none(torture: bool) -> None:
    months = 200 if torture else 20
    result = CliRunner().invoke(app, ["bench", "detect", "--months", str(months)])
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    print(f"seed {found['seed']}")  # --seed repeats it

    assert found["cusum_delay_ratio"] <= 1.25
    for row in found["false_alarms"]:
        if row["detector"] == "cusum":
            assert row["low"] <= 1.0, row
    for row in found["detection"]:
        if row["detector"] == "cusum" and row["loss"] >= 0.1:
            assert row["found"] >= 0.95, row

    signals = found["signals"]
    assert signals["throughput_alarms"] == 0, signals["which"]
    assert set(signals["told"]) == {
        "clock", "communication", "plc", "reset", "reset in a gap", "rollover", "stuck"
    }  # fmt: skip
    for kind, (told, troubles) in signals["told"].items():
        assert told == troubles > 0, kind
    assert signals["told_for_nothing"] == {}
    assert found["tonnes_error_max_pct"] <= 0.1
    assert all(stage["beyond_stated"] == 0 for stage in signals["tonnes"].values())


def test_too_few_months_are_refused() -> None:
    result = CliRunner().invoke(app, ["bench", "detect", "--months", "0"])
    assert result.exit_code == 2
    assert "--months" in result.stderr
