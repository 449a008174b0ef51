"""For how long somebody may shelve an alarm, by role (ISA-18.2: shelving is bounded in time)."""

from __future__ import annotations

from dataclasses import dataclass

from service.runtime.identity import Role


@dataclass(frozen=True, slots=True)
class ShelvingLimits:
    """The longest times in hours; an administrator may what an engineer may."""

    operator_h: float = 8.0
    engineer_h: float = 72.0

    def most_min(self, role: Role) -> int:
        """The most minutes that ``role`` may shelve an alarm for; 0 for who may not at all."""
        if role.includes(Role.ENGINEER):
            return round(self.engineer_h * 60)
        return round(self.operator_h * 60) if role.includes(Role.OPERATOR) else 0
