"""``anodewatch bench collect``: the cost of taking values in over OPC UA, beside asyncua's own."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from connectors.opcua.replay.clients import (
    Taken,
    own_keys,
    quieten,
    replay_server,
    take_ours,
    take_stock,
)
from service.runtime.clock import SystemClock

SIZES = (1_000, 50_000)
"""Items at which ours is measured once more, to see whether a value costs the same."""


def collect(
    items: Annotated[int, typer.Option(help="Monitored items.", min=1, max=200_000)] = 10_000,
    seconds: Annotated[
        float, typer.Option(help="Length of each measurement.", min=0.5, max=86_400)
    ] = 10.0,
    sizes: Annotated[
        bool, typer.Option(help="Measure ours with 1,000 and 50,000 items as well.")
    ] = True,
) -> None:
    """Intake of values over OPC UA, as one JSON object; progress goes to stderr.

    A server in a process of its own sends notifications made beforehand (1,000 values each, of
    mixed types, with both timestamps), as fast as it is asked for them. Our source turns them into
    Batches; asyncua's client hands each value to a callback that counts. CPU seconds are those of
    the client's process, with everything that it does: network, channel, decoding, acknowledging.
    """
    console = Console(stderr=True, highlight=False)
    quieten()
    found = asyncio.run(_measure(items, seconds, sizes=sizes, console=console))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


async def _measure(
    items: int, seconds: float, *, sizes: bool, console: Console
) -> dict[str, object]:
    found: dict[str, Any] = {"items": items, "seconds": seconds}
    with tempfile.TemporaryDirectory() as folder:
        async with (
            own_keys(Path(folder)) as keys,
            replay_server(keys / "server") as endpoint,
        ):
            found |= await _pair(endpoint, items, seconds, console)
            console.print("the same, signed and encrypted (Basic256Sha256)")
            found["encrypted"] = await _pair(endpoint, items, seconds, console, keys=keys)
            if sizes:
                costs = {items: found["us_per_value"]}
                for n in SIZES:
                    costs[n] = _us(await _ours(endpoint, n, seconds, console))
                found["us_per_value_by_items"] = {str(n): costs[n] for n in sorted(costs)}
                found["us_per_value_spread"] = _rounded(max(costs.values()) / min(costs.values()))
    return found


async def _pair(
    endpoint: str, items: int, seconds: float, console: Console, *, keys: Path | None = None
) -> dict[str, object]:
    """Ours, then the stock client."""
    ours = await _ours(endpoint, items, seconds, console, keys=keys)
    console.print(f"asyncua's client: {items} items, {seconds:g} s")
    stock = await take_stock(endpoint, items, seconds, SystemClock(), keys=keys)
    return {
        "values_per_cpu_s": round(ours.per_cpu_s),
        "stock_values_per_cpu_s": round(stock.per_cpu_s),
        "ratio_cpu": _rounded(ours.per_cpu_s / stock.per_cpu_s),
        "values_per_s": round(ours.per_s),
        "stock_values_per_s": round(stock.per_s),
        "ratio_wall": _rounded(ours.per_s / stock.per_s),
        "us_per_value": _us(ours),
        "rss_mb": [_rounded(mb) for mb in ours.rss_mb],
    }


async def _ours(
    endpoint: str, items: int, seconds: float, console: Console, *, keys: Path | None = None
) -> Taken:
    console.print(f"ours: {items} items, {seconds:g} s")
    return await take_ours(endpoint, items, seconds, SystemClock(), keys=keys)


def _us(taken: Taken) -> float:
    return _rounded(1e6 / taken.per_cpu_s)


def _rounded(figure: float) -> float:
    return float(f"{figure:.4g}")
