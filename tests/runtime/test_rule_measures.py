"""What Prometheus is told of each rule."""

from __future__ import annotations

from collections import Counter

from service.app.views.alarm_load import rule_measures
from service.domain.alarm import AlarmDefinition, Priority, Quiet
from service.domain.handling import Handling


def test_every_rule_is_counted_by_what_became_of_its_alarms() -> None:
    definitions = [
        AlarmDefinition(
            f"{rule}:{n}", rule, "v", "limit", Priority.HIGH, "a", 0, 0, "m", "m",
            handling=Handling(shadow=rule == "trial"),
        )
        for rule in ("live", "trial") for n in range(2)
    ]  # fmt: skip
    raises = Counter({("live", None): 3, ("live", Quiet.INHIBITED): 2})
    found = [
        (m.labels["rule"], m.labels["outcome"], m.value) for m in rule_measures(definitions, raises)
    ]
    assert found == [("live", "told", 3), ("live", "inhibited", 2), ("trial", "shadow", 0)]
