"""M4 keeps what a line is drawn from, and never lets a gap be drawn over."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.batch import Batch, make_batch
from service.domain.m4 import Picture, bucket_width_ns, m4
from service.domain.quality import BAD
from service.domain.rows import take

END_NS = 100


def rows(values: list[float | None], *, times: list[int] | None = None) -> Batch:
    """One tag's rows; None is a null with a Bad status."""
    return make_batch(
        [7] * len(values),
        times if times is not None else list(range(len(values))),
        [math.nan if v is None else v for v in values],
        [BAD if v is None else 0 for v in values],
        received_ns=0,
    )


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([], []),
        ([5.0], [0]),
        ([1.0, 2.0, 3.0, 2.0, 1.5, 1.7], [0, 2, 5]),
        ([2.0, 1.0, 3.0, 1.5, 2.0], [0, 1, 2, 4]),
        ([2.0, 2.0, 2.0], [0, 2]),
        ([None, None, None], [0, 2]),
        ([1.0, 1.0, None, None, None, 1.0, 1.0], [0, 2, 4, 6]),
        ([1.0, None, 1.0, None, 1.0, 1.0], [0, 1, 3, 5]),
        # flapping: one row of each gap between those that stay
        ([0.0, None] * 10 + [0.0], [0, 1, 20]),
        # the gap rows beside the least and the greatest stay as well
        ([1.0, None, 0.0, None, None, 2.0, None, 1.0], [0, 1, 2, 3, 5, 6, 7]),
    ],
)
def test_one_bucket(values: list[float | None], kept: list[int]) -> None:
    assert m4(rows(values), 0, END_NS, buckets=1).tolist() == kept


def test_bad_rows_with_a_value_are_gaps_and_text_is_not() -> None:
    burnout = make_batch([1] * 3, [0, 1, 2], [1.0, 1e6, 1.0], [0, BAD, 0], received_ns=0)
    assert m4(burnout, 0, END_NS, buckets=1).tolist() == [0, 1, 2]
    words = make_batch(
        [1] * 4, range(4), [math.nan] * 4, received_ns=0, text=dict.fromkeys(range(4), "a")
    )
    assert m4(words, 0, END_NS, buckets=1).tolist() == [0, 3]


def test_tags_and_buckets_are_apart() -> None:
    both = make_batch([2, 2, 2, 1, 1], [0, 49, 50, 0, 99], [1.0, 2.0, 3.0, 4.0, 5.0], received_ns=0)
    assert m4(both, 0, 100, buckets=2).tolist() == [0, 1, 2, 3, 4]


def test_the_whole_range_of_times_is_exact() -> None:
    latest_ns = 7_258_118_400 * 10**9
    wide = rows([1.0, 2.0, 3.0], times=[0, latest_ns // 2, latest_ns - 1])
    assert m4(wide, 0, latest_ns, buckets=1_000_000).tolist() == [0, 1, 2]


@pytest.mark.parametrize(("start_ns", "end_ns", "buckets"), [(0, 10, 0), (10, 10, 5), (11, 10, 5)])
def test_an_empty_picture_is_refused(start_ns: int, end_ns: int, buckets: int) -> None:
    with pytest.raises(ValueError, match="needs buckets and a range"):
        m4(rows([1.0]), start_ns, end_ns, buckets=buckets)


signals = st.lists(st.none() | st.integers(-5, 5).map(float), max_size=100)


@given(signals, st.integers(1, 12))
def test_what_a_picture_promises(values: list[float | None], buckets: int) -> None:
    batch = rows(values)
    check_promises(batch, take(batch, m4(batch, 0, END_NS, buckets=buckets)), buckets)


@given(signals, st.integers(1, 12), st.lists(st.integers(0, 100), max_size=6).map(sorted))
def test_a_picture_drawn_in_parts_promises_the_same(
    values: list[float | None], buckets: int, cuts: list[int]
) -> None:
    batch = rows(values)
    picture = Picture(0, END_NS, buckets=buckets)
    for part in np.split(np.arange(len(batch)), cuts):
        picture.add(take(batch, part))
    check_promises(batch, picture.rows(received_ns=0), buckets)


def check_promises(batch: Batch, kept: Batch, buckets: int) -> None:
    width_ns = bucket_width_ns(0, END_NS, buckets=buckets)
    times = kept.time_ns.tolist()
    assert times == sorted(set(times))
    assert set(times) <= set(batch.time_ns.tolist())
    for bucket in set((batch.time_ns // width_ns).tolist()):
        inside = take(batch, np.flatnonzero(batch.time_ns // width_ns == bucket))
        shown = take(kept, np.flatnonzero(kept.time_ns // width_ns == bucket))
        assert len(shown) <= 7
        assert shown.time_ns[0] == inside.time_ns[0]
        assert shown.time_ns[-1] == inside.time_ns[-1]
        drawn = inside.value[~np.isnan(inside.value)]
        if len(drawn):
            assert np.nanmin(shown.value) == drawn.min()
            assert np.nanmax(shown.value) == drawn.max()
    for left, right in itertools.pairwise(times):
        between = batch.value[(batch.time_ns > left) & (batch.time_ns < right)]
        ends = kept.value[np.isin(kept.time_ns, (left, right))]
        if not np.isnan(ends).any():
            assert not np.isnan(between).any(), "a gap is drawn over"
