"""What a site's rules state of their own false alarms, from the state of a service that has run."""

from __future__ import annotations

from service.domain.definitions import define
from service.domain.detection.limits import Limits, block_minutes
from service.domain.instants import to_iso
from service.domain.rules import DriftRule
from service.domain.stage_alarms import StageAlarm
from service.runtime.errors import ConnectorError
from service.settings import Site
from service.state.limits import kept_limits
from service.state.past import read_only


def stated(site: Site) -> list[str]:
    """A line for each alarm whose limits are calibrated: the false alarms in 30 days that they let
    expect, or that there are no limits yet. Empty without such alarms."""
    alarms = [
        alarm
        for alarm in define(site.rules, tags=site.tags, line=site.line).stages
        if isinstance(alarm.rule, DriftRule)
    ]
    if not alarms:
        return []
    try:
        with read_only(site.service.data / "state.db") as connection:
            kept = kept_limits(connection)
    except ConnectorError:  # no service has run on this site yet
        kept = {}
    return [_line(alarm, kept.get(alarm.definition.version, [])) for alarm in alarms]


def _line(alarm: StageAlarm, limits: list[Limits]) -> str:
    if not limits:
        days = alarm.rule.min_days if isinstance(alarm.rule, DriftRule) else 0.0
        return (
            f"{alarm.definition.id}: no limits yet; false alarms are known once the service has "
            f"seen {days:g} days"
        )
    last = limits[-1]
    days = last.history_blocks * block_minutes(alarm.stage) / 1_440.0
    return (
        f"{alarm.definition.id}: {last.false_per_month:.2f} false alarms in 30 days expected "
        f"({last.low:.2f} to {last.high:.2f} at 90 %), on {days:.0f} days of history, "
        f"since {to_iso(last.from_ns)}"
    )
