"""Rules tried on the site's own past: from the ledger's minutes to an outcome for each set of
rules."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from service.domain.backtest.labels import Label
from service.domain.backtest.outcome import Outcome
from service.domain.backtest.run import backtest, needed_from_ns
from service.domain.definitions import Definitions, define
from service.domain.detection.limits import Limits
from service.domain.instants import HOUR_NS, MINUTE_NS, to_iso
from service.domain.plan import Plan
from service.domain.production.book import HOUR_MINUTES, ProductionBook
from service.runtime.backtest import BacktestAsked, CannotBacktest
from service.settings import Site, SiteError
from service.settings.rulefile import parse_rules
from service.state.database import Database
from service.state.limits import kept_limits
from service.state.past import closed_through_ns, hours_between
from service.state.plans import kept_versions

LONGEST_S = 60.0
"""A backtest through the API that takes longer is given up."""

Progressed = Callable[[str, int, int], None]
"""Told what is done: of which work, how much, of how much. What it raises ends the backtest."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Production as it was recorded; what is asked for is cut to what is closed. kept: the limits
    of drift rules that the service judged by, by the version of their definition."""

    book: ProductionBook
    start_ns: int
    end_ns: int
    kept: Mapping[str, Sequence[Limits]]


def definitions_of(site: Site, rules: Sequence[tuple[str, str]]) -> dict[str, Definitions]:
    """Alarm definitions by name of the rules' text. Raises SiteError with what is wrong in any;
    CannotBacktest when none judges production."""
    found = {
        name: define(parse_rules(name, text, site), tags=site.tags, line=site.line)
        for name, text in rules
    }
    for name, definitions in found.items():
        if not definitions.stages:
            raise CannotBacktest(
                f"{name}: expected rules [[throughput]], [[shift_shortfall]], [[drift]], "
                f"[[balance]], [[missed_run]] or [[off_curve]], found none; production can try no "
                f"others"
            )
    return found


def recorded(
    connection: Connection,
    site: Site,
    definitions: Sequence[Definitions],
    start_ns: int,
    end_ns: int,
    progressed: Progressed,
) -> Recorded:
    """What the ledger has of [start_ns, end_ns), and before it as far as any window looks back.

    CannotBacktest when that is nothing.
    """
    closed_ns = closed_through_ns(connection)
    # On whole minutes, or a shorter first and last one would be judged like the others.
    start_ns = -(-start_ns // MINUTE_NS) * MINUTE_NS
    end_ns = min(end_ns, closed_ns or 0) // MINUTE_NS * MINUTE_NS
    if start_ns >= end_ns:
        until = "there is none yet" if closed_ns is None else f"it ends at {to_iso(closed_ns)}"
        raise CannotBacktest(f"no production is recorded from {to_iso(start_ns)} on: {until}")
    made = [kept.version for kept in kept_versions(connection, site.plan.first)]
    plan = Plan.of([site.plan.first, *made])
    first = needed_from_ns(definitions, plan, start_ns) // HOUR_NS
    end = -(-end_ns // HOUR_NS)
    book = ProductionBook(
        site.line,
        plan,
        first_minute=first * HOUR_MINUTES,
        n_minutes=(end - first) * HOUR_MINUTES,
    )
    expected = max((end - first) * len(site.line.meters), 1)
    done = 0
    for part in hours_between(connection, first, end):
        book.enter_hours(part.meters, part.hours, part.kg, part.closed)
        done += len(part.hours)
        progressed("reading", min(done, expected), expected)
    if not done:
        raise CannotBacktest(
            f"no production is recorded between {to_iso(start_ns)} and {to_iso(end_ns)}; "
            f"ask for another range"
        )
    book.closed_ns = end_ns
    return Recorded(book, start_ns, end_ns, kept_limits(connection))


def outcomes(
    past: Recorded,
    definitions: dict[str, Definitions],
    progressed: Progressed,
    *,
    labels: Sequence[Label] | None,
    grace_ns: int,
) -> list[Outcome]:
    """One outcome for each set of rules."""
    total = sum(len(one.stages) for one in definitions.values())
    done = 0
    found: list[Outcome] = []

    def judged(n: int) -> None:
        progressed("judging", done + n, total)

    for name, one in definitions.items():
        found.append(
            backtest(
                one,
                past.book,
                name=name,
                start_ns=past.start_ns,
                end_ns=past.end_ns,
                labels=labels,
                grace_ns=grace_ns,
                kept=past.kept,
                progressed=judged,
            )
        )
        done += len(one.stages)
    return found


class CoreBacktests:
    """Implements ``service.runtime.backtest.Backtests`` beside the running service: reading and
    judging in worker threads, one backtest at a time, each within ``longest_s``."""

    def __init__(self, site: Site, database: Database, *, longest_s: float = LONGEST_S) -> None:
        self._site = site
        self._database = database
        self._longest_s = longest_s
        self._running = asyncio.Lock()

    async def run(self, asked: BacktestAsked) -> list[Outcome]:
        """One outcome for each set of rules."""
        try:
            definitions = await asyncio.to_thread(definitions_of, self._site, asked.rules)
        except SiteError as error:
            raise CannotBacktest(str(error)) from error
        given_up = threading.Event()

        def check(_work: str, _done: int, _total: int) -> None:
            if given_up.is_set():  # nobody waits for it any more
                raise TimeoutError

        read = partial(
            recorded,
            site=self._site,
            definitions=list(definitions.values()),
            start_ns=asked.start_ns,
            end_ns=asked.end_ns,
            progressed=check,
        )
        try:
            async with asyncio.timeout(self._longest_s), self._running:
                past = await self._database.read(read)
                return await asyncio.to_thread(
                    outcomes,
                    past,
                    definitions,
                    check,
                    labels=asked.labels,
                    grace_ns=asked.grace_ns,
                )
        finally:
            given_up.set()
