"""What truly happened, as somebody labelled it, and which alerts found it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Label:
    """Something that an alert is wanted for, [start_ns, end_ns). stage: None for any stage."""

    what: str
    stage: str | None
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One raise of an alarm, and its return; None when it still stood at the end."""

    raised_ns: int
    returned_ns: int | None
    value: float | None


class Found(StrEnum):
    """What became of a label."""

    CAUGHT = "caught"
    """An alert was raised while it lasted, or within the grace after it."""
    STANDING = "standing"
    """None was raised, for one stood already when it began."""
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A label and what became of it. delay_ns: from its begin to the first alert, when caught.
    by: the alarm that was first, or stood."""

    label: Label
    found: Found
    delay_ns: int | None = None
    by: str | None = None


def verdict(
    label: Label, alerts: Iterable[tuple[str, Sequence[Alert]]], *, grace_ns: int
) -> Verdict:
    """What became of ``label``; alerts: by alarm, those of its stage only."""
    first: tuple[int, str] | None = None
    stood: str | None = None
    for alarm, raised in alerts:
        for alert in raised:
            if matches(alert, label, grace_ns=grace_ns):
                first = min(first or (alert.raised_ns, alarm), (alert.raised_ns, alarm))
            elif alert.raised_ns < label.start_ns and (
                alert.returned_ns is None or alert.returned_ns > label.start_ns
            ):
                stood = stood or alarm
    if first is not None:
        return Verdict(label, Found.CAUGHT, first[0] - label.start_ns, first[1])
    if stood is not None:
        return Verdict(label, Found.STANDING, by=stood)
    return Verdict(label, Found.MISSED)


def matches(alert: Alert, label: Label, *, grace_ns: int) -> bool:
    """Whether ``alert`` was raised during ``label`` or within the grace after it."""
    return label.start_ns <= alert.raised_ns < label.end_ns + grace_ns
