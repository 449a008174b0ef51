"""How often each fault comes, how long it lasts and how large it is.

All of it is engineering judgement about a reference plant, not a measurement: change the numbers,
not the code. Faults come independently of one another, at random (a Poisson process for each
target).
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.process.kilns import IN_SERVICE
from connectors.simulator.process.reference import FAMILIES, KILN_IDS, METERS, STAGE

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
EVERY_MONTH = tuple(range(1, 13))

KILNS = KILN_IDS[:IN_SERVICE]
DETAILED_KILNS = ("CB-L07A", "CB-L07B", "CB-L08A", "CB-L08B")
ZONES = tuple(f"{kiln}-TIC{zone}" for kiln in DETAILED_KILNS for zone in range(101, 125))
COUNTERS = tuple(meter.tag for meter in METERS if not meter.is_rate)
SCALES = tuple(meter.tag for meter in METERS if meter.stage in ("CR", "CT", "SC", "DM"))
SENSORS = (
    *(meter.tag for meter in METERS),
    *(f"{mill}-WIC101.PV" for mill in STAGE["CR"].assets),
    *(f"{kiln}-AT120.PV" for kiln in KILNS),
    *(f"{rectifier}-JT401.PV" for rectifier in STAGE["GZ"].assets),
)


@dataclass(frozen=True, slots=True)
class Spread:
    """A log-normal distribution, cut at both ends.

    median, p90: half and nine tenths of the values lie below them. least, most: the ends.
    """

    median: float
    p90: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Span:
    """Evenly between ``low`` and ``high``; ``either_sign``: as often below zero as above."""

    low: float
    high: float
    either_sign: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """One row: how often ``fault`` comes in a year on each of ``targets``.

    lasts_s: None for what happens once. size: None for the usual one. months: in which it comes,
    1 to 12; within them it is as much more frequent.
    """

    fault: str
    per_year: float
    targets: tuple[str, ...]
    lasts_s: Spread | None
    size: Span | None = None
    months: tuple[int, ...] = EVERY_MONTH


def _minutes(median: float, p90: float, least: float, most: float) -> Spread:
    return Spread(median * MINUTE_S, p90 * MINUTE_S, least * MINUTE_S, most * MINUTE_S)


def _hours(median: float, p90: float, least: float, most: float) -> Spread:
    return Spread(median * HOUR_S, p90 * HOUR_S, least * HOUR_S, most * HOUR_S)


def _days(median: float, p90: float, least: float, most: float) -> Spread:
    return Spread(median * DAY_S, p90 * DAY_S, least * DAY_S, most * DAY_S)


RATES = (
    Rate("heater_zone_failed", 0.25, ZONES, _hours(3, 10, 0.5, 36), Span(0.05, 0.3)),
    Rate("thermocouple_open", 0.15, ZONES, _hours(0.7, 2, 0.2, 8)),
    Rate("thermocouple_drift", 0.1, ZONES, _days(4, 12, 1, 30), Span(0.1, 0.8)),
    Rate("n2_loss", 0.5, (*KILNS, "UT-N2"), _minutes(8, 30, 1, 120)),
    Rate("roller_jam", 0.7, KILNS, _hours(24, 56, 12, 72)),
    Rate("feeder_bridging", 20.0, STAGE["CR"].assets, _minutes(12, 40, 2, 180)),
    Rate("scale_drift", 0.3, SCALES, _days(2, 8, 0.3, 20), Span(15, 90, either_sign=True)),
    Rate("load_cell_fault", 0.3, STAGE["GR"].assets, _hours(12, 40, 3, 96), Span(0.04, 0.2)),
    Rate("screen_blinding", 6.0, STAGE["SC"].assets, _hours(1.5, 6, 0.3, 24), Span(0.1, 0.5)),
    Rate("mill_wear", 0.8, STAGE["CR"].assets, _days(24, 36, 14, 45), Span(0.06, 0.2)),
    Rate("filter_blocked", 3.0, STAGE["CR"].assets, _hours(2, 8, 0.3, 24), Span(0.1, 0.4)),
    Rate("agitator_over_torque", 0.5, STAGE["GR"].assets, _hours(3, 10, 0.2, 24)),
    Rate("pitch_ratio_deviation", 1.5, STAGE["CT"].assets, _hours(2, 8, 0.3, 24), Span(0.1, 0.5)),
    Rate("blower_trip", 3.0, FAMILIES["BL"], _minutes(20, 90, 3, 480)),
    Rate("oxidiser_fault", 1.5, FAMILIES["RTO"], _minutes(30, 120, 5, 480)),
    # Dry winters and hot summers are when a grid is short; all rectifiers feel it together.
    Rate("power_curtailment", 4.0, ("UT-EL",), _hours(4, 9, 1, 24), Span(0.3, 1.0),
         (1, 7, 8, 12)),
    Rate("power_curtailment", 0.5, STAGE["GZ"].assets, _hours(3, 8, 0.5, 24), Span(0.5, 1.0)),
    Rate("bag_shortage", 5.0, STAGE["PK"].assets, _minutes(25, 120, 3, 600)),
    Rate("communication_loss", 6.0, ("plant",), _minutes(8, 90, 0.5, 720)),
    Rate("communication_loss", 3.0, ("CR", "GR", "CT", "CB", "GZ", "SC", "DM", "PK", "UT"),
         _minutes(6, 60, 0.3, 480)),
    Rate("totaliser_reset", 0.5, COUNTERS, None),
    Rate("gz_run_abnormal", 1.5, STAGE["GZ"].assets, _hours(6, 20, 1, 40), Span(0.1, 0.6)),
    Rate("demagnetizer_coil_fault", 1.0, STAGE["DM"].assets, _hours(1, 6, 0.1, 24)),
    Rate("stuck_value", 0.3, SENSORS, _minutes(25, 150, 3, 600)),
)  # fmt: skip
