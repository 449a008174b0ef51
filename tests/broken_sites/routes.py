"""What is wrong with who is told: routes, roles on call, quiet hours, floods."""

from __future__ import annotations

from tests.broken_sites.broken import BrokenSite

FLOOD = "[flood]\n"
ROUTE = '[[routes]]\nname = "rest"\nto = ["maintenance"]\n\n'


def _added(name: str, lines: str, at: str, field: str, *words: str) -> BrokenSite:
    """The sample with ``lines`` before its floods."""
    return BrokenSite(name, "site.toml", FLOOD, f"{lines}\n{FLOOD}", at, field, words)


def _route(name: str, lines: str, at: str, field: str, *words: str) -> BrokenSite:
    """The sample with a route of ``lines`` before one that takes the rest."""
    text = f'[[routes]]\nname = "first"\n{lines}\n\n{ROUTE}'
    return _added(name, text, at, field, *words)


def _role(name: str, lines: str, at: str, field: str, *words: str) -> BrokenSite:
    """The sample with a role on call of ``lines``."""
    text = f'[[on_call]]\nname = "duty"\notherwise = ["maintenance"]\n{lines}\n'
    return _added(name, text, at, field, *words)


TO = 'to = ["maintenance"]'

BROKEN_ROUTES = (
    _route(
        "route to nobody known", 'to = ["maintenence"]\nstages = ["CB"]',
        "maintenence", "routes[1].to[1]", "a destination", 'did you mean "maintenance"?',
    ),
    _route(
        "escalation to nobody known", f'{TO}\nescalate_to = [["maintenance"], ["bos"]]\n'
        'stages = ["CB"]',
        "escalate_to", "routes[1].escalate_to[2][1]", '"bos"', "use one of maintenance",
    ),
    _route(
        "route for no stage", f'{TO}\nstages = ["CX"]',
        "CX", "routes[1].stages[1]", "a stage", '"CX"',
    ),
    _route(
        "route for no kind", f'{TO}\nkinds = ["troughput"]',
        "troughput", "routes[1].kinds[1]", 'did you mean "throughput"?',
    ),
    _route(
        "route for no shift", f'{TO}\nshifts = ["nights"]',
        "nights", "routes[1].shifts[1]", "a shift", 'did you mean "night"?',
    ),
    _route(
        "route for no rule", f'{TO}\nrules = ["hours-*"]',
        "hours-*", "routes[1].rules[1]", "no rule fits",
    ),
    _route(
        "route for no priority", f'{TO}\nmin_priority = "high"\nmax_priority = "low"',
        "max_priority", "routes[1].max_priority", "high or more urgent", "low",
    ),
    _route(
        "route without a condition before others", TO,
        "[[routes]]", "routes[1]", "takes every alarm", "move it to the end",
    ),
    _route(
        "two routes of one name", f'{TO}\nstages = ["CB"]\n\n[[routes]]\nname = "first" # twice\n'
        f'{TO}\nstages = ["GZ"]',
        "# twice", "routes[2].name", '"first"', "its own name",
    ),
    _added(
        "nobody hears of the rest", f'[[routes]]\nname = "kilns"\n{TO}\nstages = ["CB"]\n',
        "[[routes]]", "routes[1]", "a last route without conditions", "to = [] tells nobody",
    ),
    _role(
        "role without a duty", "duties = []",
        "duties", "on_call[1].duties", "a list that is not empty",
    ),
    _role(
        "duty of nobody", 'duties = [{ weekdays = ["sat"] }]',
        "duties", "on_call[1].duties[1]", "either to, or turns", "neither",
    ),
    _role(
        "turns without a first day", 'duties = [{ turns = [["maintenance"], ["maintenance"]] }]',
        "duties", "on_call[1].duties[1].first", "the day of the first turn", "first = 2026-01-05",
    ),
    _role(
        "no such weekday", f'duties = [{{ {TO}, weekdays = ["sun", "mo"] }}]',
        "duties", "on_call[1].duties[1].weekdays[2]", '"mo"', 'did you mean "mon"?',
    ),
    _role(
        "override that ends before it begins", f"duties = [{{ {TO} }}]\n"
        f"overrides = [{{ {TO}, start = 2026-10-08, end = 2026-10-01 }}]",
        "overrides", "on_call[1].overrides[1].end", "later than start", "2026-10-01",
    ),
    _added(
        "role with the name of a destination",
        f'[[on_call]]\notherwise = ["maintenance"]\nduties = [{{ {TO} }}]\n'
        'name = "maintenance" # x\n',
        "# x", "on_call[1].name", "no notification has",
    ),
    _added(
        "quiet without an end",
        '[[quiet_hours]]\ndestinations = ["maintenance"]\nstart = "00:00"\nend = "00:00"\n',
        "[[quiet_hours]]", "quiet_hours[1]", "quiet without an end", "min_priority",
    ),
    _added(
        "quiet for nobody",
        '[[quiet_hours]]\ndestinations = ["boss"]\nstart = "22:00"\nend = "06:00"\n',
        "boss", "quiet_hours[1].destinations[1]", '"boss"', "use one of maintenance",
    ),
    _added(
        "quiet that lets no such thing pass",
        '[[quiet_hours]]\ndestinations = ["maintenance"]\nstart = "22:00"\nend = "06:00"\n'
        'passes = "urgent"\n',
        "passes", "quiet_hours[1].passes", '"critical"', '"none"', '"urgent"',
    ),
    BrokenSite(
        "flood that ends above its begin", "site.toml",
        "ends_below = 5", "ends_below = 15",
        "ends_below", "flood.ends_below", ("at most begins_above, which is 10", "15"),
    ),
    BrokenSite(
        "stage of two positions", "site.toml",
        "digest_min = 5.0",
        'positions = [{ name = "a", stages = ["CB"] }, { name = "b", stages = ["GZ", "CB"] }]',
        "positions", "flood.positions[2].stages[2]", ("a stage of no other position", "CB"),
    ),
    BrokenSite(
        "two positions for the rest", "site.toml",
        "digest_min = 5.0", 'positions = [{ name = "a" }, { name = "b" }]',
        "positions", "flood.positions", ("one position without stages", "a and b"),
    ),
)  # fmt: skip
