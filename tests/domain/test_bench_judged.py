"""What the rules of a site see of months in which readings came late."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from service.cli.bench.judged import Judge, MeterMonth
from service.cli.bench.signals import START_NS
from service.domain.instants import MINUTE_NS
from service.settings import load_site

SAMPLE = Path("deploy/sites/changzhi")
DAY = 1_440
JUDGED_NS = START_NS + DAY * MINUTE_NS
EVERY_MIN = 14
"""Four machines fill a bag at once: 17.1 bags an hour, where 17.7 are due."""
GAP = slice(2 * DAY - 2, 2 * DAY + 2)
NEVER = np.zeros(0, np.int64)


def packed() -> tuple[Judge, dict[str, MeterMonth]]:
    judge = Judge(load_site(SAMPLE), ("PK",))
    minutes = 4 * DAY
    kg = np.where((np.arange(minutes) - 2 * DAY) % EVERY_MIN == 0, 500.0, 0.0)
    month = MeterMonth(
        "PK", kg, np.zeros(minutes), np.zeros(minutes, np.bool_), NEVER, NEVER, NEVER, NEVER
    )
    return judge, {meter.id: month for meter in judge.line.meters}


def test_what_came_late_is_known_again_when_the_meters_tell() -> None:
    judge, accounts = packed()
    late = np.zeros(4 * DAY, np.bool_)
    late[GAP] = True  # with bags in it: without them the hour is 20 % below plan
    accounts = {id_: replace(one, late=late) for id_, one in accounts.items()}
    found = judge.alerts(accounts, start_ns=START_NS, judged_ns=JUDGED_NS)
    assert found == {"known later": [], "as known then": []}

    # Were they unknown for good, the hour would look low: the case above can tell the difference.
    lost = {id_: replace(one, kg=np.where(late, np.nan, one.kg)) for id_, one in accounts.items()}
    found = judge.alerts(lost, start_ns=START_NS, judged_ns=JUDGED_NS)
    assert [definition for definition, _ in found["known later"]] == ["hour-low:PK"]


def test_a_loss_is_seen_both_ways() -> None:
    judge, accounts = packed()
    stopped = np.arange(4 * DAY) >= 3 * DAY
    accounts = {id_: replace(a, kg=np.where(stopped, 0.0, a.kg)) for id_, a in accounts.items()}
    found = judge.alerts(accounts, start_ns=START_NS, judged_ns=JUDGED_NS)
    assert found["known later"] == found["as known then"]
    assert "hour-low:PK" in [definition for definition, _ in found["known later"]]
