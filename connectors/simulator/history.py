"""The past of a simulated plant, so that a fresh service has something to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from connectors.simulator.panel import Panel, meter_tags
from connectors.simulator.plant import Plant
from connectors.simulator.sampling import Sampler
from service.domain.batch import Batch
from service.domain.coverage import Cover
from service.domain.instants import seconds
from service.domain.rows import join
from service.domain.tag import Tag


def history(
    tags: Mapping[int, Tag],
    *,
    seed: int,
    start_ns: int,
    end_ns: int,
    step_s: float = 60.0,
    meter_step_s: float = 10.0,
    batch_s: float = 600.0,
    source: str = "",
    scaled: bool = False,
) -> Iterator[Batch]:
    """What a source would have brought of ``tags`` (by registry number) in [start, end).

    A value is given when it has changed: meters are sampled every ``meter_step_s``, all else every
    ``step_s``. Covers are complete. A server of the same seed and start goes on where this ends.
    step_s is a multiple of meter_step_s, batch_s of step_s.
    scaled: values in the tags' units, as they are stored; otherwise as a source sends them.
    The start is cut to the whole minute.
    """
    plant = Plant.of_tags(tags.values(), seed=seed, start_ns=start_ns, keep_minutes=False)
    numbers = {tag.id: number for number, tag in tags.items()}
    meters = meter_tags(tuple(tags.values()))
    others = [tag for tag in tags.values() if tag not in meters]
    step_ns, meter_step_ns, batch_ns = seconds(step_s), seconds(meter_step_s), seconds(batch_s)
    if step_ns % meter_step_ns:
        raise ValueError(f"step_s ({step_s}) is a multiple of meter_step_s ({meter_step_s})")

    def sampler(wanted: list[Tag]) -> Sampler:
        return Sampler(
            Panel(plant, wanted),
            [numbers[tag.id] for tag in wanted],
            silent=lambda: False,
            changes_only=True,
            scaled=scaled,
        )

    slow, fast = sampler(others), sampler(meters)
    groups = sorted({tag.item_group for tag in tags.values()})
    for position, a_ns in enumerate(range(plant.start_ns, end_ns, batch_ns), 1):
        b_ns = min(a_ns + batch_ns, end_ns)
        parts = []
        # Both sample the same plant, whose time only moves forward.
        for t_ns in range(a_ns, b_ns, step_ns):
            parts.append(_rows(slow, range(t_ns, t_ns + 1)))
            until_ns = min(t_ns + step_ns, b_ns)
            parts.append(_rows(fast, range(t_ns, until_ns, meter_step_ns)))
        yield replace(
            join(parts, received_ns=b_ns),
            covers=tuple(Cover(group, a_ns, b_ns) for group in groups),
            source=source,
            position=position,
        )


def _rows(sampler: Sampler, times_ns: Sequence[int]) -> Batch:
    samples = sampler.take(times_ns)
    return sampler.batch(samples, after_silence=np.zeros(len(times_ns), np.bool_))
