"""How a shift's alarms loaded its operators, from the indicators of the alarm system."""

from __future__ import annotations

from collections.abc import Mapping

from service.domain.alarm_kpi import AlarmKpis
from service.domain.alarm_targets import Indicator, figure, level
from service.domain.report.content import AlarmFigure, AlarmLoad, FrequentLine, Names

SHOWN = (
    Indicator.PER_HOUR,
    Indicator.MOST_IN_PERIOD,
    Indicator.FLOOD_SHARE,
    Indicator.CHATTERING,
    Indicator.FLEETING,
    Indicator.MOST_STALE,
)
"""Those that one shift can be judged by; shares of calls need a month."""


def alarm_load(kpis: AlarmKpis, names: Mapping[str, tuple[str, Names]]) -> AlarmLoad:
    """What the report says of ``kpis``. names: asset and message by definition, where known."""
    unnamed = ("", Names("", ""))
    return AlarmLoad(
        kpis.known_h,
        kpis.operators,
        kpis.calls,
        sum(kpis.quiet.values()),
        tuple(AlarmFigure(one, figure(kpis, one), level(kpis, one)) for one in SHOWN),
        kpis.acknowledging.open,
        kpis.acknowledging.median_s,
        kpis.acknowledging.p95_s,
        tuple(
            FrequentLine(one.definition, *names.get(one.definition, unnamed), one.calls)
            for one in kpis.top
            if one.calls > 1
        ),
        dict(kpis.priorities),
    )
