"""Talking to a running simulator: injecting and clearing faults from outside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asyncua import Client, ua

from connectors.simulator.addressspace import NAMESPACE
from connectors.simulator.faults.table import fault_named
from service.runtime.errors import Rejected, Retryable

TIMEOUT_S = 10.0


async def inject(
    endpoint: str,
    fault: str,
    target: str,
    duration_s: float | None = None,
    *,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """Injects a fault into the simulator at ``endpoint``; returns its label.

    duration_s: None for the fault's usual time. ValueError for an unknown fault or a target that it
    can't have, Rejected when the simulator has no such target, Retryable when it isn't reached.
    """
    fault_named(fault).target_of(target)
    lasts_s = ua.Variant(0.0 if duration_s is None else float(duration_s), ua.VariantType.Double)
    label = await _call(endpoint, "Inject", fault, target, lasts_s, timeout_s=timeout_s)
    found: dict[str, Any] = json.loads(label)
    return found


async def clear(endpoint: str, target: str = "", *, timeout_s: float = TIMEOUT_S) -> int:
    """Ends the faults at ``target`` and returns how many those were.

    target: an asset, a tag or a fault's id; "" for all. Raises Rejected or Retryable like
    ``inject``.
    """
    return int(await _call(endpoint, "Clear", target, timeout_s=timeout_s))


async def labels(endpoint: str, *, timeout_s: float = TIMEOUT_S) -> list[dict[str, Any]]:
    """The record of the faults so far, oldest first; Retryable when the simulator isn't reached."""
    async with _connected(endpoint, timeout_s) as (client, index):
        text = await client.get_node(ua.NodeId("Faults.Labels", index)).read_value()
    found: list[dict[str, Any]] = json.loads(text)
    return found


async def _call(endpoint: str, method: str, *arguments: Any, timeout_s: float) -> Any:
    async with _connected(endpoint, timeout_s) as (client, index):
        faults = client.get_node(ua.NodeId("Faults", index))
        try:
            return await faults.call_method(ua.NodeId(f"Faults.{method}", index), *arguments)
        except ua.uaerrors.BadInvalidArgument as error:
            raise Rejected(
                f"the simulator at {endpoint} has no {' '.join(map(str, arguments[:2]))}; name a "
                "machine or tag of its site"
            ) from error


@asynccontextmanager
async def _connected(endpoint: str, timeout_s: float) -> AsyncIterator[tuple[Client, int]]:
    try:
        async with asyncio.timeout(timeout_s), Client(endpoint, timeout=timeout_s) as client:
            yield client, await client.get_namespace_index(NAMESPACE)
    except (OSError, TimeoutError, ua.UaError) as error:
        raise Retryable(
            f"no simulator answers at {endpoint} ({type(error).__name__}: {error}); start one with "
            "anodewatch simulate SITE"
        ) from error
