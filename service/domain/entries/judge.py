"""Whether a draft may be entered, and an entry be taken back; every refusal says what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from service.domain.entries.entry import (
    LABORATORY,
    METERED,
    Draft,
    Entry,
    EntryClash,
    EntryKind,
    EntryRefused,
)
from service.domain.entries.quality import lots
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_iso
from service.domain.line import Line, Meter
from service.domain.wip import can_carry

LONGEST_NS = 31 * DAY_NS
"""A correction's longest span."""
OLDEST_NS = 400 * DAY_NS
"""So far back somebody may still enter something: the production year and its closing."""
MOST_TEXT = 500
MOST_NAME = 80
MOST_SCRAP_KG = 1_000_000.0
MOST_STOCK_KG = 100_000_000.0
MOST_BAGS = 100_000


def judged(draft: Draft, *, line: Line, standing: Sequence[Entry], now_ns: int) -> Draft:
    """The draft as it is kept: texts trimmed, a correction on whole minutes.

    standing: the entries that count now. Raises EntryRefused, or EntryClash when it contradicts one
    of ``standing``.
    """
    draft = replace(
        draft,
        subject=draft.subject.strip(),
        reason=draft.reason.strip(),
        reference=draft.reference.strip(),
    )
    _judge_texts(draft)
    _judge_times(draft, now_ns)
    _judge_subject(draft, line)
    _judge_amount(draft, line)
    if draft.kind in METERED:
        judge_overlap(draft, standing)
    elif draft.kind is EntryKind.RELEASE:
        _judge_release(draft, standing)
    return draft


def judge_overlap(draft: Draft, standing: Iterable[Entry]) -> None:
    """EntryClash when another entry says already what the meter made in this span."""
    for other in standing:
        said = other.draft
        if said.kind not in METERED or said.subject != draft.subject:
            continue
        if said.start_ns < draft.end_ns and draft.start_ns < said.end_ns:
            raise EntryClash(
                f"{draft.subject}: {other.by} entered a {said.kind} from {to_iso(said.start_ns)} "
                f"to {to_iso(said.end_ns)} already ({other.id}); cancel that one first, or choose "
                f"a span beside it"
            )


def judge_cancel(entry: Entry, *, standing: Sequence[Entry], reason: str) -> str:
    """The reason as it is kept. EntryRefused without one; EntryClash when the entry is cancelled
    already, or when releases rest on it."""
    reason = reason.strip()
    if not reason or len(reason) > MOST_TEXT:
        raise EntryRefused(f"reason: say in 1 to {MOST_TEXT} characters why it is taken back")
    if entry.cancellation is not None:
        gone = entry.cancellation
        raise EntryClash(
            f"{entry.id} was cancelled by {gone.by} at {to_iso(gone.at_ns)} already; "
            f"nothing is left to do"
        )
    if entry.draft.kind is EntryKind.HOLD:
        rest = [one for one in standing if one.id != entry.id]
        short = next((lot for lot in lots(rest) if lot.id == entry.draft.subject), None)
        if short is not None and short.standing < 0:
            raise EntryClash(
                f"lot {short.id}: {short.released} bags were released, without this hold only "
                f"{short.held} would have been held; cancel the release first"
            )
    return reason


def _judge_texts(draft: Draft) -> None:
    if not draft.reason:
        what = "write the note" if draft.kind is EntryKind.NOTE else "say why it is entered"
        raise EntryRefused(f"reason: it is empty; {what}")
    for field, text, most in (
        ("reason", draft.reason, MOST_TEXT),
        ("subject", draft.subject, MOST_NAME),
        ("reference", draft.reference, MOST_NAME),
    ):
        if len(text) > most:
            raise EntryRefused(f"{field}: expected at most {most} characters, came {len(text)}")
        if any(ord(sign) < 32 and sign not in "\n\t" for sign in text):
            raise EntryRefused(f"{field}: control characters are in it; write plain text")


def _judge_times(draft: Draft, now_ns: int) -> None:
    if draft.end_ns > now_ns:
        raise EntryRefused(
            f"end: {to_iso(draft.end_ns)} has not come yet (it is {to_iso(now_ns)}); enter what "
            f"has happened"
        )
    if draft.start_ns < now_ns - OLDEST_NS:
        raise EntryRefused(
            f"start: {to_iso(draft.start_ns)} is more than {OLDEST_NS // DAY_NS} days ago; that "
            f"year is closed"
        )
    if draft.kind is not EntryKind.CORRECTION:
        return
    if draft.start_ns % MINUTE_NS or draft.end_ns % MINUTE_NS:
        raise EntryRefused("start, end: production is kept by the minute; give whole minutes")
    if not draft.start_ns < draft.end_ns <= draft.start_ns + LONGEST_NS:
        raise EntryRefused(
            f"end: expected after start {to_iso(draft.start_ns)}, at most "
            f"{LONGEST_NS // DAY_NS} days later; came {to_iso(draft.end_ns)}"
        )


def _judge_subject(draft: Draft, line: Line) -> None:
    if draft.kind in METERED:
        meter = _meter(draft.subject, line)
        if draft.kind is EntryKind.WEIGHBRIDGE and line.stage_by_id[meter.stage].hourly:
            batch = [stage.id for stage in line.stages if not stage.hourly]
            raise EntryRefused(
                f"subject: {meter.id} of {meter.stage} does not unload in batches "
                f"({', '.join(batch) or 'no stage'} does); enter a correction instead"
            )
    elif draft.kind in LABORATORY:
        if not draft.subject:
            raise EntryRefused("subject: it is empty; give the lot's number")
    elif draft.kind is EntryKind.STOCK:
        carried = [stage.id for stage in line.stages if can_carry(line, stage.id)]
        if draft.subject not in carried:
            raise EntryRefused(
                f"subject: no metered stage feeds {draft.subject!r}, so its stock can't be carried "
                f"forward; choose one of {', '.join(carried) or 'none: no stage is fed by another'}"
            )
    elif draft.subject not in line.stage_by_id and (draft.subject or draft.kind is EntryKind.SCRAP):
        raise EntryRefused(
            f"subject: there is no stage {draft.subject!r}; choose one of "
            f"{', '.join(line.stage_by_id)}"
        )


def _judge_amount(draft: Draft, line: Line) -> None:
    amount = draft.amount
    if draft.kind is EntryKind.NOTE:
        if amount is not None:
            raise EntryRefused("amount: a note has none; leave it out")
        return
    if amount is None or not math.isfinite(amount):
        raise EntryRefused(f"amount: a {draft.kind} needs a number")
    if draft.kind in LABORATORY:
        if not (1 <= amount <= MOST_BAGS and amount == int(amount)):
            raise EntryRefused(f"amount: expected 1 to {MOST_BAGS} whole bags, came {amount:g}")
    elif draft.kind is EntryKind.SCRAP:
        if not 0 < amount <= MOST_SCRAP_KG:
            raise EntryRefused(
                f"amount: expected kg above 0, at most {MOST_SCRAP_KG:,.0f}; came {amount:g}"
            )
    elif draft.kind is EntryKind.STOCK:
        if not 0 <= amount <= MOST_STOCK_KG:
            raise EntryRefused(
                f"amount: expected kg from 0 (found empty) to {MOST_STOCK_KG:,.0f}; came {amount:g}"
            )
    else:
        _judge_mass(draft, amount, _meter(draft.subject, line))


def _judge_mass(draft: Draft, mass_kg: float, meter: Meter) -> None:
    """A meter can't have made more than its equipment can; an unload is weighed, so it is some."""
    span_ns = draft.end_ns - draft.start_ns
    weighed = draft.kind is EntryKind.WEIGHBRIDGE
    hours = (DAY_NS if weighed else span_ns) / HOUR_NS
    most_kg = meter.max_rate_kg_per_h * hours
    if mass_kg < 0 or (weighed and mass_kg == 0) or mass_kg > most_kg:
        raise EntryRefused(
            f"amount: expected kg from {'above ' if weighed else ''}0 to {most_kg:,.0f}, which is "
            f"what {meter.id} can make in {hours:g} h; came {mass_kg:,.0f}: is it in kg?"
        )


def _judge_release(draft: Draft, standing: Sequence[Entry]) -> None:
    lot = next((one for one in lots(standing) if one.id == draft.subject), None)
    left = 0 if lot is None else lot.standing
    if draft.amount is not None and draft.amount > left:
        raise EntryClash(
            f"lot {draft.subject}: {left} bags are held, {draft.amount:g} can't be released; "
            f"correct the number, or enter the hold first"
        )


def _meter(subject: str, line: Line) -> Meter:
    found = next((meter for meter in line.meters if meter.id == subject), None)
    if found is None:
        raise EntryRefused(
            f"subject: there is no meter {subject!r}; GET /api/v1/line lists them as units"
        )
    return found
