"""What an alarm is, after ISA-18.2: its definition, its states, and the steps between them.

How it steps is in ``service.domain.lifecycle``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum

from service.domain.handling import PLAIN, Handling


class Priority(IntEnum):
    """ISA-18.2 priorities; 1 is the most urgent."""

    CRITICAL = 1
    HIGH = 2
    MEDIUM = 3
    LOW = 4


class Input(Enum):
    """What a rule sees. UNKNOWN is not false: it holds the state."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """Where the process and the acknowledgement stand, after ISA-18.2; whether the alarm is
    shelved, suppressed or out of service meanwhile is told beside it."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Returned to normal, not yet acknowledged."""
    LATCHED = "latched"
    """Returned to normal, and kept until somebody resets it."""


class TransitionKind(StrEnum):
    """What one step of an alarm is."""

    RAISED = "raised"
    RERAISED = "reraised"
    """It stands, and people are called (again): it stood for long, or nothing keeps them from being
    called any more."""
    ESCALATED = "escalated"
    """It stands, and nobody acknowledged in time."""
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    """A latched alarm was let go."""
    CLEARED = "cleared"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    """By design: the plant's state makes the alarm meaningless."""
    UNSUPPRESSED = "unsuppressed"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"
    COMMENTED = "commented"


class Quiet(StrEnum):
    """Why nobody is called about a transition."""

    OUT_OF_SERVICE = "out_of_service"
    SUPPRESSED = "suppressed"
    SHELVED = "shelved"
    SHADOW = "shadow"
    """The rule is on trial: evaluated and counted, not announced."""
    INHIBITED = "inhibited"
    """Another alarm stands that explains this one."""
    CHATTERING = "chattering"


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nobody is called, and by what: the person who shelved it, the alarm that inhibits it."""

    quiet: Quiet
    by: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmDefinition:
    """One alarm that can stand: a rule applied to one asset.

    id: ``rule:target``. version: hash of what the rule judges by, so that a changed rule makes new
    ids; its ``handling`` is no part of that. stake_t: finished tonnes that the plant misses when it
    lasts for a day; None where that can't be said.
    """

    id: str
    rule: str
    version: str
    kind: str
    priority: Priority
    asset: str
    on_delay_ns: int
    off_delay_ns: int
    message_en: str
    message_zh: str
    tag: str | None = None
    stage: str | None = None
    limit: float | None = None
    unit: str = ""
    handling: Handling = PLAIN
    stake_t: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Since when and why an alarm calls nobody. by: the person; None where the plant's state did
    it. until_ns: when it ends by itself; None when somebody must end it."""

    since_ns: int
    reason: str
    by: str | None = None
    until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """How people were called about an alarm that stands, in processing time.

    since_ns: when they were called and have not acknowledged since. last_ns: when they were called
    last. escalated: how often since since_ns.
    """

    since_ns: int
    last_ns: int
    escalated: int = 0


@dataclass(frozen=True, slots=True)
class AlarmState:
    """Where one alarm stands.

    pending_ns: since when the input has been against the state (true while clear, false while
    standing). alarm: id of the occurrence: that of the transition which raised it from normal.
    untold: why nobody was told that it stands; None when they were told. root: the alarm to which
    the occurrence belongs. owed: nobody was told of it this time, but of the same occurrence
    before, and nobody has acknowledged since. call: None until the clock has seen that it stands.
    """

    phase: Phase = Phase.NORMAL
    pending_ns: int | None = None
    alarm: str | None = None
    shelved: Hold | None = None
    suppressed: Hold | None = None
    out_of_service: Hold | None = None
    untold: Silence | None = None
    root: str | None = None
    owed: bool = False
    call: Call | None = None

    @property
    def stands(self) -> bool:
        """Whether the condition is held to be true."""
        return self.phase in (Phase.UNACKNOWLEDGED, Phase.ACKNOWLEDGED)

    @property
    def holds(self) -> tuple[tuple[Quiet, Hold], ...]:
        """All that keeps people from being called, the strongest first."""
        all_of_them = (
            (Quiet.OUT_OF_SERVICE, self.out_of_service),
            (Quiet.SUPPRESSED, self.suppressed),
            (Quiet.SHELVED, self.shelved),
        )
        return tuple((quiet, hold) for quiet, hold in all_of_them if hold is not None)

    @property
    def held(self) -> Silence | None:
        """Why the state itself keeps people from being called; None when it doesn't."""
        for quiet, hold in self.holds:
            return Silence(quiet, hold.by or hold.reason)
        return None


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of one alarm; ``at_ns`` is event time, ``by`` the person where a person did it.

    alarm: the occurrence; None when the alarm is normal. quiet: why nobody is called about it; None
    when nothing keeps people from being told. quiet_by: who or what makes it so.
    """

    id: str
    alarm: str | None
    definition: str
    kind: TransitionKind
    at_ns: int
    value: float | None = None
    by: str | None = None
    comment: str | None = None
    quiet: Quiet | None = None
    quiet_by: str | None = None
    root: str | None = None


NORMAL = AlarmState()


def speaks(definition: AlarmDefinition, state: AlarmState) -> bool:
    """Whether the alarm, when it stands, may keep people from being called about others: one of
    which nobody is ever told can't stand for them. What somebody shelved is known."""
    aside = state.suppressed is not None or state.out_of_service is not None
    return not (definition.handling.shadow or aside)
