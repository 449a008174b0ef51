"""What late knowledge means for alarms: which were disproved, and which would have come."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.domain.alarm import AlarmDefinition
from service.domain.backtest.inputs import Inputs
from service.domain.backtest.replay import replay
from service.domain.backtest.run import alerts_of
from service.domain.instants import MINUTE_NS


class Finding(StrEnum):
    """What a retrospective entry says."""

    DISPROVED = "disproved"
    """The alarm came; by what is known now it would not have."""
    MISSED = "missed"
    """No alarm came; by what is known now one would have."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm of the journal. returned_ns: None while it stands."""

    id: str
    raised_ns: int
    returned_ns: int | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Retrospective:
    """One entry: it corrects the record, calls nobody out, and leaves the alarm as it was.

    alarm: the one that is disproved. at_ns: when it was raised, or would have been. value_then,
    value_now: in %, what the rule saw then and what it sees now, None for unknown.
    """

    id: str
    finding: Finding
    definition: AlarmDefinition
    alarm: str | None
    at_ns: int
    value_then: float | None
    value_now: float | None


def look_back(
    definition: AlarmDefinition,
    then: Inputs,
    now: Inputs,
    came: Sequence[Raised],
    *,
    since_ns: int,
) -> list[Retrospective]:
    """What of ``came`` is disproved, and what would have come, from ``since_ns`` on.

    then, now: what the rule sees in what was known then, and in what is known now, minute by
    minute. An alert that what was known then would raise too is not news: the rule has changed.
    """
    was = alerts_of(replay(definition, then)[1])
    would = alerts_of(replay(definition, now)[1])
    end_ns = int(now.end_ns[-1]) if len(now.end_ns) else since_ns
    found = []
    for one in came:
        spans = [(a.raised_ns, a.returned_ns) for a in would]
        if since_ns <= one.raised_ns <= end_ns and not _meets(one, spans):
            value = _value_at(now, one.raised_ns)
            found.append(
                _entry(Finding.DISPROVED, definition, one.id, one.raised_ns, one.value, value)
            )
    known = [(a.raised_ns, a.returned_ns) for a in came]
    known += [(a.raised_ns, a.returned_ns) for a in was]
    for alert in would:
        mine = Raised("", alert.raised_ns, alert.returned_ns, alert.value)
        if alert.raised_ns >= since_ns and not _meets(mine, known):
            value = _value_at(then, alert.raised_ns)
            found.append(
                _entry(Finding.MISSED, definition, None, alert.raised_ns, value, alert.value)
            )
    return found


def why(entry: Retrospective) -> tuple[str, str]:
    """The reason in English and Chinese."""
    now_en, then_en = _said(entry.value_now, "not known"), _said(entry.value_then, "nothing")
    now_zh, then_zh = _said_zh(entry.value_now, "未知"), _said_zh(entry.value_then, "未知")
    english = f"By what is known now, production was {now_en}; what was known then said {then_en}."
    return english, f"按现在所知，产量{now_zh}；按当时所知，{then_zh}。"


def _said(deviation_pct: float | None, nothing: str) -> str:
    return nothing if deviation_pct is None else f"{100.0 + deviation_pct:.1f} % of plan"


def _said_zh(deviation_pct: float | None, nothing: str) -> str:
    return nothing if deviation_pct is None else f"为计划的 {100.0 + deviation_pct:.1f} %"


def _entry(
    finding: Finding,
    definition: AlarmDefinition,
    alarm: str | None,
    at_ns: int,
    then: float | None,
    now: float | None,
) -> Retrospective:
    named = "\x1f".join((finding, definition.version, definition.id, alarm or "", str(at_ns)))
    name = hashlib.sha256(named.encode()).hexdigest()[:32]
    return Retrospective(name, finding, definition, alarm, at_ns, then, now)


def _meets(one: Raised, spans: Iterable[tuple[int, int | None]]) -> bool:
    """Whether ``one`` stood at any time with one of ``spans``."""
    end_ns = math.inf if one.returned_ns is None else one.returned_ns
    return any(a <= end_ns and one.raised_ns <= (math.inf if b is None else b) for a, b in spans)


def _value_at(inputs: Inputs, at_ns: int) -> float | None:
    """What the rule saw at the first minute's end from ``at_ns`` on; None for nothing."""
    if not len(inputs.end_ns):
        return None
    at = (-(-at_ns // MINUTE_NS) * MINUTE_NS - int(inputs.end_ns[0])) // MINUTE_NS
    value = float(inputs.value[min(max(at, 0), len(inputs.value) - 1)])
    return None if math.isnan(value) else value
