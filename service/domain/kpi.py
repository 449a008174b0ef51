"""Key performance indicators of ISO 22400-2 as pure functions, with the standard's own names.

Every function answers None when a quantity is unknown (None or NaN) or its denominator is nothing:
unknown is never zero. Ratios are shares of 1; they may pass 1 where a plan was too modest.
Formulas: the table under "Loss accounting" of the plant's reference model, after ISO 22400-2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Known = float | None
"""A quantity, or None while it is unknown."""

ROW_S = 263.0
"""Planned seconds from row to row of a kiln: 10 t/d in saggers of 7.6 kg, four in a row."""
RUN_H = 40.0
"""Energised hours of a graphitization run; 3.2 h of switching to the next furnace are setup."""


def ratio(numerator: Known, denominator: Known) -> Known:
    """numerator / denominator; None when either is unknown or the denominator is not positive."""
    if numerator is None or denominator is None:
        return None
    if not (math.isfinite(numerator) and math.isfinite(denominator)) or denominator <= 0.0:
        return None
    return numerator / denominator


def product(*factors: Known) -> Known:
    """The product; None when any factor is unknown."""
    known = [f for f in factors if f is not None and math.isfinite(f)]
    return math.prod(known) if len(known) == len(factors) else None


def total(*parts: Known) -> Known:
    """The sum; None when any part is unknown."""
    known = [p for p in parts if p is not None and math.isfinite(p)]
    return math.fsum(known) if len(known) == len(parts) else None


def availability(*, apt_h: Known, pbt_h: Known) -> Known:
    """APT / PBT: actual production time over planned busy time."""
    return ratio(apt_h, pbt_h)


def effectiveness(*, pri_h: Known, pq: Known, apt_h: Known) -> Known:
    """PRI · PQ / APT: planned run time per item (h) × produced items over production time (h)."""
    return ratio(product(pri_h, pq), apt_h)


def quality_ratio(*, gq: Known, pq: Known) -> Known:
    """GQ / PQ: good quantity over produced quantity, in one unit."""
    return ratio(gq, pq)


def oee_index(*, availability: Known, effectiveness: Known, quality_ratio: Known) -> Known:
    """Overall equipment effectiveness index: availability × effectiveness × quality ratio."""
    return product(availability, effectiveness, quality_ratio)


def throughput_rate(*, pq: Known, aoet_h: Known) -> Known:
    """PQ / AOET: produced quantity per hour of actual order execution time."""
    return ratio(pq, aoet_h)


def allocation_efficiency(*, aubt_h: Known, pbt_h: Known) -> Known:
    """AUBT / PBT: actual unit busy time over planned busy time."""
    return ratio(aubt_h, pbt_h)


def utilization_efficiency(*, apt_h: Known, aubt_h: Known) -> Known:
    """APT / AUBT: actual production time over actual unit busy time."""
    return ratio(apt_h, aubt_h)


def technical_efficiency(*, apt_h: Known, adet_h: Known) -> Known:
    """APT / (APT + ADET): production time over production and unit delay time."""
    return ratio(apt_h, total(apt_h, adet_h))


def production_loss_ratio(*, pl: Known, cm: Known) -> Known:
    """PL / CM: quantity lost in production over consumed material, in one unit."""
    return ratio(pl, cm)


def corrective_maintenance_ratio(*, cmt_h: Known, pmt_h: Known) -> Known:
    """CMT / (CMT + PMT): corrective over corrective and planned maintenance time."""
    return ratio(cmt_h, total(cmt_h, pmt_h))


def energy_per_tonne(*, energy_kwh: Known, pq_t: Known) -> Known:
    """Total energy / PQ, in kWh per tonne."""
    return ratio(energy_kwh, pq_t)


def mean_time_between_failures(*, apt_h: Known, failures: int) -> Known:
    """Operating hours per failure; None without a failure: it is longer than what was seen."""
    return ratio(apt_h, float(failures))


def mean_time_to_restoration(*, restoring_h: Known, failures: int) -> Known:
    """Hours from failure to running again, per failure; None without a failure."""
    return ratio(restoring_h, float(failures))


@dataclass(frozen=True, slots=True)
class Oee:
    """Overall equipment effectiveness with its three factors, shares of 1; None when unknown."""

    availability: Known
    effectiveness: Known
    quality_ratio: Known

    @property
    def index(self) -> Known:
        """Availability × effectiveness × quality ratio."""
        return oee_index(
            availability=self.availability,
            effectiveness=self.effectiveness,
            quality_ratio=self.quality_ratio,
        )


def kiln_oee(
    *,
    advancing_h: Known,
    busy_h: Known,
    rows: Known,
    saggers: Known,
    saggers_passed: Known,
    row_s: float = ROW_S,
) -> Oee:
    """OEE of a roller hearth kiln.

    A: time advancing rows over planned busy time. E: ``row_s`` / actual row interval, where the
    actual interval is the advancing time per row. Q: saggers passed over saggers out.
    """
    return Oee(
        availability(apt_h=advancing_h, pbt_h=busy_h),
        effectiveness(pri_h=row_s / 3_600.0, pq=rows, apt_h=advancing_h),
        quality_ratio(gq=saggers_passed, pq=saggers),
    )


def rectifier_oee(
    *,
    energised_h: Known,
    busy_h: Known,
    runs: Known,
    unloaded_kg: Known,
    good_kg: Known,
    run_h: float = RUN_H,
) -> Oee:
    """OEE of a rectifier with its furnaces, the unit of graphitization.

    A: energised time over planned busy time; switching is setup, so a rectifier on schedule has
    40 / 43.2 = 92.6 %. E: ``run_h`` × runs over energised time, ``runs`` also in parts (progress of
    a run). Q: good over unloaded mass.
    """
    return Oee(
        availability(apt_h=energised_h, pbt_h=busy_h),
        effectiveness(pri_h=run_h, pq=runs, apt_h=energised_h),
        quality_ratio(gq=good_kg, pq=unloaded_kg),
    )


def furnace_turn_h(starts_h: Iterable[Sequence[float]]) -> Known:
    """Mean hours from one run start of a furnace to its next, over all furnaces.

    starts_h: for each furnace its run starts, rising. Ten furnaces on a 43.2 h schedule turn in
    432 h = 18 d. None when no furnace has started twice.
    """
    turns = [later - earlier for starts in starts_h for earlier, later in pairwise(starts)]
    return ratio(math.fsum(turns), float(len(turns)))


@dataclass(frozen=True, slots=True)
class Quantities:
    """What the indicators are made of, after ISO 22400-2; None where unknown.

    Hours: apt actual production time, pbt planned busy time, aubt actual unit busy time, adet
    actual unit delay time, aoet actual order execution time, cmt and pmt corrective and planned
    maintenance time. Tonnes: pq produced, gq good, cm consumed material, pl production loss.
    pri_h_per_t: planned run time per tonne. energy_kwh: total energy.
    """

    apt_h: Known = None
    pbt_h: Known = None
    aubt_h: Known = None
    adet_h: Known = None
    aoet_h: Known = None
    cmt_h: Known = None
    pmt_h: Known = None
    pri_h_per_t: Known = None
    pq_t: Known = None
    gq_t: Known = None
    cm_t: Known = None
    pl_t: Known = None
    energy_kwh: Known = None

    @property
    def oee(self) -> Oee:
        """OEE with its factors."""
        return Oee(
            availability(apt_h=self.apt_h, pbt_h=self.pbt_h),
            effectiveness(pri_h=self.pri_h_per_t, pq=self.pq_t, apt_h=self.apt_h),
            quality_ratio(gq=self.gq_t, pq=self.pq_t),
        )


@dataclass(frozen=True, slots=True)
class Kpi:
    """One indicator: its names, its unit ("1" for a share) and how it comes from quantities."""

    id: str
    name_en: str
    name_zh: str
    unit: str
    of: Callable[[Quantities], Known]


# fmt: off
KPIS: tuple[Kpi, ...] = (
    Kpi("availability", "Availability", "可用率", "1", lambda q: q.oee.availability),
    Kpi("effectiveness", "Effectiveness", "性能率", "1", lambda q: q.oee.effectiveness),
    Kpi("quality_ratio", "Quality ratio", "质量合格率", "1", lambda q: q.oee.quality_ratio),
    Kpi("oee_index", "OEE index", "设备综合效率", "1", lambda q: q.oee.index),
    Kpi("throughput_rate", "Throughput rate", "产出速率", "t/h",
        lambda q: throughput_rate(pq=q.pq_t, aoet_h=q.aoet_h)),
    Kpi("allocation_efficiency", "Allocation efficiency", "分配效率", "1",
        lambda q: allocation_efficiency(aubt_h=q.aubt_h, pbt_h=q.pbt_h)),
    Kpi("utilization_efficiency", "Utilization efficiency", "利用效率", "1",
        lambda q: utilization_efficiency(apt_h=q.apt_h, aubt_h=q.aubt_h)),
    Kpi("technical_efficiency", "Technical efficiency", "技术效率", "1",
        lambda q: technical_efficiency(apt_h=q.apt_h, adet_h=q.adet_h)),
    Kpi("production_loss_ratio", "Production loss ratio", "生产损失率", "1",
        lambda q: production_loss_ratio(pl=q.pl_t, cm=q.cm_t)),
    Kpi("corrective_maintenance_ratio", "Corrective maintenance ratio", "故障维修率", "1",
        lambda q: corrective_maintenance_ratio(cmt_h=q.cmt_h, pmt_h=q.pmt_h)),
    Kpi("energy_per_tonne", "Energy per tonne", "吨产品能耗", "kWh/t",
        lambda q: energy_per_tonne(energy_kwh=q.energy_kwh, pq_t=q.pq_t)),
)
# fmt: on
