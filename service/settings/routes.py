"""[[routes]] and [[on_call]], with [[quiet_hours]] and [flood]: who is told, when and how.

Names are judged by what the site has: a route that leads nowhere is found before an alarm is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from service.domain.alarm import Priority
from service.domain.announcing import Announcing
from service.domain.calendar import Calendar
from service.domain.instants import seconds
from service.domain.oncall import Duty, OnCall, Override
from service.domain.routing import Route, Routing
from service.settings.document import Document
from service.settings.explain import Where
from service.settings.floods import read_flooding
from service.settings.names import judge_names, judge_once, sound_tables
from service.settings.problems import choose, shown
from service.settings.quiet import read_quiet_hours
from service.settings.routetables import DutyTable, OnCallTable, RouteTable, weekday_numbers
from service.settings.rulebook import alarm_kinds
from service.settings.schedule import edge_ns

TABLES = ("routes", "on_call", "quiet_hours", "flood")
ROUTE_EXAMPLE = '[[routes]] with name = "all" and to = ["maintenance"]'
ON_CALL_EXAMPLE = "[[on_call]] with name, otherwise and duties"


@dataclass(frozen=True, slots=True)
class Known:
    """What the site has, by which names are judged; None where it is not known for sure."""

    destinations: Mapping[str, Priority]
    stages: Collection[str] | None
    rules: Collection[str] | None
    kinds: Collection[str]


class RouteBook:
    """Reads who is told; problems are noted in ``document``."""

    def __init__(self, document: Document, calendar: Calendar, known: Known) -> None:
        self._document = document
        self._calendar = calendar
        self._known = known
        self._shifts = [shift.id for shift in calendar.shifts]

    def read(self) -> Announcing:
        """What the tables say; worth something only when no problem was noted."""
        roles = self._roles()
        return Announcing(
            routing=Routing(self._known.destinations, self._routes(roles), roles),
            zone=self._calendar.zone,
            quiet_hours=read_quiet_hours(self._document, self._calendar, self._known.destinations),
            flooding=read_flooding(self._document, self._known.stages),
        )

    def _routes(self, roles: Collection[str]) -> tuple[Route, ...]:
        tables = sound_tables(self._document, "routes", RouteTable, ROUTE_EXAMPLE)
        judge_once(self._document, [(at, table.name) for at, table in tables], ("routes",))
        listeners = [*self._known.destinations, *roles]
        for at, table in tables:
            where = ("routes", at)
            self._judge(table.to, listeners, (*where, "to"), "a destination or a role on call")
            for n, step in enumerate(table.escalate_to):
                self._judge(
                    step, listeners, (*where, "escalate_to", n), "a destination or a role on call"
                )
            self._judge(table.stages, self._known.stages, (*where, "stages"), "a stage")
            self._judge(table.kinds, self._known.kinds, (*where, "kinds"), "a kind of rule")
            self._judge(table.shifts, self._shifts, (*where, "shifts"), "a shift of the calendar")
            self._judge_patterns(table.rules, self._known.rules, (*where, "rules"))
            if table.max_priority > table.min_priority:
                self._document.problem(
                    (*where, "max_priority"),
                    expected=f"{_name(table.min_priority)} or more urgent",
                    found=_name(table.max_priority),
                    remedy="max_priority is the most urgent that it takes, min_priority the least",
                )
        self._judge_last(tables)
        return tuple(_route(table) for _, table in tables)

    def _judge_last(self, tables: Sequence[tuple[int, RouteTable]]) -> None:
        """Notes what keeps an alarm from being told, or a route from ever being asked."""
        if tables and not tables[-1][1].takes_all:
            self._document.problem(
                ("routes", tables[-1][0]),
                expected="a last route without conditions, which takes whatever the others leave",
                found="one with conditions",
                remedy='add [[routes]] with name = "rest" and to = [ … ]; to = [] tells nobody',
            )
        for at, table in tables[:-1]:
            if table.takes_all and not table.continues:
                self._document.problem(
                    ("routes", at),
                    expected="conditions, or continues = true, while other routes follow",
                    found=f"{table.name}, which takes every alarm",
                    remedy="move it to the end",
                )

    def _roles(self) -> dict[str, OnCall]:
        tables = sound_tables(self._document, "on_call", OnCallTable, ON_CALL_EXAMPLE)
        names = [(at, table.name) for at, table in tables]
        judge_once(self._document, names, ("on_call",))
        for at, name in names:
            if name in self._known.destinations:
                self._document.problem(
                    ("on_call", at, "name"),
                    expected="a name that no notification has",
                    found=shown(name),
                    remedy="routes name both, so they have to be told apart",
                )
        return {table.name: self._role(("on_call", at), table) for at, table in tables}

    def _role(self, where: Where, table: OnCallTable) -> OnCall:
        self._destinations(table.otherwise, (*where, "otherwise"))
        duties = [self._duty((*where, "duties", n), duty) for n, duty in enumerate(table.duties)]
        overrides = []
        for n, one in enumerate(table.overrides):
            here = (*where, "overrides", n)
            self._destinations(one.to, (*here, "to"))
            start_ns, end_ns = (
                edge_ns(edge, self._calendar.day_start, self._calendar.zone)
                for edge in (one.start, one.end)
            )
            if end_ns <= start_ns:
                self._document.problem(
                    (*here, "end"),
                    expected=f"later than start, which is {one.start}",
                    found=str(one.end),
                    remedy="end is the first day (or moment) that is not theirs any more",
                )
            overrides.append(Override(one.to, start_ns, end_ns, one.reason or ""))
        return OnCall(table.name, tuple(duties), tuple(overrides), table.otherwise)

    def _duty(self, where: Where, table: DutyTable) -> Duty:
        if (table.to is None) == (table.turns is None):
            self._document.problem(
                where,
                expected="either to, or turns",
                found="neither" if table.to is None else "both",
                remedy="to names who it always is, turns who it is one after another",
            )
        if table.turns is not None and table.first is None:
            self._document.problem(
                (*where, "first"),
                expected="the day of the first turn",
                found="none",
                remedy="write e.g. first = 2026-01-05",
            )
        if table.first is not None and table.last is not None and table.last < table.first:
            self._document.problem(
                (*where, "last"),
                expected=f"not before first, which is {table.first}",
                found=str(table.last),
                remedy="last is the last day of this duty",
            )
        turns = table.turns or ((table.to or ()),)
        for n, names in enumerate(turns):
            self._destinations(
                names, (*where, "to") if table.turns is None else (*where, "turns", n)
            )
        self._judge(table.shifts, self._shifts, (*where, "shifts"), "a shift of the calendar")
        return Duty(
            turns,
            table.turn_days,
            table.first,
            table.last,
            weekday_numbers(table.weekdays),
            frozenset(table.shifts or ()),
        )

    def _destinations(self, names: Sequence[str], where: Where) -> None:
        self._judge(names, self._known.destinations, where, "the name of a [[notifications]]")

    def _judge(
        self, names: Sequence[str] | None, known: Collection[str] | None, where: Where, what: str
    ) -> None:
        judge_names(self._document, names, known, where, what)

    def _judge_patterns(
        self, patterns: Sequence[str] | None, known: Collection[str] | None, where: Where
    ) -> None:
        """Notes each of ``patterns`` that no rule fits."""
        for at, pattern in enumerate(patterns or ()):
            if known is not None and not any(fnmatchcase(name, pattern) for name in known):
                self._document.problem(
                    (*where, at),
                    expected="the id of a rule, or a pattern such as hour-*",
                    found=f"{shown(pattern)}, which no rule fits",
                    remedy=choose(pattern, known, otherwise="see the ids in rules.toml"),
                )


def _route(table: RouteTable) -> Route:
    return Route(
        name=table.name,
        to=table.to,
        escalate_to=table.escalate_to,
        stages=frozenset(table.stages or ()),
        assets=table.assets or (),
        rules=table.rules or (),
        kinds=frozenset(kind for one in table.kinds or () for kind in alarm_kinds(one)),
        least_urgent=table.min_priority,
        most_urgent=table.max_priority,
        shifts=frozenset(table.shifts or ()),
        group_ns=seconds(table.group_s),
        goes_on=table.continues,
    )


def _name(priority: Priority) -> str:
    return priority.name.lower()
