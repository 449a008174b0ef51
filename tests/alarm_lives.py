"""Alarms that were: journaled by the service's own store, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.alarm import (
    NORMAL,
    AlarmDefinition,
    AlarmState,
    Phase,
    Priority,
    Quiet,
    Transition,
    TransitionKind,
)
from service.domain.instants import SECOND_NS
from service.runtime.alarms import WatchCommit
from service.runtime.notify import SiteName
from service.state.alarms import StateAlarms
from service.state.database import Database

SITE = SiteName("changzhi", "Changzhi", "长治", "http://anodewatch.test")


def definition(
    rule: str = "hh",
    asset: str = "CB-L07B-TIC112.PV",
    *,
    priority: Priority = Priority.HIGH,
    stage: str | None = "CB",
    message_en: str = "Zone 12 too hot",
    message_zh: str = "12区温度过高",
) -> AlarmDefinition:
    """An alarm on ``asset``."""
    return AlarmDefinition(
        f"{rule}:{asset}", rule, "v1", "limit", priority, asset, 0, 0, message_en, message_zh,
        tag=asset, stage=stage, limit=1_180.0, unit="°C",
    )  # fmt: skip


@dataclass
class Life:
    """One occurrence and its steps; ``at`` is in seconds."""

    of: AlarmDefinition
    begin_s: int
    steps: list[tuple[TransitionKind, int, str | None, str | None, Quiet | None]]
    occurs: bool = True

    def rows(self, t0_ns: int) -> list[tuple[AlarmDefinition, Transition, AlarmState]]:
        """What the watch commits of it."""
        alarm = f"{self.of.id}@{self.begin_s}"
        phase = Phase.NORMAL
        found = []
        for kind, at_s, by, comment, quiet in self.steps:
            phase = {
                TransitionKind.RAISED: Phase.UNACKNOWLEDGED,
                TransitionKind.ACKNOWLEDGED: Phase.ACKNOWLEDGED,
                TransitionKind.RETURNED: Phase.RETURNED,
                TransitionKind.CLEARED: Phase.NORMAL,
            }.get(kind, phase)
            one = Transition(
                f"{alarm}:{kind}:{at_s}", alarm if self.occurs else None, self.of.id, kind,
                t0_ns + at_s * SECOND_NS,
                1_190.5 if kind is TransitionKind.RAISED else None, by, comment, quiet,
            )  # fmt: skip
            state = NORMAL if phase is Phase.NORMAL else AlarmState(phase, None, alarm)
            found.append((self.of, one, state))
        return found


def life(
    of: AlarmDefinition,
    at_s: int,
    *,
    seen: tuple[int, str, str | None] | None = None,
    stands_s: int | None = None,
    quiet: Quiet | None = None,
) -> Life:
    """Raised at ``at_s``; seen: after how many seconds who acknowledged, and what they said."""
    steps = [(TransitionKind.RAISED, at_s, None, None, quiet)]
    if seen is not None:
        steps.append((TransitionKind.ACKNOWLEDGED, at_s + seen[0], seen[1], seen[2], None))
    if stands_s is not None:
        steps.append((TransitionKind.RETURNED, at_s + stands_s, None, None, quiet))
        if seen is not None or quiet is not None:
            steps.append((TransitionKind.CLEARED, at_s + stands_s, None, None, quiet))
    return Life(of, at_s, sorted(steps, key=lambda step: step[1]))


def shelving(of: AlarmDefinition, at_s: int, *, by: str, why: str) -> Life:
    """A normal alarm is shelved: a step without an occurrence."""
    return Life(of, at_s, [(TransitionKind.SHELVED, at_s, by, why, Quiet.SHELVED)], occurs=False)


async def journal(database: Database, t0_ns: int, lives: Sequence[Life]) -> None:
    """Commits ``lives`` as the watch does, in one step that ends at ``t0_ns``."""
    rows = [row for one in lives for row in one.rows(t0_ns)]
    rows.sort(key=lambda row: row[1].at_ns)
    store = StateAlarms(database, SITE, ())
    await store.commit(WatchCommit(0, None, {}, {}, rows, t0_ns))
