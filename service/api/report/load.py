"""What the report's page says of how alarms loaded the operators."""

from __future__ import annotations

from dataclasses import dataclass

from service.api.report import say
from service.api.report.words import WORDS, name_of
from service.domain.alarm import Priority
from service.domain.alarm_targets import TARGETS, Indicator, Level
from service.domain.instants import HOUR_NS
from service.domain.language import Language
from service.domain.report.content import AlarmLoad, ShiftReport

FREQUENT_CELLS = 34
MARKS = {Level.GOOD: "●", Level.TOLERABLE: "◐", Level.BAD: "▲", Level.UNJUDGED: "○"}
"""Forms of their own, so that a level needs no colour."""


@dataclass(frozen=True, slots=True)
class LoadFigure:
    """One indicator in words."""

    label: str
    value: str
    mark: str
    level: str
    target: str


@dataclass(frozen=True, slots=True)
class LoadWords:
    """The load in words."""

    figures: tuple[LoadFigure, ...]
    words: str


def load_of(load: AlarmLoad, report: ShiftReport, language: Language) -> LoadWords:
    """``load`` as the page of ``report`` says it."""
    words = WORDS[language]
    figures = tuple(
        LoadFigure(
            name_of(one.indicator, language),
            _value(one.indicator, one.value),
            MARKS[one.level],
            name_of(one.level, language),
            _target(one.indicator, language),
        )
        for one in load.figures
    )
    hours = (report.until_ns - report.start_ns) / HOUR_NS
    told = words["load"].format(
        calls=say.number(load.calls, 0),
        quiet=say.number(load.quiet, 0),
        known=say.share(min(load.known_h / hours, 1.0) if hours else None),
    )
    answers = words["load_answers"].format(
        median=say.duration(load.median_s),
        p95=say.duration(load.p95_s),
        open=say.number(load.open, 0),
    )
    sentences = [told, *_mix(load, language), answers]
    if load.frequent:
        named = words["comma"].join(
            f"{say.shortened(one.asset or one.definition, FREQUENT_CELLS)} {one.calls}×"
            for one in load.frequent
        )
        sentences.append(words["load_frequent"].format(alarms=named))
    return LoadWords(figures, (" " if language is Language.EN else "").join(sentences))


def _mix(load: AlarmLoad, language: Language) -> list[str]:
    """The share of each priority in the calls; nothing where nobody was called, or it isn't
    known."""
    if not load.calls or load.mix is None:
        return []
    shares = {
        priority.name.lower(): say.share(load.mix.get(priority, 0) / load.calls)
        for priority in Priority
    }
    return [WORDS[language]["load_mix"].format(**shares)]


def _value(indicator: Indicator, value: float | None, *, digits: int = 1) -> str:
    if indicator is Indicator.FLOOD_SHARE:
        return say.share(value, digits)
    return say.number(value, digits if indicator is Indicator.PER_HOUR else 0)


def _target(indicator: Indicator, language: Language) -> str:
    target = TARGETS[indicator]
    good, limit = (_value(indicator, one, digits=0) for one in (target.good, target.limit))
    key = "up_to" if good == limit else "up_to_limit"
    return WORDS[language][key].format(good=good, limit=limit)
