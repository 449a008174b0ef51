"""What the site has outside, opened: its sources, its history, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from connectors.outbound.client import Outbound
from connectors.registry import Port, kinds
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.history import History
from service.runtime.notify import Destination, Notifier
from service.runtime.source import OpenSource
from service.settings import Site


def sources_of(site: Site, table: TagTable, clock: Clock) -> dict[str, OpenSource]:
    known = kinds(Port.SOURCE)
    openers: dict[str, OpenSource] = {}
    for name, settings in site.sources.items():
        source_of: Callable[..., OpenSource] = known[str(getattr(settings, "kind", ""))].load()
        openers[name] = source_of(
            settings,
            name=name,
            tags=table.of_connector(name),
            clock=clock,
            folder=site.service.data / "connectors",
        )
    return openers


@asynccontextmanager
async def history_of(site: Site, table: TagTable, clock: Clock) -> AsyncIterator[History]:
    kind = str(getattr(site.history, "kind", ""))
    opener = kinds(Port.HISTORY)[kind].load()
    folder: Path = site.service.data / "history"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with opener(site.history, folder=folder, table=table, clock=clock) as history:
        yield history


@asynccontextmanager
async def destination_of(
    settings: Any, clock: Clock, *, outbound: Outbound
) -> AsyncIterator[Destination]:
    opened = receiver_of(settings.settings, name=settings.name, clock=clock, outbound=outbound)
    async with opened as notifier:
        yield Destination(
            settings.name,
            notifier,
            settings.min_priority,
            settings.fallback,
            settings.fallback_after_s,
            str(settings.settings.kind),
        )


def receiver_of(
    settings: Any, *, name: str, clock: Clock, outbound: Outbound
) -> AbstractAsyncContextManager[Notifier]:
    """Whoever ``settings`` name, opened: a destination of alarms or of heartbeats."""
    known = {**kinds(Port.NOTIFIER), **kinds(Port.HEARTBEAT)}
    opener = known[str(settings.kind)].load()
    opened: AbstractAsyncContextManager[Notifier] = opener(
        settings, name=name, clock=clock, outbound=outbound
    )
    return opened
