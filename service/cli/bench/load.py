"""A plant that is nothing but analog values, for measuring the rules: many tags, few of which are
ever beyond a limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from service.domain.alarm import Priority
from service.domain.arrays import Float64s
from service.domain.batch import Batch, make_batch
from service.domain.coverage import Cover
from service.domain.handling import Chattering, Handling
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.rules import (
    BadQualityRule,
    Behind,
    ClockRule,
    CommunicationRule,
    DeviceRule,
    LimitKind,
    LimitRule,
    Rule,
    StaleRule,
    Timing,
)
from service.domain.tag import Limits, Tag

SOURCES = 4
CYCLIC_EVERY = 10
"""Each so many-th tag promises a value every ``CYCLIC_S`` and has a stale rule."""
CYCLIC_S = 5.0
DEADBAND = 2.0
LIMIT_VALUES = (("h", 80.0), ("l", 20.0), ("hh", 90.0), ("ll", 10.0))
LIMITS_A_TAG = len(LIMIT_VALUES)
MIDDLE, WANDER, NOISE = 50.0, 8.0, 2.0
BEYOND, BACK = 95.0, 50.0
EXCURSIONS_A_MINUTE = 10
"""Tags that go beyond a limit: as many in one minute as make a flood in ten (ISA-18.2)."""
EXCURSION_NS = 30 * SECOND_NS
CHATTERING_EVERY = 500
"""Each so many-th tag lies at its high limit, so that its noise crosses it all the time."""
NEVER = Chattering(raises=10_000, window_s=1.0, calm_s=1.0)
WANDER_NS = 20 * MINUTE_NS
START_NS = 1_772_323_200 * SECOND_NS  # 2026-03-01T00:00:00Z


def bench_tags(n: int, limits: int) -> dict[int, Tag]:
    """``n`` tags by number, with ``limits`` process limits spread evenly over them."""
    return {
        number: Tag(
            f"BN-U{number // 10:04d}-TI{number % 10}.PV",
            f"plc{number % SOURCES}",
            "n",
            unit="°C",
            limits=_limits(limits // n + (number < limits % n)),
            deadband=DEADBAND,
            cyclic_s=CYCLIC_S if number % CYCLIC_EVERY == 0 else None,
        )
        for number in range(n)
    }


def bench_rules(delay_s: float, *, told_always: bool = False) -> tuple[Rule, ...]:
    """The rules on values of a plant as the sample site has them, all tags under each.

    told_always: people are called however often an alarm comes again.
    """
    timing = Timing(delay_s, delay_s)
    sources = tuple(f"plc{at}" for at in range(SOURCES))
    limits = (
        (LimitKind.HH, Priority.CRITICAL),
        (LimitKind.H, Priority.HIGH),
        (LimitKind.L, Priority.MEDIUM),
        (LimitKind.LL, Priority.HIGH),
    )
    handling = Handling(chattering=NEVER, flapping=NEVER) if told_always else Handling()
    return (
        *(
            LimitRule(str(kind), kind, ("*",), priority, timing, handling=handling)
            for kind, priority in limits
        ),
        BadQualityRule("bad", ("*",), Priority.LOW, timing),
        StaleRule("stale", ("*",), 3.0, Priority.LOW, timing),
        CommunicationRule("communication", sources, Priority.HIGH, timing),
        DeviceRule("plc", sources, Behind.GROUP, Priority.HIGH, timing),
        ClockRule("clock", sources, Priority.LOW, timing),
    )


def steady(
    tags: int, *, hz: float, batch_s: float, start_s: float, end_s: float, rng: np.random.Generator
) -> Iterator[Batch]:
    """What the sources send from ``start_s`` to ``end_s``: each tag ``hz`` times a second round its
    slow wander, some at their limit, ``EXCURSIONS_A_MINUTE`` beyond it for ``EXCURSION_NS``."""
    phase = np.arange(tags) * 2.399963  # the golden angle: no two tags wander together
    middle = np.where(np.arange(tags) % CHATTERING_EVERY == 1, dict(LIMIT_VALUES)["h"], MIDDLE)
    wander = np.where(middle == MIDDLE, WANDER, 0.0)
    for first_ns, number, time_ns in _samples(tags, hz, batch_s, start_s, end_s):
        angle = phase[number] + 2 * np.pi * (first_ns - START_NS) / WANDER_NS
        value = middle[number] + wander[number] * np.sin(angle)
        value += NOISE * rng.standard_normal(len(number))
        yield from _by_source(number, time_ns, _excursions(value, number, first_ns, tags))


def storm(
    tags: int, *, batch_s: float, start_s: float, end_s: float, share: int
) -> Iterator[Batch]:
    """A value of each tag every ``batch_s``; one in ``share`` of them is beyond its limits each
    time, and back the next."""
    for at, (_, number, time_ns) in enumerate(
        _samples(tags, 1.0 / batch_s, batch_s, start_s, end_s)
    ):
        value = np.where(number // SOURCES % share == at % share, BEYOND, BACK)
        yield from _by_source(number, time_ns, value)


def _limits(count: int) -> Limits:
    return Limits(**dict(LIMIT_VALUES[:count]))


def _samples(
    tags: int, hz: float, batch_s: float, start_s: float, end_s: float
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Of each ``batch_s``: its begin, and tag and time of every sample, in order of time."""
    step_ns, batch_ns = round(SECOND_NS / hz), round(batch_s * SECOND_NS)
    first_ns, end_ns = (START_NS + round(s * SECOND_NS) for s in (start_s, end_s))
    for at_ns in range(first_ns, end_ns, batch_ns):
        rounds = np.arange(at_ns, at_ns + batch_ns, step_ns, dtype=np.int64)
        number = np.tile(np.arange(tags, dtype=np.int32), len(rounds))
        yield at_ns, number, np.repeat(rounds, tags)


def _excursions(value: Float64s, number: np.ndarray, at_ns: int, tags: int) -> Float64s:
    """``value`` with the tags beyond whose turn it is; another one every few seconds."""
    every_ns = MINUTE_NS // EXCURSIONS_A_MINUTE
    newest = (at_ns - START_NS) // every_ns
    turns = np.arange(max(newest - EXCURSION_NS // every_ns + 1, 0), newest + 1)
    away = turns * 7_919 % tags
    return np.where(np.isin(number, away), BEYOND, value)


def _by_source(number: np.ndarray, time_ns: np.ndarray, value: np.ndarray) -> Iterator[Batch]:
    """One Batch of each source, with the liveness that it proves."""
    if not len(number):
        return
    first_ns, last_ns = int(time_ns[0]), int(time_ns[-1])
    step_ns = int(np.diff(np.unique(time_ns)).max(initial=SECOND_NS))
    for source in range(SOURCES):
        mine = number % SOURCES == source
        yield make_batch(
            number[mine],
            time_ns[mine],
            value[mine],
            received_ns=last_ns,
            covers=(Cover(f"plc{source}/main", first_ns - step_ns, last_ns),),
            source=f"plc{source}",
        )
