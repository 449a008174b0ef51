"""Precedence of rows at one (tag, time)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.batch import Batch, Origin, make_batch
from service.domain.precedence import Resolution, replaces, resolve
from service.domain.quality import BAD, GOOD, UNCERTAIN

LIVE, BACKFILL, DERIVED = Origin.LIVE, Origin.BACKFILL, Origin.DERIVED

Row = tuple[Origin, int, float]


def table(rows: list[Row], *, times: list[int] | None = None) -> tuple[Batch, np.ndarray]:
    batch = make_batch(
        [1] * len(rows),
        times if times is not None else [0] * len(rows),
        [value for _, _, value in rows],
        [status for _, status, _ in rows],
        received_ns=0,
    )
    return batch, np.array([origin for origin, _, _ in rows], np.uint8)


def settle(stored: list[Row], comes: list[Row]) -> Resolution:
    return resolve(*table(comes), *table(stored))


@pytest.mark.parametrize("old_status", [GOOD, UNCERTAIN, BAD])
@pytest.mark.parametrize("new_status", [GOOD, UNCERTAIN, BAD])
@pytest.mark.parametrize("old_origin", list(Origin))
@pytest.mark.parametrize("new_origin", list(Origin))
def test_every_pair(
    old_origin: Origin, old_status: int, new_origin: Origin, new_status: int
) -> None:
    wins = {
        DERIVED: True,
        BACKFILL: old_origin is BACKFILL,
        LIVE: not (new_status == BAD and old_status == GOOD),
    }[new_origin]
    one = replaces(
        np.array([new_origin], np.uint8),
        np.array([new_status], np.uint32),
        np.array([old_origin], np.uint8),
        np.array([old_status], np.uint32),
    )
    assert bool(one[0]) is wins

    settled = settle([(old_origin, old_status, 1.0)], [(new_origin, new_status, 2.0)])
    assert settled.keep.tolist() == ([0] if wins else [])
    assert settled.discard.tolist() == ([0] if wins else [])
    assert (settled.stored, settled.superseded) == ((1, 0) if wins else (0, 1))


@pytest.mark.parametrize(
    ("stored", "comes", "keep", "discard", "counts"),
    [
        ([], [], [], [], (0, 0)),
        # the same again: nothing to do
        ([(LIVE, GOOD, 1.0)], [(LIVE, GOOD, 1.0)], [], [], (1, 0)),
        ([(LIVE, BAD, math.nan)], [(LIVE, BAD, math.nan)], [], [], (1, 0)),
        # the same value from a better origin is written, so that it is protected
        ([(BACKFILL, GOOD, 1.0)], [(LIVE, GOOD, 1.0)], [0], [0], (1, 0)),
        # the same value from a worse origin was there already
        ([(LIVE, GOOD, 1.0)], [(BACKFILL, GOOD, 1.0)], [], [], (1, 0)),
        # within one write the later stays, and equal ones count as stored
        ([], [(LIVE, GOOD, 1.0), (LIVE, GOOD, 2.0)], [1], [], (1, 1)),
        ([], [(LIVE, GOOD, 1.0), (LIVE, GOOD, 1.0)], [1], [], (2, 0)),
        ([], [(LIVE, GOOD, 1.0), (LIVE, BAD, 2.0)], [0], [], (1, 1)),
        # in their order over what is stored: Good, then Uncertain, then Bad
        ([(LIVE, GOOD, 1.0)], [(LIVE, UNCERTAIN, 2.0), (LIVE, BAD, 3.0)], [1], [0], (1, 1)),
        # 0.0 and -0.0 are different bits
        ([(LIVE, GOOD, 0.0)], [(LIVE, GOOD, -0.0)], [0], [0], (1, 0)),
    ],
)
def test_writes(
    stored: list[Row],
    comes: list[Row],
    keep: list[int],
    discard: list[int],
    counts: tuple[int, int],
) -> None:
    settled = settle(stored, comes)
    assert settled.keep.tolist() == keep
    assert settled.discard.tolist() == discard
    assert (settled.stored, settled.superseded) == counts


def test_texts_are_compared() -> None:
    old = make_batch([1, 1], [0, 1], [math.nan] * 2, received_ns=0, text={0: "a", 1: "b"})
    new = make_batch([1, 1], [0, 1], [math.nan] * 2, received_ns=0, text={0: "a", 1: "c"})
    live = np.zeros(2, np.uint8)
    settled = resolve(new, live, old, live)
    assert (settled.keep.tolist(), settled.discard.tolist()) == ([1], [1])
    assert settled.stored == 2


row = st.tuples(
    st.sampled_from(list(Origin)),
    st.sampled_from([GOOD, UNCERTAIN, BAD]),
    st.sampled_from([1.0, 2.0]),
)
instants = st.integers(0, 2)


@given(st.dictionaries(instants, row), st.lists(st.tuples(instants, row), max_size=12))
def test_one_write_equals_row_by_row(stored: dict[int, Row], comes: list[tuple[int, Row]]) -> None:
    expected = dict(stored)
    for at, new in comes:
        old = expected.get(at)
        if old is None or len(settle([old], [new]).keep):
            expected[at] = new
    settled = resolve(
        *table([r for _, r in comes], times=[t for t, _ in comes]),
        *table(list(stored.values()), times=list(stored)),
    )
    kept = dict(stored)
    for gone in settled.discard.tolist():
        del kept[list(stored)[gone]]
    for written in settled.keep.tolist():
        at, new = comes[written]
        assert at not in kept
        kept[at] = new
    assert kept == expected
    assert settled.stored + settled.superseded == len(comes)
