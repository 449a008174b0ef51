"""The picture of a shift: plant output so far against its plan, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from service.api.report.say import number
from service.domain.instants import HOUR_NS, to_datetime
from service.domain.report.content import CurvePoint

WIDTH, HEIGHT = 744, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 8, 20
STYLE = {
    "hole": 'fill="#ddd"',
    "grid": 'fill="none" stroke="#ccc" stroke-width="0.7"',
    "plan": 'fill="none" stroke="#555" stroke-width="1.6" stroke-dasharray="6 3"',
    "made": 'fill="none" stroke="#0b4f8a" stroke-width="2.6"',
    "tick": 'fill="#333" font-size="10.5"',
}
"""By class; said in the picture itself, since not every layout applies a page's style to it."""
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_TICKS = 5

Place = tuple[float, float]


def curve_svg(points: Sequence[CurvePoint], zone: ZoneInfo, *, label: str) -> str:
    """``points`` as an SVG of WIDTH × HEIGHT with tonnes upwards and local time to the right.

    Plan dashed, made solid, stretches that are not all known shaded. label: for those who hear it;
    without markup.
    """
    first_ns, end_ns = points[0].at_ns, points[-1].at_ns
    most_t = max(max(p.plan_kg, p.made_kg or 0.0) for p in points) / 1_000.0
    step = _step(most_t)
    top = max(math.ceil(most_t / step - 1e-9), 1) * step

    def place(at_ns: int, t: float) -> Place:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (at_ns - first_ns) / (end_ns - first_ns)
        return x, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * t / top

    head = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" class="curve" {head}>']
    for before, after in pairwise(points):
        if after.made_kg is not None and not after.known:
            x, y = place(before.at_ns, top)
            x2, y2 = place(after.at_ns, 0.0)
            parts.append(
                f'<rect class="hole" {STYLE["hole"]} x="{x:.1f}" y="{y:.1f}" '
                f'width="{x2 - x:.1f}" height="{y2 - y:.1f}"/>'
            )
    for n in range(round(top / step) + 1):
        x, y = place(first_ns, n * step)
        parts.append(f'<path class="grid" {STYLE["grid"]} d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}"/>')
        digits = 0 if step >= 1.0 and float(step).is_integer() else 1
        parts.append(
            f'<text class="tick" {STYLE["tick"]} x="{LEFT - 4}" y="{y + 3:.1f}" text-anchor="end">'
            f"{number(n * step, digits)}</text>"
        )
    parts += _hours(first_ns, end_ns, zone, place)
    parts.append(_line("plan", [place(p.at_ns, p.plan_kg / 1_000.0) for p in points]))
    made = [place(p.at_ns, p.made_kg / 1_000.0) for p in points if p.made_kg is not None]
    parts.append(_line("made", made))
    return "".join([*parts, "</svg>"])


def _hours(
    first_ns: int, end_ns: int, zone: ZoneInfo, place: Callable[[int, float], Place]
) -> list[str]:
    parts = []
    at_ns = first_ns
    while at_ns <= end_ns:
        x, y = place(at_ns, 0.0)
        anchor = "start" if at_ns == first_ns else "end" if at_ns == end_ns else "middle"
        local = to_datetime(at_ns).astimezone(zone)
        parts.append(
            f'<path class="grid" {STYLE["grid"]} d="M{x:.1f} {y:.1f}v3"/>'
            f'<text class="tick" {STYLE["tick"]} x="{x:.1f}" y="{y + 13:.1f}" '
            f'text-anchor="{anchor}">{local:%H:%M}</text>'
        )
        at_ns += HOUR_NS * (1 if end_ns - first_ns <= 9 * HOUR_NS else 2)
    return parts


def _line(kind: str, places: Sequence[Place]) -> str:
    d = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return f'<path class="{kind}" {STYLE[kind]} d="M{d}"/>' if len(places) > 1 else ""


def _step(most: float) -> float:
    """A round distance of ticks, so that there are at most MOST_TICKS."""
    if most <= 0.0:
        return 1.0
    rough = most / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(s * power for s in STEPS if s * power >= rough * (1.0 - 1e-9))
