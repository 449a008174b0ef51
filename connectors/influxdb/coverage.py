"""Coverage in InfluxDB: disjoint fragments, each a point at its start with its end as a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.influxdb.influxql import literal, parse
from connectors.influxdb.lines import COVERAGE, cover_body
from connectors.influxdb.server import Server
from service.domain.coverage import Cover, Coverage
from service.domain.instants import DAY_NS

Fragment = tuple[int, int]


@dataclass(slots=True)
class CoverageStore:
    """Writes and reads coverage. Writing is not concurrent with itself.

    A fragment ends with the day of its start (UTC): a point that is extended for months would be
    dropped by a retention policy, and would keep its old shard awake.
    """

    server: Server
    _last: dict[str, Fragment] = field(default_factory=dict)

    async def write(self, covers: Sequence[Cover]) -> None:
        """Stores ``covers``; raises ConnectorError."""
        merged: dict[str, Coverage] = {}
        for cover in covers:
            merged.setdefault(cover.group, Coverage()).add(cover.start_ns, cover.end_ns)
        for group, coverage in merged.items():
            for start_ns, end_ns in coverage.intervals:
                await self._write(group, start_ns, end_ns)

    async def _write(self, group: str, start_ns: int, end_ns: int) -> None:
        last = self._last.get(group) or await self._find_last(group)
        if last is None or start_ns >= last[0]:
            pieces = missing([last] if last is not None else [], start_ns, end_ns)
        else:
            pieces = missing(await self._find(group, start_ns, end_ns), start_ns, end_ns)
        if pieces:
            await self.server.write(cover_body(Cover(group, a, b) for a, b in pieces))
        self._last[group] = max([*pieces, *([last] if last is not None else [])])

    async def read(self, groups: Sequence[str], start_ns: int, end_ns: int) -> tuple[Cover, ...]:
        """See ``HistoryReader.covers``."""
        found: list[Cover] = []
        for group in sorted(set(groups)):
            merged = Coverage(await self._find(group, start_ns, end_ns))
            found.extend(Cover(group, a, b) for a, b in merged.within(start_ns, end_ns))
        return tuple(found)

    async def _find_last(self, group: str) -> Fragment | None:
        found = await self._ask(group, "", "ORDER BY time DESC LIMIT 1")
        return found[0] if found else None

    async def _find(self, group: str, start_ns: int, end_ns: int) -> list[Fragment]:
        """The fragments that meet or touch [start_ns, end_ns], sorted."""
        before = await self._ask(group, f"AND time <= {start_ns}", "ORDER BY time DESC LIMIT 1")
        within = await self._ask(group, f"AND time > {start_ns} AND time <= {end_ns}", "")
        return [f for f in before if f[1] >= start_ns] + within

    async def _ask(self, group: str, when: str, how: str) -> list[Fragment]:
        body = await self.server.query(
            f'SELECT "end_ns" FROM "{COVERAGE}" WHERE "item_group"={literal(group)} {when} {how}'
        )
        return [
            fragment
            for series in parse(body, of=self.server.name)
            for fragment in zip(series.columns["time"], series.columns["end_ns"], strict=True)
        ]


def missing(there: Sequence[Fragment], start_ns: int, end_ns: int) -> list[Fragment]:
    """Fragments to write so that [start_ns, end_ns) is covered, given those that meet or touch it.

    What ends where a piece begins is extended, within the day of its start; fragments stay
    disjoint.
    """
    pieces: list[Fragment] = []
    extends: int | None = None
    at_ns = start_ns
    for a, b in [*sorted(there), (end_ns, end_ns)]:
        until_ns = min(a, end_ns)
        if at_ns < until_ns:
            pieces.append((at_ns if extends is None else extends, until_ns))
        if b >= at_ns:
            extends = a if a // DAY_NS == b // DAY_NS else None
            at_ns = b
    return pieces
