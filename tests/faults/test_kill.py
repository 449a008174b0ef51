"""kill -9 of the service, at random moments and at chosen points: no transition is lost or told
backwards, and what is told twice is told under one id."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.child import ANNOUNCING, COMMITTING, JOURNALED, MARKING, RECEIVED
from tests.faults.receiver import Logged
from tests.faults.rule import both_or_neither, kept, settled
from tests.faults.settling import KILLED, settle
from tests.faults.victims import Victims
from tests.faults.waves import TAGS, write_wave_site
from tests.running_service import until


def site_of(tmp_path: Path, receiver: Logged) -> Path:
    return write_wave_site(tmp_path / "site", webhook=(receiver.url, receiver.secret))


@pytest.mark.timeout(3_000)
def test_at_random_moments(
    tmp_path: Path, killers: Victims, receiver: Logged, torture: bool
) -> None:
    kills = 200 if torture else 10
    rng = random.Random(20_261_129)
    receiver.status = lambda: 503 if rng.random() < 0.05 else 204
    site = site_of(tmp_path, receiver)
    for _ in range(kills):
        service = killers.start(site)
        if rng.random() < 0.7:  # the others die while they start and take up what was left
            service.ready()
        time.sleep(rng.uniform(0.0, 1.0))
        assert service.kill() == KILLED
    tally = settle(killers, site, receiver)
    print(tally)
    assert tally.transitions >= 2 * kills
    assert tally.digests > 0


def test_between_journal_and_evaluation(tmp_path: Path, killers: Victims, receiver: Logged) -> None:
    site = site_of(tmp_path, receiver)
    for count in (1, 20):
        assert killers.start(site, JOURNALED, count).wait() == KILLED
    settle(killers, site, receiver)


@pytest.mark.parametrize("point", [ANNOUNCING, COMMITTING])
def test_between_state_and_outbox_there_are_both_or_neither(
    tmp_path: Path, killers: Victims, receiver: Logged, point: str
) -> None:
    site = site_of(tmp_path, receiver)
    assert killers.start(site, point, 3).wait() == KILLED
    both_or_neither(kept(site / "data"))
    settle(killers, site, receiver)


@pytest.mark.parametrize("point", [RECEIVED, MARKING])
def test_between_the_receivers_answer_and_the_mark_there_is_exactly_one_duplicate(
    tmp_path: Path, killers: Victims, receiver: Logged, point: str
) -> None:
    site = site_of(tmp_path, receiver)
    (site / "beyond").touch()  # each alarm is raised once: nothing is merged into what is repeated
    assert killers.start(site, point, 3).wait() == KILLED
    last = receiver.arrivals[-1]
    assert last.taken
    service = killers.start(site)
    until(lambda: len(receiver.arrivals) > TAGS, what="all, and the repetition")
    until(lambda: settled(kept(site / "data")), what="the marks")
    service.kill()
    settle(killers, site, receiver)
    assert [one.body for one in receiver.arrivals if one.id == last.id] == [last.body] * 2
    told = Counter(step for one in receiver.taken() for step in one.steps)
    assert {step: times for step, times in told.items() if times > 1} == dict.fromkeys(
        last.steps, 2
    )
