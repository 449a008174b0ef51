"""What `anodewatch check` says of a folder: every problem, or what the site amounts to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from service.domain.instants import HOUR_NS, to_datetime
from service.domain.line import Stage
from service.settings.problems import SiteError, SiteProblem
from service.settings.site import Site, load_site

SOUND = 0
BROKEN = 2
"""Exit codes."""
ALIKE = 10
"""So many problems of one kind are listed."""


def report(folder: Path) -> tuple[list[str], int]:
    """The lines to print and the exit code: 0 for a sound site, 2 for a broken one."""
    try:
        site = load_site(folder)
    except SiteError as error:
        count = len(error.problems)
        total = f"{count:,} problem{'s' if count > 1 else ''} in {folder}"
        return [*_listed(error.problems), total], BROKEN
    return summary(site), SOUND


def _listed(problems: Sequence[SiteProblem]) -> list[str]:
    """One line for each problem; of many of a kind the first ones, and how many more there are.

    A misspelt connector, or a list saved with decimal commas, is wrong in thousands of rows.
    """
    lines: list[str] = []
    kinds = Counter((p.file, p.expected, p.remedy) for p in problems)
    seen: Counter[tuple[str, str, str]] = Counter()
    for problem in problems:
        kind = (problem.file, problem.expected, problem.remedy)
        seen[kind] += 1
        if seen[kind] <= ALIKE:
            lines.append(str(problem))
        elif seen[kind] == ALIKE + 1:
            more = kinds[kind] - ALIKE
            lines.append(f"{problem.file}: expected {problem.expected}: {more:,} more like these")
    return lines


def summary(site: Site) -> list[str]:
    """What the site amounts to, line by line, so that a wrong number catches the eye."""
    kinds = Counter(str(tag.kind) for tag in site.tags)
    meters = {stage: len(found) for stage, found in site.line.meters_by_stage.items()}
    energy = Counter(meter.stage for meter in site.line.energy)
    watched = Counter(_words(type(rule).__name__.removesuffix("Rule")) for rule in site.rules)
    sources = (f"{name} ({_kind(settings)})" for name, settings in site.sources.items())
    shifts = ", ".join(f"{shift.id} {shift.start:%H:%M}" for shift in site.calendar.shifts)
    target_t = site.plan.target_of(site.year) / 1_000
    planned_ns = site.calendar.planned_ns(*site.calendar.year_bounds_ns(site.year))
    rate_t_per_h = site.plan.rate_kg_per_h(site.year) / 1_000
    plan = f"{target_t:,.0f} t in {site.year} over {planned_ns / HOUR_NS:,.0f} planned hours"
    return [
        f"{site.name_en} ({site.name_zh}), {site.id}, {site.zone.key}",
        f"tags           {len(site.tags)}: {_counts(kinds)}",
        f"connectors     {', '.join(sources)}",
        f"history        {_kind(site.history)}",
        f"stages         {', '.join(stage.id for stage in site.line.stages)}",
        f"meters         {len(site.line.meters)}: {_counts(meters)}",
        *([f"energy meters  {_counts(energy)}"] if energy else []),
        *(f"version        {line}" for line in _versions(site)),
        f"output         counted at {site.line.output_stage}",
        f"shifts         {shifts}; {site.crews} crews",
        f"plan           {plan}, {rate_t_per_h:.2f} t/h",
        f"rules          {len(site.rules)}: {_counts(watched)}",
        f"outbound       {_outbound(site)}",
        f"notifications  {', '.join(d.name for d in site.destinations) or 'none'}",
        f"{site.folder} is sound",
    ]


def _outbound(site: Site) -> str:
    """Where messages may go."""
    outbound = site.outbound
    proxy = "" if outbound.proxy is None else f", through {outbound.proxy}"
    hosts = f" of {', '.join(outbound.hosts)}" if outbound.hosts else ""
    return f"{', '.join(outbound.networks) or 'nowhere'}{hosts}{proxy}"


def _versions(site: Site) -> list[str]:
    """What is otherwise from when on, in the order of time, a line for each."""
    zone = site.zone
    found = []
    for change in site.line.changes:
        id_ = change.stage.id
        was = next(s for at, s in reversed(site.line.history_of(id_)) if at < change.effective_ns)
        found.append((change.effective_ns, f"{id_}: {_difference(was, change.stage)}"))
    masses = {
        (meter.stage, effective_ns, kg)
        for meter in site.line.meters
        for effective_ns, kg in meter.masses
    }
    found += [(at, f"meters of {stage}: {kg:g} kg a unit") for stage, at, kg in sorted(masses)]
    return [
        f"from {to_datetime(at).astimezone(zone):%Y-%m-%d %H:%M}  {what}"
        for at, what in sorted(found)
    ]


def _difference(was: Stage, now: Stage) -> str:
    """``yield 93 → 93.5 %, …``"""
    shown = (
        ("yield", "%", 100 * was.yield_fraction, 100 * now.yield_fraction),
        ("finished_eq", "", was.finished_eq, now.finished_eq),
        ("side input", "%", 100 * was.side_share, 100 * now.side_share),
        ("capacity", "t/h", was.capacity_t_per_h, now.capacity_t_per_h),
        ("buffer", "t", (was.buffer_kg or 0) / 1_000, (now.buffer_kg or 0) / 1_000),
    )
    return ", ".join(f"{n} {a:g} → {b:g} {u}".strip() for n, u, a, b in shown if a != b)


def _counts(counts: Counter[str] | dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _words(name: str) -> str:
    """BadQuality → bad quality."""
    return re.sub(r"(?<!^)([A-Z])", r" \1", name).lower()


def _kind(settings: object) -> str:
    return str(getattr(settings, "kind", type(settings).__name__))
