"""What the in-process simulator needs; validated without the network."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field, NonNegativeInt, model_validator

from connectors.simulator.faults.table import fault_named
from connectors.simulator.process.reference import METER_INDEX


class PlannedFault(BaseModel, extra="forbid"):
    """A fault that comes of itself.

    fault, target: as in the fault table. after_s: seconds after the start. duration_s, size: how
    long it lasts and how large it is; the fault's usual ones when they are left out.
    """

    fault: str
    target: str
    after_s: float = Field(ge=0)
    duration_s: float | None = Field(default=None, gt=0)
    size: float | None = None

    @model_validator(mode="after")
    def _fits_the_table(self) -> PlannedFault:
        fault = fault_named(self.fault)
        fault.target_of(self.target)
        fault.size_of(self.size)
        return self


class SimulatorSettings(BaseModel, extra="forbid"):
    """One simulated plant inside the service.

    seed: the same seed makes the same plant. start: when the plant begins, now by default.
    duration_s: how long it runs, without end by default. step_s: how often every tag is sampled.
    batch_s: how much of plant time one Batch holds at most. pace: ``clock`` follows the service's
    clock, ``fast`` gives Batches as fast as they are read. meters: only the tags that measure a
    stage's output. emission: every sample, or only what has changed. bad_share: part of the samples
    that are Bad. faults: what goes wrong, and when. campaign: whether all sorts of faults come at
    random as the table of rates says, for ``duration_s`` or a year; a number is a seed of their
    own. preset: what counters show at the start, by tag.
    """

    kind: Literal["simulator"]
    seed: int = Field(default=1, ge=0)
    start: AwareDatetime | None = None
    duration_s: float | None = Field(default=None, gt=0)
    step_s: float = Field(default=10.0, ge=0.1, le=3_600)
    batch_s: float = Field(default=600.0, gt=0)
    pace: Literal["clock", "fast"] = "clock"
    meters: bool = False
    emission: Literal["cyclic", "exception"] = "cyclic"
    bad_share: float = Field(default=0.0, ge=0, lt=1)
    faults: tuple[PlannedFault, ...] = ()
    campaign: bool | NonNegativeInt = False
    preset: dict[str, float] = {}

    @model_validator(mode="after")
    def _known(self) -> SimulatorSettings:
        for tag in self.preset:
            if tag not in METER_INDEX:
                raise ValueError(
                    f"preset: {tag} is no meter of the plant, such as CR-L01-WQ101.TOT"
                )
        if self.batch_s < self.step_s:
            raise ValueError(f"batch_s ({self.batch_s}) is at least step_s ({self.step_s})")
        if self.duration_s is not None and timedelta(seconds=self.duration_s).days > 36_500:
            raise ValueError("duration_s is at most a hundred years; leave it out to run on")
        return self
