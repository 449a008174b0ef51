"""The end of every fault: the service runs on until all is told, and the rule is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.e2e.test_killed import journal_rows
from tests.faults.receiver import Logged
from tests.faults.rule import Kept, Tally, hold, kept, settled
from tests.faults.victims import Victims
from tests.faults.waves import LIMIT, rule_of
from tests.running_service import until

KILLED = -9
SETTLED_S = 60.0


def settle(killers: Victims, site: Path, receiver: Logged) -> Tally:
    """Lets the service run until the plant stands still and nothing waits; then holds the rule."""
    (site / "still").touch()
    service = killers.start(site)
    service.ready()
    until(lambda: _is_still(site), within_s=SETTLED_S, what="everything to be told")
    assert service.stop() == 0
    found = kept(site / "data")
    assert kinds(found) == causes(site)  # also what came while it ended
    tally = hold(found, receiver.arrivals)
    assert tally.dead == 0
    assert tally.transitions > 0
    return tally


def _is_still(site: Path) -> bool:
    found = kept(site / "data")
    standing = Counter(one.definition for one in found if one.kind == "raised")
    standing.subtract(one.definition for one in found if one.kind == "returned")
    told = settled(found) and not any(standing.values())
    return told and kinds(found) == causes(site)


def causes(site: Path) -> Counter[tuple[str, str]]:
    """The transitions that follow from the values that the journal holds, by definition and
    kind."""
    wanted: Counter[tuple[str, str]] = Counter()
    for tag, values in journal_rows(site).items():
        above = [False, *(value > LIMIT for _, value, _ in values)]
        for was, is_ in pairwise(above):
            if was != is_:
                wanted[f"{rule_of(tag)}:{tag}", "raised" if is_ else "returned"] += 1
    return wanted


def kinds(found: Sequence[Kept]) -> Counter[tuple[str, str]]:
    return Counter(
        (one.definition, one.kind) for one in found if one.kind in ("raised", "returned")
    )
