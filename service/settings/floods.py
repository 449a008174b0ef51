"""[flood]: when alarms are too many for one operator, and whose are whose."""

from __future__ import annotations

from collections.abc import Collection

from service.domain.flood import ORDINARY, WHOLE_PLANT, Flooding, FloodLimits, Position
from service.domain.instants import MINUTE_NS, seconds
from service.settings.document import Document
from service.settings.names import judge_names, judge_once
from service.settings.routetables import FloodTable


def read_flooding(document: Document, stages: Collection[str] | None) -> Flooding:
    """What the site says of floods; problems are noted. stages: None when not known for sure."""
    data = document.tables.get("flood", {})
    if not isinstance(data, dict):
        document.table("flood", example="[flood] with begins_above = 10")
        return ORDINARY
    table = document.section(FloodTable, data, ("flood",))
    if table is None:
        return ORDINARY
    if table.ends_below > table.begins_above:
        document.problem(
            ("flood", "ends_below"),
            expected=f"at most begins_above, which is {table.begins_above}",
            found=str(table.ends_below),
            remedy="a flood has to end below what begins it",
        )
        return ORDINARY
    return Flooding(
        FloodLimits(table.begins_above, table.ends_below, seconds(table.window_min * 60)),
        round(table.digest_min * MINUTE_NS),
        _positions(document, table, stages),
    )


def _positions(
    document: Document, table: FloodTable, stages: Collection[str] | None
) -> tuple[Position, ...]:
    """The positions, with one for what they leave over at the end."""
    all_positions = ("flood", "positions")
    judge_once(document, [(n, p.name) for n, p in enumerate(table.positions)], all_positions)
    seen: dict[str, str] = {}
    for n, one in enumerate(table.positions):
        where = (*all_positions, n, "stages")
        judge_names(document, one.stages, stages, where, "a stage")
        for at, stage in enumerate(one.stages or ()):
            if stage in seen:
                document.problem(
                    (*where, at),
                    expected="a stage of no other position",
                    found=f"{stage}, which {seen[stage]} sees to",
                    remedy="each alarm belongs to one operator",
                )
            seen.setdefault(stage, one.name)
    positions = [Position(p.name, frozenset(p.stages or ())) for p in table.positions]
    rest = [p for p in positions if not p.stages]
    if len(rest) > 1:
        document.problem(
            all_positions,
            expected="one position without stages, which sees to all the others",
            found=" and ".join(p.name for p in rest),
            remedy="give all but one their stages",
        )
    with_stages = [p for p in positions if p.stages]
    return (*with_stages, rest[0] if rest else Position(WHOLE_PLANT))
