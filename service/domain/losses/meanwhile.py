"""What else happened at the time of an alarm, and its explanation in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from service.domain.alarm import Priority
from service.domain.instants import HOUR_NS, to_datetime
from service.domain.losses.events import StageLosses
from service.domain.losses.explain import Certainty, Explanation, UnitPart
from service.domain.losses.reasons import LossKind
from service.domain.losses.shifts import event_id

KIND_WORDS = {
    LossKind.STOPPED: ("stopped", "停机"),
    LossKind.STARVED: ("starved", "缺料"),
    LossKind.BLOCKED: ("blocked", "堵料"),
    LossKind.SLOW: ("slow", "降速"),
    LossKind.UNKNOWN: ("unknown", "未知"),
}
CERTAINTY_WORDS = {
    Certainty.SURE: ("sure", "确定"),
    Certainty.LIKELY: ("likely", "可能"),
    Certainty.UNSURE: ("unsure", "不确定"),
}
MOST_NAMED = 3
LEAST_T = 0.05
"""Less than this is no shortage."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something else that was at the time: an alarm, or a unit's lost time. until_ns: None while it
    lasts."""

    id: str
    kind: str
    asset: str
    stage: str | None
    priority: int
    message_en: str
    message_zh: str
    since_ns: int
    until_ns: int | None


MARGIN_NS = HOUR_NS // 4
"""What happened so shortly before may be the cause."""


def meanwhile(
    happenings: Sequence[Happening], told: Explanation, *, limit: int = 10
) -> tuple[Happening, ...]:
    """Those of ``happenings`` that overlap what is told, the nearest to it first: of a named unit,
    lost communication, of the named stage, then by urgency and time."""
    start_ns = min(told.start_ns, told.since_ns or told.start_ns) - MARGIN_NS
    units = {part.unit for part in told.units}

    def distance(one: Happening) -> tuple[int, int, int]:
        if one.asset in units:
            near = 0
        elif one.kind == "communication_lost":
            near = 1
        else:
            near = 2 if one.stage in (told.stage, told.about) else 3
        return near, one.priority, one.since_ns

    overlapping = [
        one
        for one in happenings
        if one.since_ns < told.end_ns and (one.until_ns is None or one.until_ns > start_ns)
    ]
    return tuple(sorted(overlapping, key=distance)[:limit])


def lost_elsewhere(
    whole: Mapping[str, StageLosses], told: Explanation, *, limit: int = 5
) -> list[Happening]:
    """The events of other units in the window of ``told`` that lost most, or were not seen."""
    units = {part.unit for part in told.units}
    found = [
        event
        for losses in whole.values()
        for event in losses.events
        if event.unit not in units and event.start_ns < told.end_ns and event.end_ns > told.start_ns
    ]
    found.sort(key=lambda e: (-(e.lost_finished_kg or 0.0), e.start_ns, e.unit))
    return [
        Happening(
            id=event_id(event.unit, event.start_ns),
            kind=str(event.kind),
            asset=event.unit,
            stage=event.stage,
            priority=int(Priority.LOW),
            message_en=f"{event.unit} {KIND_WORDS[event.kind][0]}",
            message_zh=f"{event.unit} {KIND_WORDS[event.kind][1]}",
            since_ns=event.start_ns,
            until_ns=None if event.open else event.end_ns,
        )
        for event in found[:limit]
    ]


def in_words(
    told: Explanation, names: Mapping[str, tuple[str, str]], zone: ZoneInfo
) -> tuple[str, str]:
    """The explanation as a sentence or two, English and Chinese.

    names: of each stage in both languages. zone: of the site, for times.
    """
    about_en, about_zh = names[told.about]
    stage_en, stage_zh = names[told.stage]
    short_t, since = told.short_kg / 1_000.0, _local(told.start_ns, zone)
    en = [f"{about_en} is {short_t:.1f} t short of plan since {since}"]
    zh = [f"{about_zh}自{since}起比计划少 {short_t:.1f} t"]
    if short_t < LEAST_T:
        en, zh = (
            [f"{about_en} is not short of plan since {since}"],
            [f"{about_zh}自{since}起未低于计划"],
        )
    if told.units:
        shown = told.units[:MOST_NAMED]
        rest = len(told.units) - len(shown)
        en.append(f"it began at {stage_en}: " + ", ".join(_unit_en(u, zone) for u in shown)
                  + (f" and {rest} more" if rest else ""))  # fmt: skip
        zh.append(f"起因在{stage_zh}：" + "、".join(_unit_zh(u, zone) for u in shown)
                  + (f"等 {len(told.units)} 台" if rest else ""))  # fmt: skip
    else:
        en.append(f"no unit of {stage_en} stands out")
        zh.append(f"{stage_zh}没有突出的设备")
    stake_t, more_t = (
        kg / 1_000.0 for kg in (told.at_stake_finished_kg, told.at_stake_finished_kg_per_h)
    )
    en.append(f"{stake_t:.1f} t finished at stake so far"
              + (f", {more_t:.1f} t more each hour" if more_t else ""))  # fmt: skip
    zh.append(
        f"目前影响成品 {stake_t:.1f} t" + (f"，每小时再增加 {more_t:.1f} t" if more_t else "")
    )
    sure_en, sure_zh = CERTAINTY_WORDS[told.certainty]
    en.append(f"{sure_en} ({told.sureness:.0%}); {told.known_share:.0%} of the time is known")
    zh.append(f"{sure_zh}（{told.sureness:.0%}）；{told.known_share:.0%} 的时间有数据")
    return ". ".join(_upper(part) for part in en) + ".", "。".join(zh) + "。"


def _unit_en(part: UnitPart, zone: ZoneInfo) -> str:
    lost = "" if part.lost_kg is None else f" ({part.lost_kg / 1_000.0:.1f} t)"
    return f"{part.unit} {KIND_WORDS[part.kind][0]} since {_local(part.since_ns, zone)}{lost}"


def _unit_zh(part: UnitPart, zone: ZoneInfo) -> str:
    lost = "" if part.lost_kg is None else f"（{part.lost_kg / 1_000.0:.1f} t）"
    return f"{part.unit} 自{_local(part.since_ns, zone)}{KIND_WORDS[part.kind][1]}{lost}"


def _local(time_ns: int, zone: ZoneInfo) -> str:
    return f"{to_datetime(time_ns).astimezone(zone):%m-%d %H:%M}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
