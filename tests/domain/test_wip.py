"""Work in progress carried forward from stock-takings, and lead times by Little's law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.balance import Weighed
from service.domain.entries.entry import Cancellation, Draft, Entry, EntryKind
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.line import Line, Meter, MeterKind, Stage, StageChange
from service.domain.wip import (
    CountedBy,
    LineWip,
    StockTaking,
    WhyUnknown,
    carried_kg,
    line_wip,
    takings,
)

T0 = 29_538_720 * MINUTE_NS


def meter(stage: str, n: int = 1, **more: float) -> Meter:
    name = f"{stage}{n}"
    return Meter(name, stage, name, name, MeterKind.TOTALISER, "g", **more)  # type: ignore[arg-type]


def chain(b_yield: float = 0.8, side: float = 0.0) -> Line:
    """A feeds B, B feeds C; what A takes is not metered."""
    return Line(
        (
            Stage("A", "A", "甲", 0.5, 1.0, 9.0, ("B",)),
            Stage("B", "B", "乙", 0.75, b_yield, 9.0, ("C",), side_share=side),
            Stage("C", "C", "丙", 1.0, 1.0, 9.0),
        ),
        (meter("A"), meter("B"), meter("C")),
        "C",
    )


def counted(kg: Mapping[str, np.ndarray], *, class_share: float = 0.0,
            most: float = 100.0) -> CountedBy:  # fmt: skip
    """Meters with the minutes of ``kg`` from ``T0`` on; NaN and what lies outside was not seen."""

    def of(stage: str, start_ns: int, end_ns: int) -> Weighed:
        a, b = ((t - T0) // MINUTE_NS for t in (start_ns, end_ns))
        row = kg[stage][max(a, 0) : max(b, 0)]
        seen = row[~np.isnan(row)]
        return Weighed(
            float(seen.sum()), class_share, unseen_min=b - a - len(seen), most_kg_per_min=most
        )

    return of


def found(stage: str, kg: float, minute: int = 0) -> StockTaking:
    return StockTaking(stage, T0 + minute * MINUTE_NS, kg, "li", "e1")


def steady(days: float, **kg_per_min: float) -> dict[str, np.ndarray]:
    return {stage: np.full(round(days * 1440), kg) for stage, kg in kg_per_min.items()}


def of(line: LineWip) -> dict[str, float | None]:
    return {one.stage: one.kg for one in line.stages}


def test_before_any_stock_taking_it_is_unknown_and_says_why() -> None:
    made = counted(steady(1, A=10.0, B=8.0, C=8.0))
    got = line_wip(chain(), (), made, at_ns=T0 + HOUR_NS)
    assert [(one.kg, one.uncertainty_kg, one.lead_time_h) for one in got.stages] == [
        (None,) * 3
    ] * 3
    assert [one.unknown for one in got.stages] == [
        WhyUnknown.NOT_METERED, WhyUnknown.NO_STOCK_TAKING, WhyUnknown.NO_STOCK_TAKING,
    ]  # fmt: skip
    assert (got.kg, got.finished_kg, got.lead_time_h, got.missing) == (None, None, None, ("B", "C"))


def test_by_hand() -> None:
    # An hour: A puts out 20 kg/min, B 8 of what took 10. 1,000 + 60 × (20 − 10) = 1,600 kg, of
    # which 1,600 × 0.8 × 0.75 = 960 kg finished. B took 600 kg/h: 1,600 / 600 = 2.667 h.
    made = counted(steady(1, A=20.0, B=8.0, C=8.0))
    stock = (found("B", 1_000.0), found("C", 240.0))
    got = line_wip(chain(), stock, made, at_ns=T0 + HOUR_NS)
    assert of(got) == {"A": None, "B": 1_600.0, "C": 240.0}
    b, c = got.stages[1:]
    assert b.finished_kg == pytest.approx(960.0)
    assert b.throughput_kg_per_h == pytest.approx(600.0)
    assert b.lead_time_h == pytest.approx(1_600 / 600)
    assert (b.since, b.unknown, c.lead_time_h) == (stock[0], None, pytest.approx(0.5))
    # The plant puts out 480 kg/h: (960 + 240) / 480 = 2.5 h.
    assert (got.kg, got.finished_kg) == (1_840.0, pytest.approx(1_200.0))
    assert got.lead_time_h == pytest.approx(2.5)


def test_one_stage_that_was_not_counted_leaves_the_sums_unknown() -> None:
    made = counted(steady(1, A=20.0, B=8.0, C=8.0))
    got = line_wip(chain(), (found("B", 1_000.0),), made, at_ns=T0 + HOUR_NS)
    assert of(got)["B"] == 1_600.0
    assert (got.kg, got.uncertainty_kg, got.lead_time_h, got.missing) == (None, None, None, ("C",))


def test_its_uncertainty_grows_by_the_classes_and_by_unseen_minutes() -> None:
    kg = steady(1, A=20.0, B=8.0, C=8.0)
    kg["A"][30:40] = np.nan
    made = counted(kg, class_share=0.01, most=50.0)
    got = [
        carried_kg(chain(), found("B", 1_000.0), made, until_ns=T0 + n * MINUTE_NS)
        for n in (0, 30, 60)
    ]
    assert got[0] == (1_000.0, 0.0)
    # 30 min: 600 kg in, 300 kg taken, 1 % of each. 60 min: 1,000 in, 600 taken, and ten unseen
    # minutes in which 0 to 500 kg came.
    assert got[1] == (pytest.approx(1_300.0), pytest.approx(9.0))
    assert got[2] == (pytest.approx(1_400.0 + 250.0), pytest.approx(16.0 + 250.0))


def test_the_last_stock_taking_counts_and_a_newer_one_stands() -> None:
    made = counted(steady(1, A=20.0, B=8.0, C=8.0))
    stock = (found("B", 5_000.0), found("B", 1_000.0, 30), found("C", 7.0, 61))
    got = line_wip(chain(), stock, made, at_ns=T0 + HOUR_NS)
    assert of(got) == {"A": None, "B": 1_300.0, "C": 7.0}
    assert got.stages[2].uncertainty_kg == 0.0


def test_each_minute_goes_by_the_yield_that_held_then() -> None:
    line = chain()
    half = replace(line.stage_by_id["B"], yield_fraction=0.5)
    line = replace(line, changes=(StageChange(T0 + 30 * MINUTE_NS, half),))
    made = counted(steady(1, A=20.0, B=8.0, C=8.0))
    # 30 min at 20 − 10, 30 min at 20 − 16.
    got = carried_kg(line, found("B", 1_000.0), made, until_ns=T0 + HOUR_NS)
    assert got == (pytest.approx(1_000.0 + 300.0 + 120.0), 0.0)


def test_only_stock_takings_that_stand_count_by_time_and_entering() -> None:
    def entry(name: str, minute: int, kg: float, *, gone: bool = False) -> Entry:
        at_ns = T0 + minute * MINUTE_NS + 30_000_000_000
        said = Draft(EntryKind.STOCK, "B", at_ns, at_ns, kg, "month's end")
        return Entry(name, said, "li", at_ns, Cancellation("li", at_ns, "typo") if gone else None)

    note = Entry("n", Draft(EntryKind.NOTE, "B", T0, T0, None, "hi"), "li", T0)
    got = takings([entry("late", 9, 3.0), note, entry("a", 2, 1.0), entry("b", 2, 2.0),
                   entry("gone", 11, 4.0, gone=True)])  # fmt: skip
    assert [one.entry for one in got] == ["a", "b", "late"]
    assert got[0].at_ns == T0 + 2 * MINUTE_NS  # the minute in which it was found


masses = st.lists(st.integers(0, 400), min_size=1, max_size=90)


@given(came=masses, stock=st.integers(0, 10_000), exponent=st.integers(0, 3),
       cut=st.integers(0, 90), seed=st.integers(0, 99))  # fmt: skip
@settings(deadline=None)
def test_mass_balance_is_exact(
    came: list[int], stock: int, exponent: int, cut: int, seed: int
) -> None:
    """WIP_end − WIP_start = in − out / yield, that is (WIP_end − WIP_start) · yield = in · yield −
    out, to the last bit where the numbers can be written in binary; and in two steps as in one."""
    share = 2.0**-exponent
    out = np.random.default_rng(seed).permutation(came)
    kg = {"A": np.array(came, float), "B": out.astype(float), "C": np.zeros(len(came))}
    made, line, n = counted(kg), chain(share), len(came)
    end, uncertainty = carried_kg(line, found("B", stock), made, until_ns=T0 + n * MINUTE_NS)
    assert (end - stock) * share == sum(came) * share - sum(out)
    assert uncertainty == 0.0
    mid = min(cut, n)
    half, _ = carried_kg(line, found("B", stock), made, until_ns=T0 + mid * MINUTE_NS)
    again = carried_kg(line, found("B", half, mid), made, until_ns=T0 + n * MINUTE_NS)
    assert again == (end, 0.0)


@given(flow=st.floats(1.0, 500.0), stock_h=st.floats(0.1, 40.0), share=st.floats(0.5, 1.0),
       side=st.floats(0.0, 0.2), unseen=st.integers(0, 600))  # fmt: skip
@settings(deadline=None)
def test_littles_law_on_a_steady_line(
    flow: float, stock_h: float, share: float, side: float, unseen: int
) -> None:
    """Where as much is taken as comes, lead time × throughput = work in progress, and a stock that
    holds ``stock_h`` hours of flow takes so long to pass; stages add up to the line. Minutes that
    were not seen before the stock-taking change nothing."""
    line = chain(share, side)
    out = flow * share / (1.0 - side)  # B's share of pitch comes from the side
    eq = {"A": (1.0 - side) ** -1 * share, "B": 1.0, "C": 1.0}
    line = replace(
        line, stages=tuple(replace(stage, finished_eq=eq[stage.id]) for stage in line.stages)
    )
    kg = steady(2, A=flow, B=out, C=out)
    for row in kg.values():
        row[:unseen] = np.nan
    stock = (found("B", flow * 60 * stock_h, 1440), found("C", out * 60 * 2 * stock_h, 1440))
    got = line_wip(line, stock, counted(kg), at_ns=T0 + 2 * DAY_NS)
    for one, hours in zip(got.stages[1:], (stock_h, 2 * stock_h), strict=True):
        assert one.lead_time_h == pytest.approx(hours, rel=1e-6)
        assert one.kg == pytest.approx((one.throughput_kg_per_h or 0.0) * hours, rel=1e-6)
    assert got.lead_time_h == pytest.approx(3 * stock_h, rel=1e-6)


def test_nothing_passes_no_lead_time() -> None:
    made = counted(steady(1, A=0.0, B=0.0, C=0.0))
    stock = (found("B", 100.0), found("C", 100.0))
    got = line_wip(chain(), stock, made, at_ns=T0 + HOUR_NS)
    assert (of(got)["B"], got.stages[1].lead_time_h, got.lead_time_h) == (100.0, None, None)
