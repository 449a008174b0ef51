"""One meter's account: readings and coverage in, closed minutes out, and the state between two
calls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from service.domain.coverage import Coverage
from service.domain.instants import MINUTE_NS, seconds
from service.domain.line import Meter, MeterKind
from service.domain.production.batches import Vessel, told_until, watch_vessel
from service.domain.production.masses import by_mass_in_force
from service.domain.production.minutes import Minutes, OpenMinutes, close, spread
from service.domain.production.rate import integral
from service.domain.production.readings import NO_HOLE, Readings, first_holes, in_order
from service.domain.production.totaliser import held_since, rises


@dataclass(frozen=True, slots=True)
class Account:
    """Where the account of one meter stands.

    last_ns, last_value: the last good reading, or for a rate the instant up to which it is
    integrated.
    hole_ns: since when the meter reads Bad, None while its last reading is good. For a rate also
    since when it is unknown for a hole that is too long to bridge.
    open: minutes that are not closed yet; None before the first good reading.
    held_ns: of a counter, since when it has shown ``last_value``.
    vessel: of a batch meter, whose ``last_ns`` is up to where its weight was looked at.
    """

    last_ns: int | None = None
    last_value: float = 0.0
    hole_ns: int | None = None
    open: OpenMinutes | None = None
    held_ns: int | None = None
    vessel: Vessel | None = None


def advance(
    meter: Meter, account: Account, readings: Readings, coverage: Coverage, until_ns: int
) -> tuple[Account, Minutes | None]:
    """Accounts for ``readings`` and closes the minutes that nothing can change any more.

    readings: every reading that arrived since the last call. coverage: of the meter's item group,
    reaching back to ``account.last_ns``. until_ns: the group's watermark: all that happened before
    it
    has been told. Returns the account as it stands now, and the minutes closed, None when there
    are none.

    Minutes of a totaliser stay open while a hole lasts: only the next good reading tells its mass.
    """
    if meter.kind is MeterKind.BATCH:
        return _advance_batch(meter, account, readings, coverage, until_ns)
    seen = in_order(readings, after_ns=account.last_ns)
    good_ns = seen.time_ns[seen.usable]
    good = seen.value[seen.usable]
    bad_ns = seen.time_ns[~seen.usable]
    hidden_ns = 0
    if account.last_ns is not None:
        good_ns = np.append(np.int64(account.last_ns), good_ns)
        good = np.append(account.last_value, good)
        if account.hole_ns is not None:
            bad_ns = np.append(np.int64(max(account.hole_ns, account.last_ns)), bad_ns)
            hidden_ns = max(account.last_ns - account.hole_ns, 0)
    if not len(good_ns):
        return account, None

    hole_ns, length_ns = first_holes(good_ns, bad_ns, coverage, max(until_ns, int(good_ns[-1])))
    length_ns[0] += hidden_ns
    still_bad = len(bad_ns) > 0 and bad_ns[-1] >= good_ns[-1]
    bad_since = int(bad_ns[np.searchsorted(bad_ns, good_ns[-1], "left")]) if still_bad else None
    if bad_since is not None and len(good_ns) == 1 and hidden_ns:
        bad_since -= hidden_ns
    began = account.open or OpenMinutes(-(-int(good_ns[0]) // MINUTE_NS))

    holds_until_ns = until_ns if hole_ns[-1] == NO_HOLE else min(int(hole_ns[-1]), until_ns)
    last_ns = int(good_ns[-1])
    held_ns: int | None = None
    if meter.kind is MeterKind.RATE:
        bridged = length_ns[-1] <= seconds(meter.bridge_s)
        if not bridged:  # unknown up to the next good reading, though the source lives again
            bad_since = int(hole_ns[-1]) - (hidden_ns if len(good_ns) == 1 else 0)
        last_ns = max(holds_until_ns if bridged else until_ns, last_ns)
        portions = integral(meter, good_ns, good, hole_ns, length_ns, last_ns)
        closed_ns = min(last_ns, until_ns)
    else:
        held = held_since(good_ns, good, account.held_ns)
        held_ns = int(held[-1])
        portions = rises(meter, good_ns, good, hole_ns, held)
        closed_ns = holds_until_ns - seconds(meter.sample_s)
    collected = spread(began, by_mass_in_force(meter, portions), cut=True)
    left, closed = close(collected, closed_ns // MINUTE_NS)
    state = Account(last_ns, float(good[-1]), bad_since, left, held_ns)
    return state, closed if len(closed) else None


def _advance_batch(
    meter: Meter, account: Account, readings: Readings, coverage: Coverage, until_ns: int
) -> tuple[Account, Minutes | None]:
    """``advance`` of a vessel's weight; its minutes close when its batch has been told."""
    vessel, portions = watch_vessel(meter, account.vessel, readings, coverage, until_ns)
    if vessel is None:
        return account, None
    opened = account.open
    if opened is None and vessel.began is not None:
        opened = OpenMinutes(vessel.began)
    state = Account(vessel.minute * MINUTE_NS, vessel.value, open=opened, vessel=vessel)
    if opened is None:
        return state, None
    left, closed = close(
        spread(opened, by_mass_in_force(meter, portions)), told_until(meter, vessel)
    )
    return replace(state, open=left), closed if len(closed) else None
