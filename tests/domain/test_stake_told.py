"""What is at stake goes with the alarm: the finished tonnes that a day of it costs the plant."""

from __future__ import annotations

import pytest

from service.domain.definitions import define
from service.settings import load_site
from tests.sites import SAMPLE


def test_alarms_on_production_say_what_a_day_of_them_costs() -> None:
    """A rectifier: 52.25 t / 43.2 h × 24 h × 0.969 = 28.1 t finished. Kilns: nothing, as long as
    the spare ones (five of 28) make good for them. A limit of a tag: nobody can say."""
    site = load_site(SAMPLE)
    alarms = define(site.rules, tags=site.tags, line=site.line).all()
    runs = [one for one in alarms.values() if one.kind in ("missed_run", "off_curve")]
    assert runs
    assert {round(one.stake_t or 0.0, 1) for one in runs} == {28.1}
    kilns = [one for one in alarms.values() if one.kind == "throughput" and one.stage == "CB"]
    assert len({one.limit for one in kilns}) > 1
    for one in kilns:
        assert one.limit is not None
        assert one.stake_t is not None
        assert (one.stake_t == 0.0) == (-one.limit / 100 < 5 / 28)
    furnaces = [one for one in alarms.values() if one.kind == "throughput" and one.stage == "GZ"]
    assert furnaces
    for one in furnaces:
        assert one.limit is not None
        lost = -one.limit / 100 * site.line.stage_by_id["GZ"].capacity_t_per_h
        assert one.stake_t == pytest.approx(lost * 24 * site.line.stage_by_id["GZ"].finished_eq)
    for kind in ("limit", "communication_lost", "drift", "balance"):
        assert {one.stake_t for one in alarms.values() if one.kind == kind} == {None}, kind
