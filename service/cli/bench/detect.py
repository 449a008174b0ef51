"""``anodewatch bench detect``: how soon losses are found, and how often nothing is."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from service.cli.bench.losses import Campaign, detect_campaign
from service.cli.bench.signals import SignalCampaign, signal_campaign
from service.cli.check import sound_site
from service.domain.detection.efficiency import Efficiency, efficiency, independent_bank

MONTHS_A_PLANT, MOST_PLANTS = 20, 5
RUN_LENGTH = 500.0
"""Blocks between false alarms of the chart whose delays are compared, about."""


def detect(
    months: Annotated[
        int, typer.Option(help="Simulated 30-day months of each kind.", min=10, max=2_000)
    ] = 50,
    seed: Annotated[
        int | None, typer.Option(help="The same seed makes the same months.", min=0)
    ] = None,
    site: Annotated[
        Path, typer.Option(help="Its meters, plan and throughput rules judge the signals.")
    ] = Path("deploy/sites/changzhi"),
) -> None:
    """Detection measured on simulated months, as one JSON object; progress goes to stderr.

    Sustained losses of 3 to 50 % at flow stages and at the bottleneck: share found, delays, tonnes
    lost until the alert. False alarms in as many clean quarters. The CUSUM's delay against the best
    one for each shift. Months in which only the signals are wrong: what is told, and the tonnes
    against the truth. 200 months take a quarter of an hour.
    """
    checked = sound_site(site)
    chosen = int.from_bytes(os.urandom(4), "big") if seed is None else seed
    console = Console(stderr=True, highlight=False)
    console.print(f"seed {chosen}, {months} months")
    losses_rng, delays_rng, signals_rng = np.random.default_rng(chosen).spawn(3)
    plants = min(max(months // MONTHS_A_PLANT, 2), MOST_PLANTS)
    campaign = detect_campaign(months, losses_rng, plants=plants, progressed=console.print)
    console.print("delays on independent residuals")
    delays = efficiency(independent_bank(RUN_LENGTH), delays_rng)
    signals = signal_campaign(checked, months, signals_rng, progressed=console.print)
    found = _found(chosen, months, campaign, delays, signals)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


def _found(
    seed: int, months: int, campaign: Campaign, delays: Efficiency, signals: SignalCampaign
) -> dict[str, object]:
    """The object that is printed."""
    return {
        "seed": seed,
        "months": months,
        "false_per_stage_90d": round(campaign.worst_false_per_90d(), 3),
        "cusum_delay_ratio": round(delays.worst_ratio, 3),
        "tonnes_error_max_pct": round(signals.tonnes_error_max_pct, 5),
        "signals": {
            "throughput_alarms": signals.throughput_alarms,
            "which": signals.alarms,
            "drift_alarms": dict(signals.drift_alarms),
            "drift_alarms_on_the_truth": dict(signals.drift_alarms_true),
            "told": {k: [signals.told[k], n] for k, n in sorted(signals.troubles.items())},
            "told_for_nothing": dict(signals.extra),
            "tonnes": {stage: _rounded(asdict(one), 5) for stage, one in signals.tonnes.items()},
        },
        "false_alarms": [_rounded(asdict(row)) for row in campaign.false_alarms],
        "detection": [_rounded(asdict(row)) for row in campaign.detections],
        "delays": [_rounded({**asdict(delay), "ratio": delay.ratio}) for delay in delays.delays],
    }


def _rounded(row: dict[str, object], digits: int = 3) -> dict[str, object]:
    return {k: round(v, digits) if isinstance(v, float) else v for k, v in row.items()}
