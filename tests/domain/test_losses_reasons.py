"""What operators say: painted over minutes, versioned, never lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.instants import MINUTE_NS
from service.domain.losses.entries import (
    ReasonConflict,
    ReasonEntry,
    history_of,
    paint,
    say,
    version_of,
)
from service.domain.losses.events import find_losses
from service.domain.losses.reasons import REASON_NAMES, LossKind, Reason, default_reason
from tests.losses_line import FEEDS, FIRST, kg, stage, told

LATER_NS = (FIRST + 10_000) * MINUTE_NS


def at(minute: float) -> int:
    return FIRST * MINUTE_NS + round(minute * MINUTE_NS)


def saying(
    entries: list[ReasonEntry],
    a: float,
    b: float,
    reason: Reason | None,
    *,
    seen: int | None = None,
    unit: str = "A1",
    by: str = "li",
) -> list[ReasonEntry]:
    version = version_of(entries, unit, at(a), at(b)) if seen is None else seen
    entry = say(
        entries, unit=unit, start_ns=at(a), end_ns=at(b), reason=reason, comment=" belt ",
        by=by, at_ns=LATER_NS + len(entries), seen_version=version,
    )  # fmt: skip
    return [*entries, entry]


def reasons(entries: list[ReasonEntry]) -> list[tuple[int, int, str]]:
    found = find_losses([stage("A", [kg("+*10 0*20 +*10")])], FEEDS, entries=entries)["A"]
    spans = [row[2:] for row in told(found.events)]
    return [(a, b, e.reason.value) for (a, b), e in zip(spans, found.events, strict=True)]


def test_a_reason_is_given_to_an_event() -> None:
    entries = saying([], 10, 30, Reason.EQ_MECH)
    assert reasons(entries) == [(10, 30, "EQ-mech")]
    assert (entries[0].comment, entries[0].by, entries[0].version) == ("belt", "li", 1)


def test_a_reason_for_a_part_cuts_the_event_and_keeps_the_tonnes() -> None:
    entries = saying([], 15, 20.5, Reason.PM)
    assert reasons(entries) == [(10, 15, "UN"), (15, 21, "PM"), (21, 30, "UN")]
    found = find_losses([stage("A", [kg("+*10 0*20 +*10")])], FEEDS, entries=entries)["A"]
    assert sum(e.lost_kg or 0.0 for e in found.events) == pytest.approx(200.0)
    assert [e.said for e in found.events] == [None, entries[0], None]


def test_the_later_word_holds_and_can_be_taken_back() -> None:
    entries = saying([], 0, 100, Reason.EQ_MECH)
    entries = saying(entries, 10, 30, Reason.EQ_ELEC, by="wang")
    assert reasons(entries) == [(10, 30, "EQ-elec")]
    entries = saying(entries, 20, 25, None)
    assert reasons(entries) == [(10, 20, "EQ-elec"), (20, 25, "UN"), (25, 30, "EQ-elec")]
    assert [e.version for e in entries] == [1, 2, 3]
    assert [e.by for e in history_of(entries, "A1", at(20), at(21))] == ["li", "wang", "li"]


def test_a_reason_does_not_turn_running_into_a_loss() -> None:
    assert reasons(saying([], 0, 10, Reason.EQ_MECH)) == [(10, 30, "UN")]


def test_unknown_stays_unknown_whatever_is_said() -> None:
    entries = saying([], 0, 60, Reason.EQ_INSTR)
    found = find_losses([stage("A", [kg("+*10 ?*20 +*10")])], FEEDS, entries=entries)["A"]
    assert [(e.kind, e.reason, e.lost_kg) for e in found.events] == [
        (LossKind.UNKNOWN, Reason.EQ_INSTR, None)
    ]


def test_another_units_reason_is_its_own() -> None:
    assert reasons(saying([], 10, 30, Reason.PM, unit="A2")) == [(10, 30, "UN")]


def test_who_did_not_see_the_last_word_is_told() -> None:
    entries = saying([], 10, 30, Reason.EQ_MECH)
    with pytest.raises(ReasonConflict, match="at version 1, you saw 0; look again"):
        saying(entries, 25, 40, Reason.PM, seen=0)
    assert len(saying(entries, 30, 40, Reason.PM, seen=0)) == 2  # beside it, not over it


@pytest.mark.parametrize(
    ("a", "b", "by", "says"),
    [
        (10, 10, "li", "came none"),
        (20, 10, "li", "came none"),
        (20_000, 20_001, "li", "has not come yet"),
        (10, 20, "  ", "needs the name"),
    ],
)
def test_what_can_not_be_said(a: float, b: float, by: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        saying([], a, b, Reason.PM, by=by)


def test_every_reason_has_two_names_and_a_group() -> None:
    assert set(REASON_NAMES) == set(Reason)
    assert {r.group for r in Reason} == {
        "EQ", "PR", "MT", "BL", "UT", "EN", "QA", "LG", "PM", "CO", "IT", "UN",
    }  # fmt: skip
    assert {r for r in Reason if r.is_failure} == {
        Reason.EQ_MECH,
        Reason.EQ_ELEC,
        Reason.EQ_INSTR,
    }
    assert {r for r in Reason if r.is_not_busy} == {Reason.EN_CURTAIL, Reason.EN_EMISSION}


def test_every_kind_has_a_reason_until_somebody_gives_one() -> None:
    assert {kind: default_reason(kind).value for kind in LossKind} == {
        LossKind.STOPPED: "UN",
        LossKind.STARVED: "MT-starved",
        LossKind.BLOCKED: "BL-blocked",
        LossKind.SLOW: "UN",
        LossKind.UNKNOWN: "IT-comms",
    }


@given(
    said=st.lists(
        st.tuples(st.integers(0, 50), st.integers(1, 30), st.sampled_from([*Reason, None])),
        max_size=12,
    )
)
def test_every_minute_has_what_was_said_of_it_last(
    said: list[tuple[int, int, Reason | None]],
) -> None:
    entries: list[ReasonEntry] = []
    expected: list[Reason | None] = [None] * 100
    for start, length, reason in said:
        entries = saying(entries, start, start + length, reason)
        expected[start : start + length] = [reason] * length
    held = paint(entries, "A1", first_minute=FIRST, n_minutes=100)
    assert [entries[n].reason if n >= 0 else None for n in held] == expected
    assert np.all(held >= -1)
