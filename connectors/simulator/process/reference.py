"""The reference plant in numbers: stages, machines, meters, yields and buffers.

Everything here is engineering judgement about a reference design, scaled to a line rate a little
above the 8.84 t/h that 70,000 t in 7,920 planned hours ask for.
"""

from __future__ import annotations

from dataclasses import dataclass

TICK_S = 10
"""Seconds of one step of the mass model; a minute is a whole number of ticks."""
LINE_T_PER_H = 9.0
"""Finished tonnes per hour that every stage is paced for."""


def _numbered(prefix: str, count: int, *, width: int = 2) -> tuple[str, ...]:
    return tuple(f"{prefix}{n:0{width}d}" for n in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One stage of the line.

    assets: its machines. meter: the instrument that measures a machine's output. kg_per_unit:
    kilograms per unit of that meter (t/h for a rate). yield_fraction: output over input.
    pitch_fraction: share of the input that is pitch and comes from the side. finished_eq: finished
    tonnes per tonne out. capacity_t_per_h: of one machine. buffer_d: what the buffer behind the
    stage can hold, in days of its nominal output.
    """

    id: str
    assets: tuple[str, ...]
    meter: str
    kg_per_unit: float
    yield_fraction: float
    pitch_fraction: float
    finished_eq: float
    capacity_t_per_h: float
    buffer_d: float

    @property
    def nominal_kg_per_s(self) -> float:
        """Output of the whole stage at the line rate."""
        return LINE_T_PER_H / self.finished_eq / 3.6

    @property
    def from_buffer_per_out(self) -> float:
        """Kilograms taken from the buffer before the stage per kilogram of output."""
        return (1.0 - self.pitch_fraction) / self.yield_fraction


KILN_IDS = tuple(f"CB-{line}{side}" for line in _numbered("L", 14) for side in "AB")

STAGES = (
    StageSpec("CR", _numbered("CR-L", 8), "WQ101.TOT", 1, 0.92, 0, 0.912, 1.6, 0.5),
    StageSpec("GR", _numbered("GR-K", 36), "WQ204.TOT", 1, 0.93, 0.07408, 0.908, 0.375, 0.9),
    StageSpec("CT", _numbered("CT-M", 12), "WQ302.TOT", 1, 0.998, 0.03846, 0.875, 1.0, 0.5),
    StageSpec("CB", KILN_IDS, "KQ131.TOT", 7.6, 0.95, 0, 0.921, 0.4167, 3.5),
    StageSpec("GZ", _numbered("GZ-G", 8, width=1), "WQ404.TOT", 1, 0.95, 0, 0.969, 1.21, 1.3),
    StageSpec("SC", _numbered("SC-L", 12), "WQ503.TOT", 1, 0.975, 0, 0.994, 0.9, 1.0),
    StageSpec("DM", _numbered("DM-S", 12), "WIC602.PV", 1000, 0.995, 0, 0.999, 0.9, 0.06),
    StageSpec("PK", _numbered("PK-P", 4, width=1), "KQ702.TOT", 500, 0.999, 0, 1.0, 4.0, 2.0),
)
STAGE = {stage.id: stage for stage in STAGES}

FURNACE_IDS = tuple(f"GZ-G{g}F{f:02d}" for g in range(1, 9) for f in range(1, 11))

FAMILIES: dict[str, tuple[str, ...]] = {
    **{stage.id: stage.assets for stage in STAGES},
    "FURNACE": FURNACE_IDS,
    "RTO": _numbered("UT-RTO", 4, width=1),
    "BL": _numbered("UT-BL", 4, width=1),
    "N2": ("UT-N2",),
    "EL": ("UT-EL",),
}
"""Machines of one kind, in the order of every array about them."""

UNIT: dict[str, tuple[str, int]] = {
    asset: (family, at) for family, assets in FAMILIES.items() for at, asset in enumerate(assets)
}
"""Asset id -> family and place in it."""

CONTINUOUS = ("CR", "CT", "SC", "DM", "PK")
"""Stages whose machines run without batches; their machines share one vector, in this order."""
METERED = ("CR", "CT", "SC", "DM", "GR", "GZ", "CB", "PK")
"""Order of the stages in every vector over meters."""


@dataclass(frozen=True, slots=True)
class MeterSpec:
    """One meter: its tag, stage, and kilograms per unit of the tag."""

    tag: str
    stage: str
    kg_per_unit: float
    is_rate: bool

    @property
    def is_count(self) -> bool:
        """Whether it counts pieces of some mass: rows of saggers, bags."""
        return not self.is_rate and self.kg_per_unit != 1.0


METERS = tuple(
    MeterSpec(f"{asset}-{spec.meter}", spec.id, spec.kg_per_unit, spec.meter.endswith(".PV"))
    for spec in (STAGE[stage] for stage in METERED)
    for asset in spec.assets
)
METER_INDEX = {meter.tag: at for at, meter in enumerate(METERS)}


def meter_slices() -> dict[str, slice]:
    """Where each stage's meters are in a vector over ``METERS``."""
    slices = {}
    at = 0
    for stage in METERED:
        n = len(STAGE[stage].assets)
        slices[stage] = slice(at, at + n)
        at += n
    return slices


METER_SLICES = meter_slices()
