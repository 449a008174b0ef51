"""Manual entries: what is refused and why, lots, and stated masses over measured minutes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.entries.amend import amended, stated, unload_at
from service.domain.entries.entry import (
    Cancellation,
    Draft,
    Entry,
    EntryClash,
    EntryKind,
    EntryRefused,
)
from service.domain.entries.judge import judge_cancel, judged
from service.domain.entries.quality import good_kg, lots, scrap_kg
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.production.minutes import Grade, Minutes

NOW_NS = 29_538_720 * MINUTE_NS
FIRST = NOW_NS // MINUTE_NS - 1440
LINE = Line(
    (
        Stage("GZ", "Graphitization", "石墨化", 0.97, 0.95, 9.7, ("PK",), hourly=False),
        Stage("PK", "Packing", "包装", 1.0, 1.0, 20.0),
    ),
    (
        Meter("GZ-G3", "GZ", "GZ-G3", "t1", MeterKind.TOTALISER, "g"),
        Meter("PK-P1", "PK", "PK-P1", "t2", MeterKind.COUNT, "g", max_rate_kg_per_h=6_000.0),
    ),
    "PK",
)
K = EntryKind


def draft(kind: EntryKind, subject: str, amount: float | None, *, ago_ns: int = HOUR_NS,
          lasts_ns: int = 0, reason: str = "ticket 7") -> Draft:  # fmt: skip
    return Draft(
        kind, subject, NOW_NS - ago_ns, NOW_NS - ago_ns + lasts_ns, amount, reason
    )  # fmt: skip


def entry(said: Draft, name: str = "e1", *, gone: bool = False) -> Entry:
    cancellation = Cancellation("wang", NOW_NS, "typed twice") if gone else None
    return Entry(name, said, "li", NOW_NS, cancellation)


def span(subject: str = "PK-P1", amount: float = 100.0, *, ago_h: int = 3, hours: int = 1) -> Draft:
    return draft(K.CORRECTION, subject, amount, ago_ns=ago_h * HOUR_NS, lasts_ns=hours * HOUR_NS)


@pytest.mark.parametrize(
    "said",
    [
        draft(K.WEIGHBRIDGE, "GZ-G3", 52_140.0),
        draft(K.SCRAP, "GZ", 300.5),
        draft(K.STOCK, "PK", 412_000.0),
        draft(K.STOCK, "PK", 0.0),  # found empty
        draft(K.HOLD, "L-0412", 20),
        draft(K.NOTE, "", None, ago_ns=0),
        draft(K.NOTE, "PK", None),
        span(amount=0.0),
        span(hours=3),
    ],
)
def test_what_is_sound_is_kept(said: Draft) -> None:
    assert judged(said, line=LINE, standing=(), now_ns=NOW_NS) == said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (draft(K.NOTE, "", None, reason="  "), "reason: it is empty; write the note"),
        (draft(K.SCRAP, "PK", 5.0, reason=""), "say why"),
        (draft(K.NOTE, "", None, reason="x" * 501), "at most 500"),
        (draft(K.NOTE, "", None, reason="a\x00b"), "control characters"),
        (draft(K.NOTE, "", None, ago_ns=-1), "has not come yet"),
        (draft(K.NOTE, "", None, ago_ns=401 * DAY_NS), "that year is closed"),
        (draft(K.NOTE, "XX", None), "no stage 'XX'; choose one of GZ, PK"),
        (draft(K.NOTE, "", 1.0), "a note has none"),
        (draft(K.SCRAP, "", 1.0), "no stage ''"),
        (draft(K.SCRAP, "PK", 0.0), "above 0"),
        (draft(K.SCRAP, "PK", float("nan")), "needs a number"),
        (draft(K.SCRAP, "PK", None), "needs a number"),
        (draft(K.STOCK, "GZ", 5.0), "no metered stage feeds 'GZ'"),
        (draft(K.STOCK, "XX", 5.0), "choose one of PK"),
        (draft(K.STOCK, "PK", -1.0), "from 0 (found empty)"),
        (draft(K.STOCK, "PK", None), "needs a number"),
        (draft(K.STOCK, "PK", 5.0, ago_ns=-1), "has not come yet"),
        (draft(K.HOLD, " ", 4), "give the lot's number"),
        (draft(K.HOLD, "L-1", 4.5), "whole bags"),
        (draft(K.HOLD, "L-1", 0), "1 to 100000"),
        (draft(K.WEIGHBRIDGE, "GZ-G9", 5e4), "no meter 'GZ-G9'"),
        (draft(K.WEIGHBRIDGE, "PK-P1", 500.0), "does not unload in batches (GZ does)"),
        (draft(K.WEIGHBRIDGE, "GZ-G3", 0.0), "above 0"),
        (draft(K.WEIGHBRIDGE, "GZ-G3", 52_140_000.0), "is it in kg?"),
        (span(amount=6_001.0), "from 0 to 6,000"),
        (span(amount=-1.0), "from 0 to"),
        (span(hours=0), "expected after start"),
        (replace(span(), end_ns=NOW_NS - HOUR_NS + 1), "give whole minutes"),
        (span(ago_h=24 * 40, hours=24 * 32), "at most 31 days"),
    ],
)
def test_what_is_refused_says_what_to_do(said: Draft, words: str) -> None:
    with pytest.raises(EntryRefused) as told:
        judged(said, line=LINE, standing=(), now_ns=NOW_NS)
    assert words in str(told.value)


def test_two_corrections_of_one_meter_do_not_overlap() -> None:
    first = [entry(span(ago_h=5, hours=2))]
    for beside in (span(ago_h=3), span(ago_h=6), span("GZ-G3", ago_h=5)):
        judged(beside, line=LINE, standing=first, now_ns=NOW_NS)
    with pytest.raises(EntryClash, match="cancel that one first"):
        judged(span(ago_h=4, hours=2), line=LINE, standing=first, now_ns=NOW_NS)


def test_only_what_is_held_is_released() -> None:
    held = [entry(draft(K.HOLD, "L-1", 20)), entry(draft(K.RELEASE, "L-1", 15), "e2")]
    judged(draft(K.RELEASE, "L-1", 5), line=LINE, standing=held, now_ns=NOW_NS)
    for lot, bags, left in (("L-1", 6, 5), ("L-2", 1, 0)):
        with pytest.raises(EntryClash, match=f"{left} bags are held"):
            judged(draft(K.RELEASE, lot, bags), line=LINE, standing=held, now_ns=NOW_NS)
    with pytest.raises(EntryClash, match="cancel the release first"):
        judge_cancel(held[0], standing=held, reason="wrong lot")
    assert judge_cancel(held[1], standing=held, reason=" wrong lot ") == "wrong lot"


def test_an_entry_is_cancelled_once_and_with_a_reason() -> None:
    with pytest.raises(EntryRefused, match="why it is taken back"):
        judge_cancel(entry(span()), standing=(), reason=" ")
    with pytest.raises(EntryClash, match="by wang"):
        judge_cancel(entry(span(), gone=True), standing=(), reason="again")


def test_lots_and_good_mass_count_what_stands() -> None:
    said = [
        entry(draft(K.HOLD, "L-2", 8)),
        entry(draft(K.HOLD, "L-1", 20)),
        entry(draft(K.RELEASE, "L-1", 15)),
        entry(draft(K.HOLD, "L-1", 99), gone=True),
        entry(draft(K.SCRAP, "PK", 120.0)),
        entry(draft(K.SCRAP, "PK", 30.0, ago_ns=2 * HOUR_NS)),
        entry(draft(K.SCRAP, "PK", 500.0), gone=True),
        entry(draft(K.SCRAP, "GZ", 7.0)),
    ]
    assert [(lot.id, lot.held, lot.released, lot.standing) for lot in lots(said)] == [
        ("L-1", 20, 15, 5),
        ("L-2", 8, 0, 8),
    ]
    assert scrap_kg(said, "PK", start_ns=NOW_NS - 2 * HOUR_NS, end_ns=NOW_NS) == 150.0
    assert scrap_kg(said, "PK", start_ns=NOW_NS - 2 * HOUR_NS, end_ns=NOW_NS - HOUR_NS) == 30.0
    assert good_kg(1_000.0, 150.0) == 850.0
    assert good_kg(100.0, 150.0) == 0.0
    assert good_kg(None, 150.0) is None


def minutes(kg: list[float]) -> Minutes:
    values = np.array(kg)
    grade = np.where(np.isnan(values), Grade.UNKNOWN, Grade.MEASURED).astype(np.uint8)
    return Minutes(FIRST, values, grade)


def test_a_correction_is_spread_over_its_minutes_and_is_an_estimate() -> None:
    said = replace(
        span(amount=30.0), start_ns=(FIRST + 1) * MINUTE_NS, end_ns=(FIRST + 4) * MINUTE_NS
    )
    measured = minutes([1.0, 2.0, float("nan"), 2.0, 1.0])
    got = amended("PK-P1", measured, stated([entry(said)]))
    assert got.kg.tolist() == [1.0, 10.0, 10.0, 10.0, 1.0]
    assert got.grade.tolist() == [0, 1, 1, 1, 0]
    assert np.isnan(measured.kg[2])
    for nothing in (
        stated([entry(said, gone=True)]),
        stated([entry(replace(said, subject="GZ-G3"))]),
    ):
        assert amended("PK-P1", measured, nothing) is measured


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0, 1e5), st.integers(1, 59))
def test_minutes_are_amended_alike_in_whatever_pieces_they_come(
    start: int, lasts: int, mass_kg: float, cut: int
) -> None:
    said = replace(
        span(amount=mass_kg),
        start_ns=(FIRST + start) * MINUTE_NS,
        end_ns=(FIRST + start + lasts) * MINUTE_NS,
    )
    measured = minutes(np.arange(60.0).tolist())
    whole = amended("PK-P1", measured, stated([entry(said)]))
    parts = [
        amended(
            "PK-P1",
            Minutes(FIRST + a, measured.kg[a:b], measured.grade[a:b]),
            stated([entry(said)]),
        )
        for a, b in ((0, cut), (cut, 60))
    ]
    assert np.concatenate([part.kg for part in parts]).tolist() == whole.kg.tolist()
    assert np.concatenate([part.grade for part in parts]).tolist() == whole.grade.tolist()
    inside = min(start + lasts, 60) - min(start, 60)
    if inside == lasts:
        assert whole.kg[start : start + lasts].sum() == pytest.approx(mass_kg)
    again = amended("PK-P1", whole, stated([entry(said)]))
    assert again.kg.tolist() == whole.kg.tolist()


def unload(*spans: tuple[int, int], n: int = 1440) -> Minutes:
    kg = np.zeros(n)
    for a, b in spans:
        kg[a:b] = 290.0
    return Minutes(FIRST, kg, np.zeros(n, np.uint8))


def test_the_unload_of_a_stated_time_is_found() -> None:
    measured = unload((300, 400), (420, 480), (900, 1080))
    for at, expected in (
        (350, (300, 480)),
        (410, (300, 480)),
        (600, (300, 480)),
        (850, (900, 1080)),
    ):
        start_ns, end_ns = unload_at("GZ-G3", measured, (FIRST + at) * MINUTE_NS)
        assert (start_ns // MINUTE_NS - FIRST, end_ns // MINUTE_NS - FIRST) == expected


def test_unknown_minutes_beside_an_unload_belong_to_it() -> None:
    measured = unload((300, 400))
    measured.kg[400:460] = np.nan
    start_ns, end_ns = unload_at("GZ-G3", measured, (FIRST + 350) * MINUTE_NS)
    assert (end_ns - start_ns) // MINUTE_NS == 160


@pytest.mark.parametrize(
    ("spans", "at", "words"),
    [
        ((), 700, "measured no unload within 12 h"),
        (((10, 20),), 1_000, "measured no unload within 12 h"),
        (((1_300, 1_420),), 1_350, "may not have ended"),
        (((0, 200),), 100, "can't be told"),
    ],
)
def test_an_unload_that_cannot_be_told_is_refused(
    spans: tuple[tuple[int, int], ...], at: int, words: str
) -> None:
    with pytest.raises(EntryRefused) as told:
        unload_at("GZ-G3", unload(*spans), (FIRST + at) * MINUTE_NS)
    assert words in str(told.value)
