"""Who would hear of an alarm, on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.common import Answer
from service.domain.announcing import Form
from service.domain.oncall import Basis
from service.domain.routing import Mismatch
from service.domain.trial import Trial


class TriedRoute(Answer):
    """One route, in the order in which they are asked. mismatch: why it does not take the alarm."""

    name: str
    mismatch: Mismatch | None


class Listener(Answer):
    """One destination that would hear. route, role, basis: by which way, and what says who is on
    call. form, at: in which way and when; with others where it is not at once."""

    destination: str
    form: Form
    at: Instant
    route: str | None
    role: str | None
    basis: Basis | None


class WouldHear(Answer):
    """Who would hear of an alarm at one moment. day: the production day of the shift."""

    at: Instant
    shift: str
    day: str = Field(examples=["2026-03-01"])
    routes: list[TriedRoute]
    told: list[Listener]

    @classmethod
    def of(cls, trial: Trial) -> WouldHear:
        return cls(
            at=iso(trial.now.at_ns),
            shift=trial.now.shift,
            day=trial.now.day.isoformat(),
            routes=[TriedRoute(name=r.name, mismatch=why) for r, why in trial.routes],
            told=[
                Listener(
                    destination=told.destination,
                    form=told.form,
                    at=iso(told.due_ns),
                    route=heard.route,
                    role=heard.role,
                    basis=heard.basis,
                )
                for heard, told in trial.told
            ],
        )
