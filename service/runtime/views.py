"""Views: what the service shows of itself, and the ports through which the API asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Hold,
    Phase,
    Priority,
    Quiet,
    TransitionKind,
)
from service.domain.lifecycle.actions import Action
from service.domain.plan import Window
from service.domain.production.book import StageWindow
from service.runtime.ingest import SourceState
from service.runtime.progress import Progress


@dataclass(frozen=True, slots=True)
class LiveValue:
    """The newest value of one tag. time_ns, received_ns: None when there never was a value.

    value: NaN for null and for text. stale_since_ns: None while the value can be trusted as
    current.
    """

    number: int
    time_ns: int | None
    received_ns: int | None
    value: float
    status: int
    text: str | None
    stale_since_ns: int | None


class LiveView(Protocol):
    """Latest values by tag number. Called concurrently, about once a second for each open page."""

    @property
    def revision(self) -> int:
        """Rises with every change."""
        ...

    def values(self, numbers: Sequence[int], now_ns: int) -> Sequence[LiveValue]:
        """The newest value of each tag, in the order asked for; must not block."""
        ...

    def changed_since(self, revision: int, numbers: Sequence[int]) -> Sequence[int]:
        """Those of ``numbers`` that got a value after ``revision``."""
        ...

    def stale_since(self, numbers: Sequence[int], now_ns: int) -> Sequence[int | None]:
        """For each tag since when it is stale, None while it isn't: a value grows stale without a
        change."""
        ...


class StageState(StrEnum):
    """How a stage does against what is required of it."""

    OK = "ok"
    LOW = "low"
    UNKNOWN = "unknown"
    STOPPED = "stopped"


SHOWN_WINDOWS = (Window.HOUR, Window.SHIFT, Window.DAY, Window.MONTH, Window.YEAR)


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage now. windows: one for each of SHOWN_WINDOWS."""

    id: str
    rate_t_per_h: float | None
    required_t_per_h: float
    state: StageState
    stale_since_ns: int | None
    windows: Mapping[Window, StageWindow]


@dataclass(frozen=True, slots=True)
class ProductionView:
    """The line now. closed_through_ns: end of the last closed minute, None before the first."""

    at_ns: int
    closed_through_ns: int | None
    planned_now: bool
    catch_up_t_per_h: float | None
    stages: Sequence[StageView]
    output: StageView


class Production(Protocol):
    """Production against plan. Called by each open page every few seconds."""

    def now(self) -> ProductionView:
        """The line at this moment; must not block."""
        ...


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One occurrence of an alarm; ``phase`` is NORMAL once it is over."""

    id: str
    rule: str
    kind: str
    priority: Priority
    asset: str
    tag: str | None
    stage: str | None
    phase: Phase
    message_en: str
    message_zh: str
    raised_ns: int
    returned_ns: int | None
    acknowledged_ns: int | None
    acknowledged_by: str | None
    comment: str | None
    value: float | None
    limit: float | None
    unit: str
    definition: str
    quiet: Quiet | None = None
    """Why nobody was called about it; None when people were."""
    holds: Sequence[tuple[Quiet, Hold]] = ()
    """What keeps people from being called about it now."""
    root: str | None = None
    """The alarm to which it belongs; itself when it is the first, None when that is not known."""
    members: int = 0
    """How many other open alarms belong to it."""


@dataclass(frozen=True, slots=True)
class TransitionView:
    """One step of an alarm. at_ns: when it happened; recorded_ns: when the service found out.
    quiet: why nobody was called about it, and by what."""

    id: str
    kind: TransitionKind
    at_ns: int
    recorded_ns: int
    by: str | None
    comment: str | None
    value: float | None
    quiet: Quiet | None = None
    quiet_by: str | None = None


class Showing(StrEnum):
    """Which alarms a list shows."""

    ACTIVE = "active"
    """Open, and neither held nor explained by another one: what an operator has to deal with."""
    HELD = "held"
    """Open, and shelved, suppressed, out of service, or of a rule on trial."""
    ALL = "all"
    """Those that are over as well."""


class AlarmBook(Protocol):
    """The alarms that stand and stood. Called concurrently; raises Retryable when the state is
    busy."""

    @property
    def changes(self) -> Progress:
        """Moves on with every committed transition."""
        ...

    async def alarms(self, showing: Showing, *, limit: int, offset: int = 0) -> Sequence[AlarmView]:
        """Open ones, most urgent and newest first; or all, newest first."""
        ...

    async def alarm(self, alarm: str) -> tuple[AlarmView, Sequence[TransitionView]] | None:
        """One alarm with its transitions in order; None when there is no such alarm."""
        ...

    async def members(self, alarm: str, *, limit: int) -> Sequence[AlarmView]:
        """The other alarms that belong to one, open or over, the newest first."""
        ...

    async def steps_of(self, definition: str, *, limit: int) -> Sequence[TransitionView]:
        """The last transitions of a definition, newest first: of all its alarms, and those while it
        was normal."""
        ...


class AlarmDesk(Protocol):
    """What people do to alarms, and every alarm that can stand. Called concurrently; whatever
    changes something raises Impossible when the alarm's state does not allow it, and Retryable when
    it is done but can't be kept yet."""

    def definitions(self, *, normal: bool = True) -> Iterable[tuple[AlarmDefinition, AlarmState]]:
        """Every alarm that can stand, with its state; without ``normal`` those that are simply
        normal are left out. Must not block."""
        ...

    def definition(self, definition: str) -> tuple[AlarmDefinition, AlarmState]:
        """One of them; raises NoSuchAlarm."""
        ...

    async def act(self, definition: str, action: Action, *, by: str) -> None:
        """Does ``action`` to an alarm, standing or not, for the person ``by``. Raises
        NoSuchAlarm."""
        ...

    async def act_on(self, alarm: AlarmView, action: Action, *, by: str) -> None:
        """Does ``action`` to one occurrence; one that is over can only be commented on."""
        ...

    async def acknowledge(
        self, alarms: Sequence[str], *, by: str, comment: str | None
    ) -> Sequence[str]:
        """Acknowledges those of ``alarms`` that can be, all in one step, and returns them."""
        ...


class NoSuchAlarm(Exception):
    """There is no alarm definition of that name."""


@dataclass(frozen=True, slots=True)
class GroupView:
    """One item group of a source. covered_until_ns: the end of its proven liveness, None before
    any."""

    group: str
    covered_until_ns: int | None
    stale: bool


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source, as its supervisor and itself report it."""

    name: str
    kind: str
    state: SourceState
    since_ns: int
    error: str | None
    counters: Mapping[str, int]
    details: Mapping[str, str]
    groups: Sequence[GroupView]


class Sources(Protocol):
    """The sources of the site. Called by each open page every few seconds."""

    def sources(self) -> Sequence[SourceView]:
        """All of them, in the site's order; must not block."""
        ...


class Readiness(Protocol):
    """Whether the service can do its work. Called often; must not block."""

    def __call__(self) -> Sequence[str]:
        """What is missing, one reason each; empty when the service is ready."""
        ...

    def degraded(self) -> Sequence[str]:
        """What does not work as it should though the service does its work, one reason each."""
        ...


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about the service itself. name: in Prometheus' style with its unit last, without
    ``_total``.

    counter: whether it only rises. labels: the same keys for every Measure of one name.
    """

    name: str
    help: str
    value: float
    counter: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)


class Measures(Protocol):
    """Counters of the service. Called at each scrape, in the event loop; must not block."""

    def __call__(self) -> Sequence[Measure]:
        """Every number as it stands now."""
        ...
