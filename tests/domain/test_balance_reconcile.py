"""Which scale does not fit: a drifting scale is told from a real loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.balance import Node
from service.domain.reconcile import Flow, Reconciled, balances_of, reconcile

CHAIN = "ABCDE"
NODES = {
    stage: Node(stage, 0.95, 0.0, {CHAIN[n - 1]: 1.0} if n else {}) for n, stage in enumerate(CHAIN)
}
CLASS = 0.003


def chain(
    rate: float, factor: dict[str, float] | None = None, *, noise: int | None = None
) -> Reconciled:
    """A chain of five stages; ``rate`` kg leave the first, ``factor`` is what a scale makes of
    it."""
    rng = np.random.default_rng(noise)
    flows = {}
    for n, stage in enumerate(CHAIN):
        true = rate * 0.95**n
        standard = CLASS * 100_000.0
        error = 0.0 if noise is None else float(rng.normal(0.0, standard))
        flows[stage] = Flow(true * (factor or {}).get(stage, 1.0) + error, standard)
        if n:
            stored = 0.0 if noise is None else float(rng.normal(0.0, 50.0))
            flows[f"stored {stage}"] = Flow(stored, 50.0)
    return reconcile(flows, balances_of(NODES))


def test_by_hand() -> None:
    # A = B must hold; A says 102 ± 1, B says 100 ± 1: both are wrong by half, score √2.
    got = reconcile({"A": Flow(102.0, 1.0), "B": Flow(100.0, 1.0)}, [{"A": 1.0, "B": -1.0}])
    assert got.flows["A"].adjusted_kg == pytest.approx(101.0)
    assert got.flows["B"].adjusted_kg == pytest.approx(101.0)
    assert got.flows["A"].score == pytest.approx(2.0**0.5)
    assert (got.suspect, got.tied) == (None, ())


@pytest.mark.parametrize("stage", ["B", "C", "D"])
@pytest.mark.parametrize("drift", [1.03, 0.97])
def test_a_drifting_scale_is_named(stage: str, drift: float) -> None:
    assert chain(100_000.0, {stage: drift}).suspect == stage


@pytest.mark.parametrize("rate", [100_000.0, 80_000.0, 30_000.0, 0.0])
def test_a_real_loss_makes_no_scale_suspect(rate: float) -> None:
    got = chain(rate)
    assert (got.suspect, got.tied) == (None, ())
    assert all(flow.score < 1e-6 for flow in got.flows.values())


def test_a_scale_at_the_end_can_not_be_told_from_the_stock_before_it() -> None:
    got = chain(100_000.0, {"E": 1.05})
    assert got.suspect is None
    assert set(got.tied) == {"E", "stored E"}


def test_what_no_balance_touches_has_no_score() -> None:
    flows = {name: Flow(10.0, 1.0) for name in "ABC"}
    assert reconcile(flows, [{"A": 1.0, "B": -1.0}]).flows["C"].score == 0.0


@pytest.mark.parametrize(
    ("flows", "balances", "says"),
    [
        ({"A": Flow(1.0, 1.0)}, [{"B": 1.0}], "names the flow B"),
        ({"A": Flow(1.0, 0.0), "B": Flow(1.0, 1.0)}, [{"A": 1.0, "B": -1.0}], "A: the standard"),
        ({"A": Flow(1.0, 1.0)}, [{"A": 1.0}, {"A": 2.0}], "follows from the others"),
    ],
)
def test_what_does_not_fit_is_refused(
    flows: dict[str, Flow], balances: list[dict[str, float]], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        reconcile(flows, balances)


@given(noise=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_adjusted_flows_close_every_balance(noise: int) -> None:
    got = chain(100_000.0, noise=noise)
    for terms in balances_of(NODES):
        assert sum(f * got.flows[n].adjusted_kg for n, f in terms.items()) == pytest.approx(
            0.0, abs=1e-5
        )


def test_healthy_scales_are_rarely_suspected() -> None:
    """At most the stated 5 %, with room for the chance of 1,000 draws."""
    false = [chain(100_000.0, noise=seed) for seed in range(1_000)]
    share = sum(bool(r.suspect or r.tied) for r in false) / len(false)
    assert 0.01 < share <= 0.065
