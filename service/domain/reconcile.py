"""Data reconciliation: which of several scales along the line does not fit the others.

Measured flows are adjusted as little as their uncertainties allow until every balance closes
(weighted least squares). A scale whose own adjustment is out of all proportion is suspect: the
measurement test of R. S. H. Mah and A. C. Tamhane, AIChE Journal 28 (1982) 828. A real loss of
production lowers all flows alike and closes every balance, so it makes no scale suspect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from service.domain.arrays import Float64s
from service.domain.balance import Node


@dataclass(frozen=True, slots=True)
class Flow:
    """A measured mass over a window: kg, and its standard uncertainty (positive)."""

    kg: float
    standard_kg: float


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A flow as measured and as the balances want it; score: its adjustment in standard
    deviations of what such adjustments are; 0 where nothing else tells about it."""

    measured_kg: float
    adjusted_kg: float
    score: float


@dataclass(frozen=True)
class Reconciled:
    """All flows by name, the score from which one is suspect, and the suspect: None when there is
    none, or when several fit the mismatch equally well (``tied``)."""

    flows: Mapping[str, Adjusted]
    critical: float
    suspect: str | None
    tied: tuple[str, ...]


def reconcile(
    flows: Mapping[str, Flow],
    balances: Sequence[Mapping[str, float]],
    *,
    false_alarms: float = 0.05,
) -> Reconciled:
    """Reconciles ``flows`` with ``balances``, each of which adds up to 0: name -> factor.

    false_alarms: probability that a scale is suspect though all are well (Šidák's correction over
    the flows). A change of stock is a flow too, with its own uncertainty. ValueError for a balance
    that names an unknown flow, or follows from the others, or a flow without uncertainty.
    """
    names = list(flows)
    matrix = _matrix(names, balances)
    if np.linalg.matrix_rank(matrix) < len(balances):
        raise ValueError(f"one of {len(balances)} balances follows from the others; leave it out")
    for name, flow in flows.items():
        if flow.standard_kg <= 0.0:
            raise ValueError(
                f"{name}: the standard uncertainty must be positive; came {flow.standard_kg:g} kg"
            )
    measured = np.array([flows[name].kg for name in names])
    variance = np.array([flows[name].standard_kg ** 2 for name in names])
    gain = (variance[:, None] * matrix.T) @ np.linalg.inv((matrix * variance) @ matrix.T)
    change = gain @ (matrix @ measured)
    spread = np.sqrt(np.maximum(np.einsum("ij,ji->i", gain, matrix * variance), 0.0))
    told = spread > 1e-9 * np.sqrt(variance)
    score = np.divide(np.abs(change), spread, out=np.zeros_like(change), where=told)

    critical = NormalDist().inv_cdf((1.0 + (1.0 - false_alarms) ** (1.0 / len(names))) / 2.0)
    top = float(score.max())
    worst = [n for n, s in zip(names, score, strict=True) if s > critical and s >= 0.999 * top]
    adjusted = {
        name: Adjusted(float(m), float(m - c), float(s))
        for name, m, c, s in zip(names, measured, change, score, strict=True)
    }
    suspect = worst[0] if len(worst) == 1 else None
    return Reconciled(adjusted, critical, suspect, tuple(worst) if len(worst) > 1 else ())


def balances_of(nodes: Mapping[str, Node]) -> list[dict[str, float]]:
    """The balances of a line over flows named by stage, and ``stored STAGE`` for the change of the
    stock before a stage: Σ part · supplier − taken per out · stage − stored = 0."""
    return [
        {**node.suppliers, stage: -node.taken_per_out, f"stored {stage}": -1.0}
        for stage, node in nodes.items()
        if node.suppliers
    ]


def _matrix(names: Sequence[str], balances: Sequence[Mapping[str, float]]) -> Float64s:
    at = {name: n for n, name in enumerate(names)}
    matrix = np.zeros((len(balances), len(names)))
    for row, terms in zip(matrix, balances, strict=True):
        for name, factor in terms.items():
            if name not in at:
                raise ValueError(f"a balance names the flow {name}; there are {', '.join(names)}")
            row[at[name]] = factor
    return matrix
