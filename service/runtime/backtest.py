"""The port through which rules are tried on the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from service.domain.backtest.labels import Label
from service.domain.backtest.outcome import Outcome

GRACE_S = 24 * 3_600.0
"""How long after a labelled event an alert still counts as its own: a day's window looks back a
day."""


class CannotBacktest(Exception):
    """What was asked for can't be done; the message says what to change."""


@dataclass(frozen=True, slots=True)
class BacktestAsked:
    """What to try: texts of one or two rules.toml by the name that they are shown under, over
    [start_ns, end_ns). labels: None when there are none to compare with."""

    rules: Sequence[tuple[str, str]]
    start_ns: int
    end_ns: int
    labels: Sequence[Label] | None = None
    grace_ns: int = round(GRACE_S * 1e9)


class Backtests(Protocol):
    """Tries rules. Called concurrently; one runs at a time."""

    async def run(self, asked: BacktestAsked) -> Sequence[Outcome]:
        """One outcome for each set of rules. Raises CannotBacktest for broken rules, or when
        nothing is recorded in the range; TimeoutError when it takes too long."""
        ...
