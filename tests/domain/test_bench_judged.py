"""What the rules of a site see of months in which readings came late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from service.cli.bench.judged import Judge, MeterMonth
from service.cli.bench.signals import START_NS
from service.domain.arrays import Bools
from service.domain.instants import MINUTE_NS
from service.settings import load_site

SAMPLE = Path("deploy/sites/changzhi")
DAY = 1_440
JUDGED_NS = START_NS + DAY * MINUTE_NS
EVERY_MIN = 14
"""Four machines fill a bag at once: 17.1 bags an hour, where 17.7 are due."""
BAG = 2 * DAY
"""A minute in which each machine fills one."""
NEVER = np.zeros(0, np.int64)


def packed() -> tuple[Judge, dict[str, MeterMonth]]:
    judge = Judge(load_site(SAMPLE), ("PK",))
    minutes = 4 * DAY
    kg = np.where((np.arange(minutes) - BAG) % EVERY_MIN == 0, 500.0, 0.0)
    month = MeterMonth(
        "PK", kg, np.zeros(minutes), np.zeros(minutes, np.bool_), NEVER, NEVER, NEVER, NEVER
    )
    return judge, {meter.id: month for meter in judge.line.meters}


def around_bags(n: int) -> Bools:
    """Three minutes around each of ``n`` times at which all machines fill a bag."""
    found = np.zeros(4 * DAY, np.bool_)
    for at in range(n):
        found[BAG + at * EVERY_MIN - 1 : BAG + at * EVERY_MIN + 2] = True
    return found


def lost(accounts: Mapping[str, MeterMonth], minutes: Bools) -> dict[str, MeterMonth]:
    return {id_: replace(a, kg=np.where(minutes, np.nan, a.kg)) for id_, a in accounts.items()}


def test_what_came_late_is_known_again_when_the_meters_tell() -> None:
    judge, accounts = packed()
    late = around_bags(3)  # without so many bags the hour is far below plan
    accounts = {id_: replace(one, late=late) for id_, one in accounts.items()}
    found = judge.alerts(accounts, start_ns=START_NS, judged_ns=JUDGED_NS)
    assert found == {"known later": [], "as known then": []}

    # Were they unknown for good, the hour would look low: the case above can tell the difference.
    found = judge.alerts(lost(accounts, late), start_ns=START_NS, judged_ns=JUDGED_NS)
    assert "hour-low:PK" in [definition for definition, _ in found["known later"]]


def test_a_bag_that_may_hide_in_a_gap_is_no_loss() -> None:
    judge, accounts = packed()
    found = judge.alerts(lost(accounts, around_bags(1)), start_ns=START_NS, judged_ns=JUDGED_NS)
    assert found == {"known later": [], "as known then": []}

    # Minutes that are known to have none tell of a loss: the case above can tell the difference.
    none = {id_: replace(a, kg=np.where(around_bags(1), 0.0, a.kg)) for id_, a in accounts.items()}
    found = judge.alerts(none, start_ns=START_NS, judged_ns=JUDGED_NS)
    assert "hour-low:PK" in [definition for definition, _ in found["known later"]]


def test_a_loss_is_seen_both_ways() -> None:
    judge, accounts = packed()
    stopped = np.arange(4 * DAY) >= 3 * DAY
    accounts = {id_: replace(a, kg=np.where(stopped, 0.0, a.kg)) for id_, a in accounts.items()}
    found = judge.alerts(accounts, start_ns=START_NS, judged_ns=JUDGED_NS)
    assert found["known later"] == found["as known then"]
    assert "hour-low:PK" in [definition for definition, _ in found["known later"]]
