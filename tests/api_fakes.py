"""The API's ports as small fakes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Phase,
    Priority,
    TransitionKind,
)
from service.domain.backtest.outcome import Outcome
from service.domain.batch import Batch, make_batch
from service.domain.coverage import Cover
from service.domain.handling import Guidance, Handling, Words
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.production.book import StageWindow
from service.domain.quality import BAD_COMMUNICATION_ERROR, GOOD
from service.domain.tagtable import TagTable
from service.runtime.alarm_desk import WatchDesk
from service.runtime.alarms import AlarmStates
from service.runtime.backtest import BacktestAsked, CannotBacktest
from service.runtime.floods import FloodView
from service.runtime.ingest import SourceState
from service.runtime.live import LiveTable
from service.runtime.progress import Progress
from service.runtime.views import (
    SHOWN_WINDOWS,
    AlarmView,
    GroupView,
    LiveValue,
    ProductionView,
    Showing,
    SourceView,
    StageState,
    StageView,
    TransitionView,
)

NOW_NS = 1_772_323_200 * SECOND_NS  # 2026-03-01T00:00:00Z
GROUP = "plant/main"
ALARM = "5f" * 16
T = TypeVar("T")


class FakeLive:
    """Implements LiveView over the service's own live table; what is in ``old`` is stale."""

    def __init__(self, table: TagTable) -> None:
        self.table = LiveTable(table)
        self.old: dict[int, int] = {}

    @property
    def revision(self) -> int:
        return self.table.revision

    def put(
        self, number: int, value: float, *, text: str | None = None, status: int = GOOD
    ) -> None:
        texts = {} if text is None else {0: text}
        at_ns = NOW_NS + self.revision * SECOND_NS + 123_456_789
        self.table.take(
            make_batch([number], [at_ns], [value], [status], received_ns=at_ns, text=texts)
        )

    def values(self, numbers: Sequence[int], now_ns: int) -> list[LiveValue]:
        return [
            LiveValue(
                one.number,
                None if one.time_ns < 0 else one.time_ns,
                None if one.time_ns < 0 else one.received_ns,
                one.value,
                one.status,
                one.text,
                self.old.get(one.number),
            )
            for one in self.table.latest(numbers)
        ]

    def changed_since(self, revision: int, numbers: Sequence[int]) -> list[int]:
        return self.table.changed_since(revision, numbers)

    def stale_since(self, numbers: Sequence[int], now_ns: int) -> list[int | None]:
        return [self.old.get(number) for number in numbers]


@dataclass
class FakeHistory:
    """Implements HistoryReader over one Batch; ``picture`` gives every row."""

    batch: Batch
    covered: tuple[Cover, ...] = ()
    error: Exception | None = None

    def _within(self, tags: Sequence[int], start_ns: int, end_ns: int) -> np.ndarray:
        b = self.batch
        order = np.lexsort((b.tag, b.time_ns))
        inside = np.isin(b.tag, tags) & (b.time_ns >= start_ns) & (b.time_ns < end_ns)
        return order[inside[order]]

    def _take(self, rows: np.ndarray) -> Batch:
        if self.error is not None:
            raise self.error
        b = self.batch
        text = {new: b.text[old] for new, old in enumerate(rows.tolist()) if old in b.text}
        return replace(
            b, tag=b.tag[rows], time_ns=b.time_ns[rows], value=b.value[rows],
            status=b.status[rows], text=text,
        )  # fmt: skip

    async def rows(
        self, tags: Sequence[int], start_ns: int, end_ns: int, *, limit: int,
        after: tuple[int, int] | None = None,
    ) -> Batch:  # fmt: skip
        rows = self._within(tags, start_ns, end_ns)
        b = self.batch
        if after is not None:
            keep = [(int(b.time_ns[r]), int(b.tag[r])) > after for r in rows]
            rows = rows[keep]
        return self._take(rows[:limit])

    async def picture(
        self, tags: Sequence[int], start_ns: int, end_ns: int, *, buckets: int
    ) -> Batch:
        return self._take(self._within(tags, start_ns, end_ns))

    async def latest(self, tags: Sequence[int], *, before_ns: int) -> Batch:
        rows = self._within(tags, 0, before_ns)
        last = {int(self.batch.tag[row]): row for row in rows}
        return self._take(np.array(sorted(last.values(), key=rows.tolist().index), np.intp))

    async def covers(self, groups: Sequence[str], start_ns: int, end_ns: int) -> tuple[Cover, ...]:
        return tuple(
            Cover(c.group, max(c.start_ns, start_ns), min(c.end_ns, end_ns))
            for c in self.covered
            if c.group in groups and c.end_ns > start_ns and c.start_ns < end_ns
        )


def stage_view(stage: str) -> StageView:
    window = StageWindow(NOW_NS - 60 * MINUTE_NS, NOW_NS, 8_000.0, 9_000.0, 8_500.0, 0.95)
    return StageView(stage, 8.1, 8.8, StageState.LOW, None, dict.fromkeys(SHOWN_WINDOWS, window))


class FakeProduction:
    def now(self) -> ProductionView:
        pk = stage_view("PK")
        return ProductionView(NOW_NS, NOW_NS - MINUTE_NS, True, 9.2, (pk,), pk)


DEFINITION = AlarmDefinition(
    "pk-low:PK", "pk-low", "v1", "throughput", Priority.HIGH, "PK", 0, 0,
    "Throughput low", "产量低", None, "PK", 8.8, "t/h",
    handling=Handling(
        guidance=Guidance(
            Words("Bags out", "缺袋"), Words("DM and SC stop", "除磁筛分停"),
            Words("Refill the magazine", "补袋"), 10.0, Words("Packer", "包装工"),
        )
    ),
)  # fmt: skip


class FakeAlarms:
    """Implements AlarmBook and the desk's Keeper with one alarm of one definition."""

    def __init__(self) -> None:
        self.changes = Progress()
        self.others: list[AlarmView] = []
        self.floods = [FloodView("plant", (), None, 0, 1)]
        self.view = AlarmView(
            ALARM, "pk-low", "throughput", Priority.HIGH, "PK", None, "PK", Phase.UNACKNOWLEDGED,
            "Throughput low", "产量低", NOW_NS, None, None, None, None, 7.5, 8.8, "t/h",
            DEFINITION.id,
        )  # fmt: skip
        self.steps = [
            TransitionView("1a", TransitionKind.RAISED, NOW_NS, NOW_NS + 5, None, None, 7.5)
        ]
        self.states = AlarmStates({DEFINITION.id: DEFINITION})
        self.states.restore({DEFINITION.id: AlarmState(Phase.UNACKNOWLEDGED, None, ALARM)})
        self.desk = WatchDesk(self, self.states)

    async def keep(self, deed: Callable[[int], T]) -> T:
        answer = deed(NOW_NS)
        for _, one, state in self.states.taken()[1]:
            self.steps.append(
                TransitionView(one.id, one.kind, one.at_ns, NOW_NS, one.by, one.comment, None)
            )
            if one.kind is TransitionKind.ACKNOWLEDGED:
                self.view = replace(
                    self.view, acknowledged_ns=NOW_NS, acknowledged_by=one.by, comment=one.comment
                )
            self.view = replace(self.view, phase=state.phase, holds=state.holds)
        self.changes.step()
        return answer

    async def alarms(self, showing: Showing, *, limit: int, offset: int = 0) -> list[AlarmView]:
        over = showing is Showing.ACTIVE and self.view.phase is Phase.NORMAL
        return [] if over or offset else [self.view, *self.others]

    async def alarm(self, alarm: str) -> tuple[AlarmView, list[TransitionView]] | None:
        return (self.view, self.steps) if alarm == self.view.id else None

    async def members(self, alarm: str, *, limit: int) -> list[AlarmView]:
        return self.others[:limit]

    async def steps_of(self, definition: str, *, limit: int) -> list[TransitionView]:
        return self.steps if definition == self.view.definition else []


class FakeBacktests:
    """Implements Backtests for a plant of which nothing is recorded."""

    async def run(self, asked: BacktestAsked) -> list[Outcome]:
        raise CannotBacktest("no production is recorded")


class FakeEdges:
    """Implements Sources."""

    def sources(self) -> list[SourceView]:
        group = GroupView(GROUP, NOW_NS, stale=False)
        return [
            SourceView(
                "plant", "opcua", SourceState.CONNECTED, NOW_NS, None, {"values": 12},
                {"publishing_interval": "1000 ms"}, (group,),
            )
        ]  # fmt: skip


class FakeReadiness:
    """Implements Readiness."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.degraded_by: list[str] = []

    def __call__(self) -> list[str]:
        return self.reasons

    def degraded(self) -> list[str]:
        return self.degraded_by


def sample_history() -> FakeHistory:
    """Ten minutes before now, of every kind of tag, with a gap and a null."""
    at = [NOW_NS - n * MINUTE_NS + 7 for n in (9, 8, 7, 6, 5)]
    rows: list[tuple[int, int, float, int, str | None]] = []
    for n, time_ns in enumerate(at):
        rows += [
            (3, time_ns, math.nan if n == 2 else 2_800.25 + n,
             BAD_COMMUNICATION_ERROR if n == 2 else GOOD, None),
            (4, time_ns, 70_000.0 + n, GOOD, None),
            (5, time_ns, float(n % 2), GOOD, None),
            (6, time_ns, math.nan, GOOD, f"批次{n}"),
        ]  # fmt: skip
    batch = make_batch(
        [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], [r[3] for r in rows],
        received_ns=NOW_NS, text={i: r[4] for i, r in enumerate(rows) if r[4] is not None},
    )  # fmt: skip
    covered = (
        Cover(GROUP, NOW_NS - 10 * MINUTE_NS, NOW_NS - 5 * MINUTE_NS),
        Cover(GROUP, NOW_NS - 3 * MINUTE_NS, NOW_NS - 4 * SECOND_NS),
    )
    return FakeHistory(batch, covered)
