"""Handling: what a rule wants done about its alarms. It never decides whether an alarm stands.

So nothing of it is part of a definition's version: a changed guidance, or a rule that leaves shadow
mode, keeps the alarms that stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Guidance:
    """What the rationalisation of an alarm found (ISA-18.2, IEC 62682): told with the alarm.

    respond_min: within so long the response still helps. owner: who is to respond.
    """

    cause: Words
    consequence: Words
    response: Words
    respond_min: float
    owner: Words


class Same(StrEnum):
    """Where the alarm has to stand whose rule suppresses another one."""

    EQUIPMENT = "equipment"
    STAGE = "stage"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class WhileAlarm:
    """While an alarm of ``rule`` stands on the same equipment, or wherever ``same`` says; one in
    shadow mode, suppressed or out of service does not count."""

    rule: str
    same: Same = Same.EQUIPMENT


@dataclass(frozen=True, slots=True)
class WhileTag:
    """While a tag's value is above ``above``, or below ``below``.

    tag: the ending of a tag of the alarm's equipment, such as ``M601.ST``, or a whole tag id. A
    value that has been unknown for longer than a minute suppresses nothing.
    """

    tag: str
    above: float | None = None
    below: float | None = None


Condition = WhileAlarm | WhileTag
"""What suppresses an alarm by design."""


@dataclass(frozen=True, slots=True)
class Chattering:
    """An alarm chatters from ``raises`` raises within ``window_s`` on (ISA-18.2: three within a
    minute), and has calmed when ``calm_s`` passed without another."""

    raises: int = 3
    window_s: float = 60.0
    calm_s: float = 600.0


FLAPPING = Chattering(raises=12, window_s=3_600.0, calm_s=900.0)
"""The same over an hour. What comes every five minutes is too slow for a minute's window, and alone
fills an operator's hour (ISA-18.2: twelve an hour are the most that one can handle)."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What is done about the alarms of one rule.

    latching: an alarm that has returned stays until it is reset. realarm_s: told again while it
    stands, every so often. escalate_s: told further when nobody acknowledged for so long, and again
    after as long, up to escalate_times. shadow: evaluated, counted and kept in the journal, but
    nobody is called. suppressed_by: while any of these holds nobody is called. settle_s: when its
    alarm goes, those that it explained have so long to go as well before they are told. chattering,
    flapping: from when on an alarm that comes again and again is not told any more, within moments
    and more slowly.
    """

    latching: bool = False
    realarm_s: float | None = None
    escalate_s: float | None = None
    escalate_times: int = 1
    shadow: bool = False
    suppressed_by: tuple[Condition, ...] = ()
    settle_s: float = 60.0
    chattering: Chattering = Chattering()
    flapping: Chattering = FLAPPING
    guidance: Guidance | None = None


PLAIN = Handling()
"""What is done when a rule says nothing of it."""
