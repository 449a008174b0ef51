"""What is known of some minutes, and the losses that are found in them; runs in worker threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.arrays import Float64s
from service.domain.calendar import ShiftSpan
from service.domain.instants import MINUTE_NS
from service.domain.line import Line
from service.domain.losses.entries import ReasonEntry
from service.domain.losses.reasons import LossKind
from service.domain.losses.shifts import Look, ShiftLosses, find_shifts, look
from service.domain.losses.units import StageMinutes
from service.domain.losses.window import line_minutes
from service.domain.plan import Plan


@dataclass(frozen=True)
class Recorded:
    """kg: by meter, each minute of the span, NaN where unknown; kWh of an energy meter.
    last_made_ns: by unit, the end of the last minute before the span in which it made something, as
    far as losses were found. carried: events that ended just where the span begins. entries:
    statements that overlap it."""

    kg: Mapping[str, Float64s]
    last_made_ns: Mapping[str, int]
    carried: Mapping[str, tuple[LossKind, int]]
    entries: Sequence[ReasonEntry]


def found_shifts(
    line: Line,
    plan: Plan,
    recorded: Recorded,
    window: tuple[int, int],
    spans: Sequence[ShiftSpan],
) -> list[ShiftLosses]:
    """The losses of each of ``spans``, each with the line as it was then.

    window: [first, end) of the minutes of ``recorded``, since 1970.
    """
    found: list[ShiftLosses] = []
    for then, part in _by_version(line, spans):
        found += find_shifts(
            then, _minutes(then, plan, recorded, window), part,
            entries=recorded.entries, carried=recorded.carried,
            last_made_ns=recorded.last_made_ns,
            kwh={m.unit: recorded.kg[m.id] for m in then.energy},
        )  # fmt: skip
    return found


def looked_at(
    line: Line, plan: Plan, recorded: Recorded, window: tuple[int, int], cut: tuple[int, int]
) -> Look:
    """The losses of all of ``window``, and of the minutes [first, end) of ``cut`` within; with the
    line as it was when these began."""
    then = line.at(cut[0] * MINUTE_NS)
    return look(
        then, _minutes(then, plan, recorded, window), recorded.entries,
        first_minute=cut[0], end_minute=cut[1],
    )  # fmt: skip


def _minutes(
    line: Line, plan: Plan, recorded: Recorded, window: tuple[int, int]
) -> list[StageMinutes]:
    first, end = window
    return line_minutes(
        line, plan, recorded.kg,
        first_minute=first, n_minutes=end - first, last_made_ns=recorded.last_made_ns,
    )  # fmt: skip


def _by_version(line: Line, spans: Sequence[ShiftSpan]) -> list[tuple[Line, list[ShiftSpan]]]:
    """``spans`` by the line as it was when each began: a shift's losses are found with one."""
    found: list[tuple[Line, list[ShiftSpan]]] = []
    for span in spans:
        then = line.at(span.start_ns)
        if found and found[-1][0] == then:
            found[-1][1].append(span)
        else:
            found.append((then, [span]))
    return found
