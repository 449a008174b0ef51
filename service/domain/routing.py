"""Routing: which destinations hear of an alarm at an instant, as a site's routes say.

Routes are asked in order. The first that takes the alarm ends the search, unless it says that the
next ones are asked too. Each names destinations, or roles that somebody is on call for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from service.domain.alarm import AlarmDefinition, Priority
from service.domain.oncall import Basis, Moment, OnCall, called


@dataclass(frozen=True, slots=True)
class Subject:
    """What routes look at of an alarm."""

    rule: str
    kind: str
    priority: Priority
    asset: str
    stage: str | None

    @staticmethod
    def of(definition: AlarmDefinition, priority: Priority | None = None) -> Subject:
        """The subject that alarms of ``definition`` are; priority: instead of its own."""
        return Subject(
            definition.rule,
            definition.kind,
            definition.priority if priority is None else priority,
            definition.asset,
            definition.stage,
        )


@dataclass(frozen=True, slots=True)
class Route:
    """Who hears of which alarms. An empty condition holds for every alarm.

    to: destinations and roles. escalate_to: who hears of it when nobody acknowledges, step by step;
    after the last step it stays with that one, without any with ``to``. assets, rules: patterns in
    the manner of a shell. least_urgent, most_urgent: the priorities that are taken, both included.
    group_ns: how long alarms that are not critical are collected, so that one message tells what
    belongs together. goes_on: the next routes are asked too.
    """

    name: str
    to: tuple[str, ...]
    escalate_to: tuple[tuple[str, ...], ...] = ()
    stages: frozenset[str] = frozenset()
    assets: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    least_urgent: Priority = Priority.LOW
    most_urgent: Priority = Priority.CRITICAL
    shifts: frozenset[str] = frozenset()
    group_ns: int = 0
    goes_on: bool = False

    def at(self, step: int) -> tuple[str, ...]:
        """Who is told when an alarm was escalated ``step`` times; 0 when it comes."""
        steps = (self.to, *self.escalate_to)
        return steps[min(step, len(steps) - 1)]


class Mismatch(StrEnum):
    """Why a route does not take an alarm."""

    STAGE = "stage"
    ASSET = "asset"
    RULE = "rule"
    KIND = "kind"
    PRIORITY = "priority"
    SHIFT = "shift"
    TAKEN = "taken"
    """An earlier route took it and did not say that the search goes on."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Who is told at this site.

    destinations: by name the least urgent priority that it hears of; no other is told. routes:
    without any, every destination hears of every alarm that is urgent enough for it. roles: who is
    on call, by name.
    """

    destinations: Mapping[str, Priority]
    routes: tuple[Route, ...] = ()
    roles: Mapping[str, OnCall] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """One destination that hears of an alarm, and by which way.

    route: None when the site has no routes. role and basis: when it is on call for a role, and what
    says so. group_ns: as its route says.
    """

    destination: str
    route: str | None = None
    role: str | None = None
    basis: Basis | None = None
    group_ns: int = 0


def hear(routing: Routing, subject: Subject, now: Moment, *, step: int = 0) -> tuple[Heard, ...]:
    """The destinations that hear of ``subject`` at ``now``, each once, by the first way that leads
    to it.

    step: how often the alarm has been escalated; 0 when it comes.
    """
    if not routing.routes:
        return tuple(
            Heard(name)
            for name, least_urgent in routing.destinations.items()
            if subject.priority <= least_urgent
        )
    found: dict[str, Heard] = {}
    for route, mismatch in tried(routing, subject, now):
        if mismatch is None:
            for one in _of_route(routing, route, now, step):
                least_urgent = routing.destinations.get(one.destination)
                if least_urgent is not None and subject.priority <= least_urgent:
                    found.setdefault(one.destination, one)
    return tuple(found.values())


def tried(
    routing: Routing, subject: Subject, now: Moment
) -> Iterator[tuple[Route, Mismatch | None]]:
    """Each route in order, with why it does not take ``subject``; None when it does."""
    is_taken = False
    for route in routing.routes:
        mismatch = Mismatch.TAKEN if is_taken else _mismatch(route, subject, now)
        yield route, mismatch
        is_taken |= mismatch is None and not route.goes_on


def _of_route(routing: Routing, route: Route, now: Moment, step: int) -> Iterator[Heard]:
    for name in route.at(step):
        role = routing.roles.get(name)
        if role is None:
            yield Heard(name, route.name, group_ns=route.group_ns)
            continue
        destinations, basis = called(role, now)
        for destination in destinations:
            yield Heard(destination, route.name, name, basis, route.group_ns)


def _mismatch(route: Route, subject: Subject, now: Moment) -> Mismatch | None:
    if route.stages and subject.stage not in route.stages:
        return Mismatch.STAGE
    if route.assets and not _fits(subject.asset, route.assets):
        return Mismatch.ASSET
    if route.rules and not _fits(subject.rule, route.rules):
        return Mismatch.RULE
    if route.kinds and subject.kind not in route.kinds:
        return Mismatch.KIND
    if not route.most_urgent <= subject.priority <= route.least_urgent:
        return Mismatch.PRIORITY
    if route.shifts and now.shift not in route.shifts:
        return Mismatch.SHIFT
    return None


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
