"""The dashboard's unit tests, which run in Node."""

from __future__ import annotations

from dashboards.build import run_script


def test_units_in_node() -> None:
    run_script("test", lambda _: None)
