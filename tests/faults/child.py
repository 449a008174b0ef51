"""The service in processes that die as if the power went, at a chosen point of their work.

``python -m tests.faults.child`` reads lines of JSON ``[site, log, point, count]`` and forks a
service for each, which spares it the imports; it says ``pid N``, ``dashboard URL`` and ``ended
STATUS``. A service that is killed dies alone.

The points are laid from outside, into the database's driver and round the watch; the product knows
nothing of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from connectors.registry import Port, kinds
from service.app.logs import set_up_logging
from service.app.serve import Started, serve, stop_on_signals
from service.domain.batch import Batch
from service.domain.instants import SECOND_NS
from service.journal import log as journal
from service.journal.registry import register
from service.runtime.clock import SystemClock
from service.runtime.watch_values import ValueRules
from service.settings import Site, load_site
from tests.faults.waves import waves

JOURNALED = "journaled"
"""Batches are committed to the journal, and not judged."""
ANNOUNCING = "announcing"
"""In the transaction of a step: the transition is written, its notice is not."""
COMMITTING = "committing"
"""In the transaction of a step: all is written, and not committed."""
RECEIVED = "received"
"""The receiver has answered 2xx, and it is not marked."""
MARKING = "marking"
"""The mark is written, and not committed."""
POINTS = (JOURNALED, ANNOUNCING, COMMITTING, RECEIVED, MARKING)


def main() -> None:
    """Forks the services that are asked for, one after another, until the input ends."""
    kinds(Port.HISTORY)["duckdb"].load()  # what is imported late is imported before the fork
    kinds(Port.NOTIFIER)["webhook"].load()
    for line in sys.stdin:
        site, log, point, count = json.loads(line)
        pid = os.fork()
        if pid == 0:
            run(Path(site), Path(log), point, count)
            os._exit(0)
        print(f"pid {pid}", flush=True)
        _, status = os.waitpid(pid, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


def run(folder: Path, log: Path, point: str | None, count: int) -> None:
    """The service, as this process."""
    with log.open("ab", buffering=0) as output:
        os.dup2(output.fileno(), sys.stderr.fileno())
    journal.HELD_RETRY_S = 0.2  # a full disk is looked at again sooner than a plant needs it
    try:
        site = with_digests(load_site(folder))
        set_up_logging("info")
        if point is not None:
            lay(point, count)
        clock = SystemClock()
        table = register(site.service.data / "journal", site.tags)
        asyncio.run(_serve(site, clock, {"plant": waves(table, clock, folder)}))
    except BaseException:  # noqa: BLE001  the fork must never go on as its parent
        traceback.print_exc()
        os._exit(1)


def with_digests(site: Site) -> Site:
    """``site`` with a digest every two seconds of a flood; a site says minutes."""
    flooding = replace(site.announcing.flooding, digest_ns=2 * SECOND_NS)
    return replace(site, announcing=replace(site.announcing, flooding=flooding))


async def _serve(site: Site, clock: SystemClock, sources: Any) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await serve(site, clock, stop=stop, started=_say, sources=sources)


def _say(started: Started) -> None:
    print(f"dashboard {started.url}", flush=True)


def lay(point: str, count: int) -> None:
    """Ends the process by SIGKILL when ``point`` is come to for the ``count``-th time."""
    die = _after(count)
    match point:
        case "journaled":
            _before_judging(die)
        case "announcing":
            _before_statement(die, lambda sql, _: sql.startswith("INSERT INTO outbox"))
        case "received":
            _before_statement(die, _is_mark)
        case "committing":
            _before_commit(die, lambda sql, _: sql.startswith("INSERT INTO outbox"))
        case "marking":
            _before_commit(die, _is_mark)
        case _:
            raise SystemExit(f"expected one of {', '.join(POINTS)}; came {point}")


def _after(count: int) -> Callable[[], None]:
    left = [count]

    def die() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def _is_mark(sql: str, parameters: Any) -> bool:
    return sql.startswith("UPDATE outbox") and "delivered" in repr(parameters)


def _before_judging(die: Callable[[], None]) -> None:
    take = ValueRules.take

    def dying(self: ValueRules, batch: Batch) -> None:
        if len(batch):
            die()
        take(self, batch)

    ValueRules.take = dying  # type: ignore[method-assign]


def _before_statement(die: Callable[[], None], wanted: Callable[[str, Any], bool]) -> None:
    def look(_c: Any, _cursor: Any, sql: str, parameters: Any, *_more: Any) -> None:
        if wanted(sql, parameters):
            die()

    event.listen(Engine, "before_cursor_execute", look)


def _before_commit(die: Callable[[], None], wanted: Callable[[str, Any], bool]) -> None:
    def look(connection: Connection, _cursor: Any, sql: str, parameters: Any, *_m: Any) -> None:
        if wanted(sql, parameters):
            connection.info["dying"] = True

    def commit(connection: Connection) -> None:
        if connection.info.pop("dying", False):
            die()

    event.listen(Engine, "after_cursor_execute", look)
    event.listen(Engine, "commit", commit)


if __name__ == "__main__":
    main()
