"""Rules as a site writes them: what is judged, how long it must last, and how urgent it is.

A priority that is None follows from the finished tonnes at stake (``service.domain.stage_alarms``).
A rule is applied to many assets; ``service.domain.definitions`` makes one alarm definition of each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from service.domain.alarm import Priority
from service.domain.handling import PLAIN, Handling
from service.domain.plan import Window


class LimitKind(StrEnum):
    """Process limits, most urgent first on either side (ISA-18.2)."""

    HH = "hh"
    H = "h"
    L = "l"
    LL = "ll"

    @property
    def is_high(self) -> bool:
        return self in (LimitKind.HH, LimitKind.H)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the condition must hold before the alarm comes, and be gone before it goes, in
    seconds."""

    on_delay_s: float = 0.0
    off_delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What every rule has beside what it judges. It is not in a rule's ``repr``, of which the
    versions of its definitions are made."""

    handling: Handling = field(default=PLAIN, repr=False)


@dataclass(frozen=True, slots=True)
class ThroughputRule(Handled):
    """A stage's production over ``window`` is more than ``below_pct`` % below plan.

    It returns when the deviation is better than ``below_pct`` − ``deadband_pct``. With more than
    ``max_unknown_share`` of the window unknown, or no planned time in it, the input is unknown.
    """

    id: str
    stages: tuple[str, ...]
    window: Window
    below_pct: float
    deadband_pct: float
    priority: Priority | None
    timing: Timing
    max_unknown_share: float = 0.2


@dataclass(frozen=True, slots=True)
class ShiftShortfallRule(Handled):
    """The shift can no longer reach its plan: done so far, plus the rest at capacity or at the
    rate of
    the last hour (whichever is greater), stays more than ``below_pct`` % under the shift's plan."""

    id: str
    stages: tuple[str, ...]
    below_pct: float
    priority: Priority | None
    timing: Timing
    max_unknown_share: float = 0.2


class ChartKind(StrEnum):
    """Which control chart looks for a drift."""

    CUSUM = "cusum"
    """Three two-sided CUSUMs side by side, for shifts of any size."""
    EWMA = "ewma"
    """A two-sided moving average."""


@dataclass(frozen=True, slots=True)
class DriftRule(Handled):
    """A stage's output has slowly moved away from its own habit, to either side.

    Limits come from the last ``history_days`` before a production quarter, of which at least
    ``min_days`` must be known; else the input is unknown. ``false_per_month``: alarms in 30 days
    without a drift that are accepted.
    """

    id: str
    stages: tuple[str, ...]
    chart: ChartKind
    false_per_month: float
    priority: Priority
    timing: Timing
    history_days: float = 60.0
    min_days: float = 20.0


@dataclass(frozen=True, slots=True)
class ForecastMissRule(Handled):
    """The forecast gives the plan of ``period`` (month or year) a chance below ``below_pct`` %.

    It returns when the chance is ``deadband_pct`` above that. Chances are calibrated: of the times
    at which one of 20 % is given, the plan is missed four times in five. Without a forecast that is
    current the input is unknown.
    """

    id: str
    period: Window
    below_pct: float
    deadband_pct: float
    priority: Priority
    timing: Timing


@dataclass(frozen=True, slots=True)
class BalanceRule(Handled):
    """What a stage took over the last ``window_days`` is not what its suppliers gave.

    scale_pct: error limit of each scale whose meter states none. stock_h: by how many hours of its
    flow the stock before a stage can change meanwhile. With an uncertainty of more than
    ``useful_pct`` of the flow, or more than ``max_unknown_share`` of the window unknown, the input
    is unknown.
    """

    id: str
    stages: tuple[str, ...]
    window_days: float
    scale_pct: float
    stock_h: float
    priority: Priority
    timing: Timing
    useful_pct: float = 5.0
    max_unknown_share: float = 0.05


@dataclass(frozen=True, slots=True)
class MissedRunRule(Handled):
    """A unit that works in runs (a rectifier) has not begun its next one when it was due.

    Judged on every energy meter of ``stages``: a run is due ``every_h`` planned hours after the one
    before, and late ``tolerance_h`` after that. run_mwh: what a run takes; tells the next run from
    one that goes on after a power cut.
    """

    id: str
    stages: tuple[str, ...]
    every_h: float
    tolerance_h: float
    run_mwh: float
    priority: Priority | None
    timing: Timing


@dataclass(frozen=True, slots=True)
class OffCurveRule(Handled):
    """The run of a unit that works in runs (a rectifier) gets another energy than its curve says.

    Judged on every energy meter of ``stages``. curve_mw: the power of a good run, (hours with
    power, MW), even in between. The energy of the last ``window_h`` with power is more than
    ``tolerance_pct`` % off what the curve has there. Before so much of a run is seen, and with what
    nobody saw leaving it open, the input is unknown.
    """

    id: str
    stages: tuple[str, ...]
    curve_mw: tuple[tuple[float, float], ...]
    window_h: float
    tolerance_pct: float
    priority: Priority | None
    timing: Timing


RunRule = MissedRunRule | OffCurveRule
"""Rules that are judged on each energy meter of their stages."""


@dataclass(frozen=True, slots=True)
class LimitRule(Handled):
    """A tag is beyond one of the limits of the tag list; its deadband is the tag's own.

    tags: patterns (shell style) of tag ids; every matching tag that has this limit is watched.
    """

    id: str
    limit: LimitKind
    tags: tuple[str, ...]
    priority: Priority
    timing: Timing


@dataclass(frozen=True, slots=True)
class BadQualityRule(Handled):
    """A tag's value is Bad while its source is alive."""

    id: str
    tags: tuple[str, ...]
    priority: Priority
    timing: Timing


@dataclass(frozen=True, slots=True)
class StaleRule(Handled):
    """A tag that is declared cyclic brought nothing for ``cycles`` × its cycle while its source is
    alive."""

    id: str
    tags: tuple[str, ...]
    cycles: float
    priority: Priority
    timing: Timing


class CounterEvent(StrEnum):
    """What makes a counter show less than before."""

    RESET = "reset"
    """It starts anew: what it had not told is lost."""
    ROLLOVER = "rollover"
    """It wraps at its top, and nothing is lost."""


@dataclass(frozen=True, slots=True)
class CounterRule(Handled):
    """A meter's counter was reset, or rolled over.

    tags: patterns of the meters' tags. It goes once ``off_delay_s`` have passed without another.
    """

    id: str
    event: CounterEvent
    tags: tuple[str, ...]
    priority: Priority
    timing: Timing


@dataclass(frozen=True, slots=True)
class StuckRule(Handled):
    """A meter's value stands still though its machine runs, for longer than the meter allows.

    tags: patterns of the meters' tags; those that say how long they may stand are watched.
    """

    id: str
    tags: tuple[str, ...]
    priority: Priority
    timing: Timing


@dataclass(frozen=True, slots=True)
class ClockRule(Handled):
    """A connector's item group sends times that can't be: ahead of their receipt, or before what it
    had already told, by more than ``CLOCK_TOLERANCE_NS``."""

    id: str
    connectors: tuple[str, ...]
    priority: Priority
    timing: Timing


@dataclass(frozen=True, slots=True)
class CommunicationRule(Handled):
    """A connector's item group shows no sign of life beyond 2 × its revised keep-alive."""

    id: str
    connectors: tuple[str, ...]
    priority: Priority
    timing: Timing


@dataclass(frozen=True, slots=True)
class DeliveryRule(Handled):
    """A destination of alarms takes no messages, says that it is gone, or has dead letters."""

    id: str
    destinations: tuple[str, ...]
    priority: Priority
    timing: Timing


class Behind(StrEnum):
    """Which tags of a connector are behind one PLC."""

    GROUP = "group"
    """Those of one group of the tag list."""
    AREA = "area"
    EQUIPMENT = "equipment"


@dataclass(frozen=True, slots=True)
class DeviceRule(Handled):
    """The server answers, but a PLC behind it does not: ``bad_pct`` % of the tags behind it are
    Bad. It goes when less than 100 − ``bad_pct`` % are."""

    id: str
    connectors: tuple[str, ...]
    behind: Behind
    priority: Priority
    timing: Timing
    bad_pct: float = 80.0


Rule = (
    ThroughputRule
    | ShiftShortfallRule
    | DriftRule
    | ForecastMissRule
    | BalanceRule
    | RunRule
    | LimitRule
    | BadQualityRule
    | StaleRule
    | CommunicationRule
    | DeviceRule
    | CounterRule
    | StuckRule
    | ClockRule
    | DeliveryRule
)
