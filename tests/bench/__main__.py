"""Prints one JSON object with what each part costs on this machine; progress goes to stderr."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from tests.bench.accounting import accounting
from tests.bench.backtest import backtest
from tests.bench.forecast import forecast
from tests.bench.intake import intake
from tests.bench.journal import journal
from tests.bench.live import live
from tests.bench.watch import watch

PARTS: dict[str, Callable[[Path], Awaitable[Mapping[str, Any]]]] = {
    "journal": journal,
    "intake_to_duckdb": intake,
    "accounting_day": accounting,
    "watch": watch,
    "backtest": backtest,
    "live_snapshot": live,
    "forecast": forecast,
}


def main() -> None:
    """Runs the parts that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    wanted = parser.parse_args().parts or list(PARTS)
    unknown = set(wanted) - set(PARTS)
    if unknown:
        parser.error(f"expected parts of {', '.join(PARTS)}; came {', '.join(sorted(unknown))}")
    found: dict[str, Any] = {"machine": machine()}
    for name in wanted:
        began_s = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="anodewatch-bench-") as folder:
            found[name] = asyncio.run(_run(PARTS[name], Path(folder)))
        print(f"{name}: {time.perf_counter() - began_s:.1f} s", file=sys.stderr)
    print(json.dumps(found, indent=2))


async def _run(
    part: Callable[[Path], Awaitable[Mapping[str, Any]]], folder: Path
) -> Mapping[str, Any]:
    return await part(folder)


def machine() -> dict[str, Any]:
    """What the figures belong to."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


if __name__ == "__main__":
    main()
