"""A shift report as a self-contained page that fits two sheets of A4."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from service.api.report import say
from service.api.report.curve import curve_svg
from service.api.report.load import load_of
from service.api.report.words import WORDS, Words, name_of
from service.domain.alarm import Priority
from service.domain.kpi import KPIS
from service.domain.language import Language
from service.domain.losses.reasons import REASON_NAMES, Reason
from service.domain.report.content import (
    AlarmLine,
    AlarmPart,
    Change,
    KpiPart,
    LossPart,
    Names,
    NoteLine,
    NotePart,
    Part,
    ShiftReport,
)

REASONS, EVENTS, CHANGES = 8, 6, 6
"""How many lines of each fit."""
ALARM_LINES, ALARM_CELLS, MOST_ALARM_CELLS = 20, 58, 110
NOTE_LINES, NOTE_CELLS, MOST_NOTE_CELLS = 9, 80, 220
"""Lines for all of them, cells in one line, and cells until a text is shortened."""
LOAD_LINES, LOAD_CELLS = 2, 130
"""What is said of the load has so many lines beside all ALARM_LINES; more of it takes from these.
"""
FONTS = (
    '"Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", '
    '"Microsoft YaHei", "PingFang SC", sans-serif'
)
"""Fonts with Chinese characters that systems bring; one for both languages, so that both fit."""


def report_html(report: ShiftReport, language: Language) -> str:
    """``report`` as an HTML document that needs nothing else."""
    words, zone = WORDS[language], ZoneInfo(report.zone)
    within = (report.start_ns, report.end_ns)
    return _environment().get_template("report.html").render(
        r=report,
        w=words,
        fonts=FONTS,
        lang="en" if language is Language.EN else "zh-CN",
        clock=partial(say.clock, zone=zone, within=within),
        moment=partial(say.day_and_time, zone=zone),
        name=partial(_name, language=language),
        called=partial(name_of, language=language),
        curve=curve_svg(report.curve, zone, label=words["curve"]),
        state=_state(report, words, zone),
        changes=_changes(report, language),
        more_changes=max(len(report.changes) - CHANGES, 0),
        tiles=_tiles(report, words),
        losses=_losses(report, language),
        kpis=_kpis(report, language),
        alarms=_alarms(report, language),
        notes=_notes(report),
        stage_names={stage.id: stage.names for stage in report.stages},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure at the top. figures: its deviation, where it has one."""

    label: str
    value: str
    unit: str
    below: str
    mark: str = ""
    deviation: str = ""


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("service.api.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "t": say.tonnes,
        "signed_t": lambda kg: say.signed(None if kg is None else kg / say.KG_PER_T),
        "signed": say.signed,
        "n": say.number,
        "share": say.share,
        "mark": say.mark,
        "short": say.shortened,
    }
    return made


def _name(names: Names, language: Language) -> str:
    return names.en if language is Language.EN else names.zh


def _reason(reason: Reason, language: Language) -> str:
    return REASON_NAMES[reason][0 if language is Language.EN else 1]


def _state(report: ShiftReport, words: Words, zone: ZoneInfo) -> str:
    """Whether these figures are the last word."""
    if report.final:
        return words["complete"] if report.revision else words["not_made"]
    if report.made_ns < report.end_ns:
        return words["running"].format(until=say.day_and_time(report.until_ns, zone))
    return words["provisional"] if report.revision else words["not_made"]


def _tiles(report: ShiftReport, words: Words) -> list[Tile]:
    plant = report.plant
    tiles = []
    for label, figures in (
        ("output", plant.shift),
        ("day", plant.day),
        ("month", plant.month),
        ("year", plant.year),
    ):
        whole = figures.known_share >= 1.0
        below = words["of_plan" if whole else "of_plan_known"].format(
            plan=say.tonnes(figures.plan_kg), known=say.share(figures.known_share)
        )
        deviation = figures.deviation_pct
        tiles.append(
            Tile(
                words[label],
                say.tonnes(figures.actual_kg),
                "t",
                below,
                say.mark(figures),
                "" if deviation is None else f"{say.signed(deviation)}{say.SPACE}%",
            )
        )
    target = say.tonnes(plant.year_target_kg, 0)
    rate = say.tonnes(plant.catch_up_kg_per_h, 2)
    for_year = words["catch_up_for"].format(target=target)
    return [*tiles, Tile(words["catch_up"], rate, "t/h", for_year)]


def _changes(report: ShiftReport, language: Language) -> list[str]:
    return [_change(one, language) for one in report.changes[:CHANGES]]


def _change(one: Change, language: Language) -> str:
    said: dict[Part, tuple[Any, str]] = {
        Part.MADE: (partial(say.tonnes, digits=3), f"{say.SPACE}t"),
        Part.LOSSES: (partial(say.tonnes, digits=3), f"{say.SPACE}t"),
        Part.KNOWN: (partial(say.share, digits=1), ""),
    }
    write, unit = said.get(one.part, (partial(say.number, digits=0), ""))
    what = " ".join(filter(None, (one.subject, name_of(one.part, language))))
    if one.was is None and one.now is None:
        return what
    absent = WORDS[language]["absent" if one.part is Part.LOSSES else "unknown"]
    was, now = (absent if v is None else write(v) + unit for v in (one.was, one.now))
    return f"{what}: {was} → {now}"


def _losses(report: ShiftReport, language: Language) -> dict[str, Any] | None:
    part = report.losses
    if not isinstance(part, LossPart):
        return None
    reasons = [
        (one, _reason(one.reason, language)) for one in part.by_reason[:REASONS]
    ]  # fmt: skip
    events = [(one, _reason(one.reason, language)) for one in part.events[:EVENTS]]
    return {
        "reasons": reasons,
        "more_reasons": len(part.by_reason) - len(reasons),
        "events": events,
        "more_events": part.total - len(events),
    }


def _kpis(report: ShiftReport, language: Language) -> list[tuple[str, list[str]]] | None:
    """A row for each indicator that any stage has, with a cell for each stage of the report."""
    part = report.kpis
    if not isinstance(part, KpiPart):
        return None
    by_stage = {one.stage: one for one in part.stages}
    rows = []
    for kpi in KPIS:
        found = [by_stage[s.id].values.get(kpi.id) if s.id in by_stage else None
                 for s in report.stages]  # fmt: skip
        if any(value is not None for value in found):
            label = kpi.name_en if language is Language.EN else kpi.name_zh
            is_share = kpi.unit == "1"
            cells = [say.share(v, 1) if is_share else say.number(v, 2) for v in found]
            rows.append(
                (label if is_share else f"{label}{WORDS[language]['comma']}{kpi.unit}", cells)
            )
    known = [by_stage[s.id].known_share if s.id in by_stage else None for s in report.stages]
    rows.append((WORDS[language]["known_time"], [say.share(value) for value in known]))
    return rows


def _alarms(report: ShiftReport, language: Language) -> dict[str, Any] | None:
    part = report.alarms
    if not isinstance(part, AlarmPart):
        return None

    def text(one: AlarmLine) -> str:
        return say.shortened(_name(one.message, language), MOST_ALARM_CELLS)

    def lines_of(one: AlarmLine) -> int:
        return max(-(-say.width(text(one)) // ALARM_CELLS), 1)

    load = None if part.load is None else load_of(part.load, report, language)
    said = 0 if load is None else -(-say.width(load.words) // LOAD_CELLS)
    lines = ALARM_LINES - max(said - LOAD_LINES, 0)
    shown = say.fitting(part.lines, lines_of, lines=lines)
    counts = {priority.name.lower(): part.raised.get(priority, 0) for priority in Priority}
    return {
        "counts": WORDS[language]["alarm_counts"].format(standing=part.standing, **counts),
        "load": load,
        "lines": [(one, text(one)) for one in shown],
        "more": part.total - len(shown),
    }


def _notes(report: ShiftReport) -> dict[str, Any] | None:
    part = report.notes
    if not isinstance(part, NotePart):
        return None

    def text(one: NoteLine) -> str:
        return say.shortened(one.text, MOST_NOTE_CELLS)

    def lines_of(one: NoteLine) -> int:
        return max(-(-say.width(text(one)) // NOTE_CELLS), 1)

    shown = say.fitting(part.lines, lines_of, lines=NOTE_LINES)
    return {"lines": [(one, text(one)) for one in shown], "more": part.total - len(shown)}
