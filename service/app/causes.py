"""Where losses began, for the alarms about them."""

from __future__ import annotations

import asyncio

from service.domain.line import Line
from service.domain.losses.explain import Certainty, explain
from service.domain.losses.shifts import Look
from service.domain.losses.stake import most_loaded
from service.runtime.losses import Losses


class CoreCauses:
    """Implements ``service.runtime.watch_held_up.Causes`` over the accounting of losses."""

    def __init__(self, losses: Losses, line: Line) -> None:
        self._losses = losses
        self._line = line

    async def began_at(self, stage: str, start_ns: int, end_ns: int) -> str | None:
        """The stage at which most of a loss began; None when that is a guess."""
        look = await self._losses.look(start_ns, end_ns)
        if look is None or stage not in look.window:
            return None
        return await asyncio.to_thread(self._began_at, look, stage)

    def _began_at(self, look: Look, stage: str) -> str | None:
        found = explain(look.whole, look.window, about=stage, bottleneck=most_loaded(self._line))
        return None if found.certainty is Certainty.UNSURE else found.stage
