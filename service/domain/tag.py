"""Tag: one signal of the plant, as the site's tag list describes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TagKind(StrEnum):
    """How a tag's values are read."""

    ANALOG = "analog"
    """A measurement in a unit."""
    COUNTER = "counter"
    """A totaliser or a count that only rises, but for rollover and reset."""
    BOOLEAN = "boolean"
    STATE = "state"
    """A whole number that names a state."""
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Limits:
    """Process limits in the tag's unit (ISA-18.2 alarm types HH, H, L, LL); None where there is
    none."""

    hh: float | None = None
    h: float | None = None
    l: float | None = None  # noqa: E741  the standard's own name
    ll: float | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """One row of the site's tag list.

    id: short id such as ``CB-L07B-TIC112.PV``; it never changes.
    connector, group: where it comes from; ``connector/group`` is its item group for coverage.
    node: the source's own address, e.g. an OPC UA NodeId.
    scale, offset: unit value = source value × scale + offset.
    low, high: range in the unit, None when unknown.
    deadband: of alarms on this tag, in the unit.
    rollover: the counter's modulus in the unit (65,536 for an unsigned 16-bit counter), None if it
    has none.
    cyclic_s: the longest time between two values where the source promises one; None for "by
    exception".
    """

    id: str
    connector: str
    node: str
    kind: TagKind = TagKind.ANALOG
    group: str = "main"
    unit: str = ""
    scale: float = 1.0
    offset: float = 0.0
    low: float | None = None
    high: float | None = None
    limits: Limits = Limits()
    deadband: float = 0.0
    rollover: float | None = None
    cyclic_s: float | None = None
    name_en: str = ""
    name_zh: str = ""

    @property
    def item_group(self) -> str:
        """The item group whose coverage tells whether this tag's silence means "unchanged"."""
        return f"{self.connector}/{self.group}"

    @property
    def area(self) -> str:
        """ISA-95 area: the id's first part, e.g. ``CB``."""
        return self.id.split("-", 1)[0]

    @property
    def asset(self) -> str:
        """The equipment: the id without its last part, e.g. ``CB-L07B``."""
        return self.id.rsplit("-", 1)[0]
