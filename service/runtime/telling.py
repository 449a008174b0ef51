"""How a message is said: the one text that chat, e-mail and templates show, in one language.

Pure: the same message gives the same text on every attempt. What may be left out when a receiver
takes little is told apart from what must be said (``fitting``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from service.domain.alarm import Priority
from service.domain.instants import to_datetime
from service.domain.language import Language
from service.runtime.notify import Message, MessageKind, Notice, Totals
from service.runtime.telling_words import (
    KINDS,
    PHASES,
    PRIORITIES,
    WORDS,
    Words,
    in_language,
)

LONGEST_TEXT = 600
"""Characters of one line; guidance is to be read while an alarm stands."""
LONGEST_TITLE = 80
"""What is said in more characters may be cut in a title, so it stands below it as well."""
FEWEST_ITEMS = 3
"""Before fewer are listed, lines are cut short."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is about, what it says, and where that leads."""

    text: str
    label: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """A message in one language, without any markup.

    subject: one line for a title. lines: what must be said. items: a list, the most important
    first; ``more`` of them are not in it. closing: what helps: guidance, the link, who speaks.
    """

    subject: str
    lines: tuple[Line, ...]
    items: tuple[str, ...]
    more: int
    closing: tuple[Line, ...]
    language: Language

    @property
    def more_said(self) -> str:
        """How many items are left out; empty when none is."""
        return WORDS[self.language]["more"].format(n=self.more) if self.more else ""

    def shortened(self, n_items: int, *, longest: int = LONGEST_TEXT) -> Telling:
        """With the first ``n_items`` items only, and no line longer than ``longest``
        characters."""
        kept = self.items[:n_items]
        return replace(
            self,
            subject=_cut(self.subject, longest),
            lines=tuple(replace(one, text=_cut(one.text, longest)) for one in self.lines),
            items=tuple(_cut(one, longest) for one in kept),
            more=self.more + len(self.items) - len(kept),
            closing=tuple(replace(one, text=_cut(one.text, longest)) for one in self.closing),
        )


def tell(message: Message, language: Language) -> Telling:
    """``message`` in ``language``; all times in the site's own zone, with their offset."""
    match message.kind:
        case MessageKind.TEST | MessageKind.HEARTBEAT:
            telling = _plain(message, language)
        case MessageKind.DIGEST:
            telling = _list(message, language)
        case MessageKind.ALARM if len({one.alarm for one in message.notices}) > 1:
            telling = _list(message, language)
        case MessageKind.ALARM:
            telling = _alarm(message, language)
    return telling.shortened(len(telling.items))


def fitting(
    telling: Telling, said: Callable[[Telling], str], *, fits: Callable[[str], bool]
) -> str | None:
    """The longest text that ``fits``: items are left out, from the last on, as long as some stay;
    then lines are cut short; None when not even that helps."""
    for longest in (LONGEST_TEXT, 240, 120, 60, 30):
        least, most = 0, len(telling.items)
        whole = said(telling.shortened(most, longest=longest))
        if fits(whole):
            return whole
        wanted = min(most, FEWEST_ITEMS) if longest > 30 else 0
        if not fits(said(telling.shortened(wanted, longest=longest))):
            continue
        while least < most:
            n = (least + most + 1) // 2
            if fits(said(telling.shortened(n, longest=longest))):
                least = n
            else:
                most = n - 1
        return said(telling.shortened(least, longest=longest))
    return None


def clock_time(at_ns: int, zone: ZoneInfo) -> str:
    """``2026-03-01 08:00:00+08:00``: in ``zone``, to the second, with the offset."""
    return to_datetime(at_ns).astimezone(zone).isoformat(" ", "seconds")


def figure(value: float | None, unit: str, language: Language) -> str:
    """``value`` with six digits and its unit; a word when it is unknown."""
    if value is None or not math.isfinite(value):
        return WORDS[language]["unknown"]
    number = f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:,.6g}"
    return f"{number} {unit}".rstrip()


def said_by(notice: Notice, language: Language) -> str:
    """What the alarm is about."""
    pair = (notice.message_en or notice.message_zh, notice.message_zh or notice.message_en)
    return in_language(pair, language) or notice.definition


def _alarm(message: Message, language: Language) -> Telling:
    """Of one alarm; what holds now comes from its last notice."""
    words = WORDS[language]
    last = message.notices[-1]
    steps = message.notices
    kind = in_language(KINDS[last.kind], language)
    if len(steps) > 1:
        kind += f" ({words['steps'].format(n=len(steps))})"
    priority = in_language(PRIORITIES[last.priority], language)
    valued = next((one for one in reversed(steps) if one.value is not None), None)
    said = said_by(last, language)
    lines = [
        Line(said if len(said) > LONGEST_TITLE else ""),
        Line(last.asset, words["asset"]),
        Line(last.stage or "", words["stage"]),
        Line(last.tag or "", words["tag"]),
        Line(_value(valued, language) if valued is not None else "", words["value"]),
        Line(in_language(PHASES[last.state], language), words["state"]),
        Line(_stake(last, words), words["stake"]),
    ]
    closing = [
        *_guidance(last, language),
        Line(words["open"] if last.url else "", url=last.url),
        _root(last, message, words),
        Line(_speaker(message, language)),
    ]
    return Telling(
        subject=f"{priority} · {kind}{words['colon']}{last.asset} {said}",
        lines=_filled(lines),
        items=tuple(_step(one, message.site.zone, language) for one in steps),
        more=0,
        closing=_filled(closing),
        language=language,
    )


def _list(message: Message, language: Language) -> Telling:
    """Of several alarms: the most urgent first, of them in the message's own order."""
    words = WORDS[language]
    notices = sorted(message.notices, key=lambda one: one.priority)
    totals = message.totals
    if totals is None:
        subject = words["several"].format(n=len({one.alarm for one in notices}))
        lines: list[Line] = []
    else:
        subject = words["digest_one" if totals.notices == 1 else "digest"].format(
            n=totals.notices, alarms=totals.alarms
        )
        lines = _totals(totals, message.site.zone, language)
    url = f"{message.site.url}/#/alarms" if message.site.url else ""
    worst = notices[0].priority if notices else None
    if totals is not None and totals.by_priority:
        worst = min(p for p, n in totals.by_priority.items() if n) if totals.notices else worst
    prefix = f"{in_language(PRIORITIES[worst], language)} · " if worst is not None else ""
    items = [
        f"{in_language(PRIORITIES[one.priority], language)} · "
        f"{_step(one, message.site.zone, language)} · {one.asset} {said_by(one, language)}"
        for one in notices
    ]
    return Telling(
        subject=prefix + subject,
        lines=_filled(lines),
        items=tuple(items),
        more=0 if totals is None else max(0, totals.notices - len(notices)),
        closing=_filled(
            [
                Line(words["open_list"] if url else "", url=url),
                Line(_speaker(message, language)),
            ]
        ),
        language=language,
    )


def _totals(totals: Totals, zone: ZoneInfo, language: Language) -> list[Line]:
    words = WORDS[language]

    def counts(pairs: Iterable[tuple[str, int]]) -> str:
        return words["comma"].join(f"{name} {n}" for name, n in pairs if n)

    stages = sorted(totals.by_stage.items(), key=lambda one: (-one[1], one[0]))
    return [
        Line(
            words["span"].format(
                first=clock_time(totals.first_ns, zone), last=clock_time(totals.last_ns, zone)
            )
        ),
        Line(
            counts((in_language(PRIORITIES[p], language), totals.by_priority.get(p, 0))
                   for p in Priority),
            words["by_priority"],
        ),
        Line(
            counts((in_language(KINDS[k], language), totals.by_kind.get(k, 0)) for k in KINDS),
            words["by_kind"],
        ),
        Line(counts((s or words["no_stage"], n) for s, n in stages), words["by_stage"]),
        Line(words["comma"].join(
            words["root_of"].format(
                alarms=one.alarms, asset=one.notice.asset, said=said_by(one.notice, language)
            )
            for one in totals.roots
        ), words["roots"]),
    ]  # fmt: skip


def _plain(message: Message, language: Language) -> Telling:
    """A test, or a sign of life."""
    words, key = WORDS[language], str(message.kind)
    said = words[f"{key}_said"].format(at=clock_time(message.at_ns, message.site.zone))
    return Telling(words[key], (Line(said),), (), 0, (Line(_speaker(message, language)),), language)


def _root(notice: Notice, message: Message, words: Words) -> Line:
    """The way to the alarm that came first; empty for that one itself."""
    if notice.root in (None, notice.alarm) or not message.site.url:
        return Line("")
    return Line(words["open_root"], url=f"{message.site.url}/#/alarms/{notice.root}")


def _guidance(notice: Notice, language: Language) -> list[Line]:
    words, guidance = WORDS[language], notice.guidance
    if guidance is None:
        return []
    pairs = (
        ("cause", guidance.cause),
        ("consequence", guidance.consequence),
        ("response", guidance.response),
        ("owner", guidance.owner),
    )
    lines = [
        Line(in_language((said.en or said.zh, said.zh or said.en), language), words[key])
        for key, said in pairs
    ]
    within = words["minutes"].format(n=f"{guidance.respond_min:g}")
    lines.insert(3, Line(within, words["respond_within"]))
    return lines


def _step(notice: Notice, zone: ZoneInfo, language: Language) -> str:
    """When, what, by whom, and with which words."""
    words = WORDS[language]
    text = words["step"].format(
        at=clock_time(notice.at_ns, zone), kind=in_language(KINDS[notice.kind], language)
    )
    if notice.by:
        text += words["by"].format(who=notice.by)
    if notice.comment:
        text += words["colon"] + notice.comment
    return text


def _value(notice: Notice, language: Language) -> str:
    value = figure(notice.value, notice.unit, language)
    if notice.limit is None:
        return value
    limit = figure(notice.limit, notice.unit, language)
    return WORDS[language]["value_and_limit"].format(value=value, limit=limit)


def _stake(notice: Notice, words: Words) -> str:
    """Empty where nothing is known to be at stake, which is not nothing."""
    stake_t = notice.stake_t
    return "" if stake_t is None else words["stake_said"].format(t=f"{stake_t:,.1f}")


def _speaker(message: Message, language: Language) -> str:
    site = message.site
    return f"Anodewatch · {in_language((site.name_en, site.name_zh), language)}"


def _filled(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.text)


def _cut(text: str, longest: int) -> str:
    """One line of at most ``longest`` characters, without control characters."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
