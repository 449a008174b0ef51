"""Runs of batch furnaces as residuals: one value for each unload instead of one for each hour.

A furnace unloads some 52 t at once, so that hours mean nothing. What a rectifier makes per run over
the time since its run before is a rate, and each unload is one observation of it: lighter charges
and longer runs both show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s
from service.domain.detection.residuals import Residuals


@dataclass(frozen=True, slots=True)
class Unloads:
    """Unloads of one rectifier, in order; all shape (n,).

    end_minute: the first minute after it. kg: its mass. known: whether every minute of it is.
    """

    end_minute: Int64s
    kg: Float64s
    known: Bools


def find_unloads(kg: Float64s, *, quiet_minutes: int = 30) -> Unloads:
    """Unloads in a meter's production per minute, NaN where unknown; shape (minutes,).

    Masses with fewer than ``quiet_minutes`` without any between them belong to one unload, which
    ends when so many have passed. An unknown minute within or beside an unload makes it unknown.
    """
    unknown = np.isnan(kg)
    busy = np.flatnonzero(unknown | (np.where(unknown, 0.0, kg) > 0.0))
    if not busy.size:
        return Unloads(np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))
    firsts = np.flatnonzero(np.diff(busy, prepend=-quiet_minutes - 1) > quiet_minutes)
    last = busy[np.append(firsts[1:], busy.size) - 1]
    mass = np.add.reduceat(np.where(unknown, 0.0, kg)[busy], firsts)
    known = ~np.logical_or.reduceat(unknown[busy], firsts)
    ended = last + quiet_minutes < kg.size
    return Unloads(last[ended] + 1, mass[ended], known[ended])


def run_residuals(unloads: Unloads, *, rate_kg_per_min: float) -> tuple[Int64s, Residuals]:
    """Ends of the runs and the rate of each against ``rate_kg_per_min`` of one rectifier, from the
    second unload on; missing where the unload or the one before it is not known."""
    minutes = np.diff(unloads.end_minute)
    whole = unloads.known[1:] & unloads.known[:-1]
    ratio = np.where(whole, unloads.kg[1:] / (rate_kg_per_min * minutes) - 1.0, np.nan)
    return unloads.end_minute[1:], Residuals(ratio, whole.astype(np.float64))


def in_order(parts: list[tuple[Int64s, Residuals]]) -> tuple[Int64s, Residuals]:
    """The runs of several rectifiers as one series, by the end of each run."""
    ends = np.concatenate([end for end, _ in parts])
    order = np.argsort(ends, kind="stable")
    ratio = np.concatenate([residuals.ratio for _, residuals in parts])
    share = np.concatenate([residuals.share for _, residuals in parts])
    return ends[order], Residuals(ratio[order], share[order])
