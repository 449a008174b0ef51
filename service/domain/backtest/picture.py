"""A picture of one or two outcomes: when each alarm stood, beside what was labelled. SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

import numpy as np

from service.domain.alarm import AlarmDefinition
from service.domain.backtest.outcome import AlarmOutcome, Outcome, Spans
from service.domain.instants import DAY_NS, HOUR_NS, to_datetime, to_ns

WIDTH = 1240
LEFT = 190
RIGHT = 24
TOP = 84
ROW = 22
BAR = 9
THINNEST = 1.2
"""Pixels; so that five minutes in a year are still seen."""
COLOURS = ("#c2410c", "#1d4ed8")
GREY = "#cbd5e1"
LABELLED = "#facc15"
INK = "#1e293b"
STYLE = f"font-family='system-ui, Noto Sans CJK SC, sans-serif' font-size='12' fill='{INK}'"


def picture(outcomes: Sequence[Outcome], *, zone: ZoneInfo) -> str:
    """The timeline of one outcome, or of two over the same range, a row for each alarm."""
    start_ns, end_ns = outcomes[0].start_ns, outcomes[0].end_ns
    rows = _rows(outcomes)
    height = TOP + ROW * len(rows) + 40
    scale = (WIDTH - LEFT - RIGHT) / (end_ns - start_ns)

    def x(time_ns: int) -> float:
        return LEFT + (min(max(time_ns, start_ns), end_ns) - start_ns) * scale

    bottom = TOP + ROW * len(rows)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {STYLE}>",
        f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
        *_heading(outcomes, zone),
    ]
    for time_ns, text in ticks(start_ns, end_ns, zone):
        at = x(time_ns)
        parts.append(f"<path d='M{at:.1f} {TOP - 6}V{bottom}' stroke='#e2e8f0'/>")
        parts.append(f"<text x='{at:.1f}' y='{bottom + 18}' text-anchor='middle'>{text}</text>")
    for n, (definition, found) in enumerate(rows):
        y = TOP + ROW * n
        parts.append(f"<text x='{LEFT - 8}' y='{y + 15}' text-anchor='end'>"
                     f"{escape(_short(definition.id))}</text>")  # fmt: skip
        labels = next(one for one in found if one is not None).verdicts
        spans = np.array([(v.label.start_ns, v.label.end_ns) for v in labels], np.int64)
        parts += _bars(spans.reshape(-1, 2), x, y + 1, ROW - 2, LABELLED, 0.45)
        for which, one in enumerate(found):
            if one is not None:
                tall = BAR if len(found) > 1 else 2 * BAR
                parts += _bars(one.unknown, x, y + 2 + which * BAR, tall, GREY)
                parts += _bars(one.standing, x, y + 2 + which * BAR, tall, COLOURS[which])
        parts.append(f"<path d='M{LEFT} {y + ROW}H{WIDTH - RIGHT}' stroke='#f1f5f9'/>")
    return "\n".join([*parts, "</svg>", ""])


def ticks(start_ns: int, end_ns: int, zone: ZoneInfo) -> Iterator[tuple[int, str]]:
    """Local hours, days, weeks or months within the range, whichever leaves room to read."""
    length_ns = end_ns - start_ns
    at = to_datetime(start_ns).astimezone(zone).replace(tzinfo=None, minute=0, second=0)
    if length_ns <= 2 * DAY_NS:
        step, text = timedelta(hours=1 if length_ns <= 14 * HOUR_NS else 4), "%H:%M"
    else:
        days = 1 if length_ns <= 16 * DAY_NS else 7 if length_ns <= 110 * DAY_NS else 0
        step, text = timedelta(days=days), "%m-%d" if days else "%Y-%m"
    hours = step.seconds // 3600
    at = at.replace(microsecond=0, hour=at.hour - at.hour % hours if hours else 0)
    while (time_ns := to_ns(at.replace(tzinfo=zone))) < end_ns:
        is_shown = to_datetime(time_ns).astimezone(zone).replace(tzinfo=None) == at  # by any clock
        if time_ns >= start_ns and is_shown and (step or at.day == 1):
            yield time_ns, f"{at:{text}}"
        at = at + step if step else _next_month(at)


def _next_month(at: datetime) -> datetime:
    return (at.replace(day=1) + timedelta(days=32)).replace(day=1)


def _rows(
    outcomes: Sequence[Outcome],
) -> list[tuple[AlarmDefinition, list[AlarmOutcome | None]]]:
    """Every alarm of any outcome, with what each outcome has of it."""
    by_id = [{one.definition.id: one for one in outcome.alarms} for outcome in outcomes]
    found: dict[str, AlarmDefinition] = {}
    for outcome in outcomes:
        for one in outcome.alarms:
            found.setdefault(one.definition.id, one.definition)
    return [(definition, [of.get(id_) for of in by_id]) for id_, definition in found.items()]


def _heading(outcomes: Sequence[Outcome], zone: ZoneInfo) -> Iterator[str]:
    start, end = (
        f"{to_datetime(t).astimezone(zone):%Y-%m-%d %H:%M}"
        for t in (outcomes[0].start_ns, outcomes[0].end_ns)
    )
    yield f"<text x='20' y='26' font-size='16' font-weight='600'>{start} – {end} {zone.key}</text>"
    at = 20.0
    for outcome, colour in zip(outcomes, COLOURS, strict=False):
        name = f"{_short(outcome.name, 36)}: {outcome.alerts:,} alerts"
        yield from _key(at, colour, name)
        at += 60 + 7.2 * len(name)
    for colour, name in ((LABELLED, "labelled"), (GREY, "unknown")):
        yield from _key(at, colour, name)
        at += 60 + 7.2 * len(name)


def _key(at: float, colour: str, text: str) -> Iterator[str]:
    yield f"<rect x='{at:.0f}' y='42' width='22' height='11' fill='{colour}'/>"
    yield f"<text x='{at + 28:.0f}' y='52'>{escape(text)}</text>"


def _bars(
    spans: Spans,
    x: Callable[[int], float],
    y: float,
    height: float,
    colour: str,
    opacity: float = 1.0,
) -> Iterable[str]:
    """One path for all spans; those that fall on the same pixels are drawn as one."""
    drawn: list[tuple[float, float]] = []
    for start_ns, end_ns in spans[np.argsort(spans[:, 0], kind="stable")].tolist():
        a = x(start_ns)
        b = max(x(end_ns), a + THINNEST)
        if drawn and a <= drawn[-1][1]:
            drawn[-1] = drawn[-1][0], max(drawn[-1][1], b)
        else:
            drawn.append((a, b))
    if not drawn:
        return ()
    way = "".join(f"M{a:.1f} {y:g}h{b - a:.1f}v{height:g}h{a - b:.1f}z" for a, b in drawn)
    return (f"<path d='{way}' fill='{colour}' fill-opacity='{opacity:g}'/>",)


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
