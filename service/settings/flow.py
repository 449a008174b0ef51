"""[[stages]]: the line graph, and with its meters the line."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.line import Line, MeterKind, Stage, StageChange, cycle_in
from service.settings.changes import EdgeNs, stage_changes
from service.settings.document import Document
from service.settings.explain import Where
from service.settings.meters import read_meters
from service.settings.problems import choose, shown
from service.settings.tables import StageTable
from service.settings.taglist import TagList

STAGE_EXAMPLE = '[[stages]] with id = "CB"'


def read_line(
    document: Document, tag_list: TagList, output_stage: str | None, edge_ns: EdgeNs
) -> Line:
    """The line as far as it is right; problems are noted in ``document``.

    output_stage: of the plan; None when the plan has problems of its own.
    """
    stages, stage_ids, changes = _stages(document, edge_ns)
    meters, metered = read_meters(document, tag_list, stage_ids, edge_ns)
    is_complete = metered <= set(stage_ids)  # else the missing meter may be one that is misspelt
    for at, stage in enumerate(stage_ids):
        if is_complete and stage and stage not in metered:
            document.problem(
                ("stages", at),
                expected=f"at least one meter of stage {stage}",
                found="none",
                remedy=f'add [[meters]] with stage = "{stage}"',
            )
    if output_stage is not None and output_stage not in stage_ids:
        document.problem(
            ("plan", "output_stage"),
            expected="the id of a stage",
            found=shown(output_stage),
            remedy=choose(output_stage, [stage for stage in stage_ids if stage]),
        )
    return Line(
        tuple(stages),
        tuple(meter for meter in meters if meter.kind is not MeterKind.ENERGY),
        output_stage or "",
        tuple(meter for meter in meters if meter.kind is MeterKind.ENERGY),
        tuple(sorted(changes, key=lambda change: change.effective_ns)),
    )


def _stages(
    document: Document, edge_ns: EdgeNs
) -> tuple[list[Stage], list[str | None], list[StageChange]]:
    """The stages that are right, the ids of all tables (None where there is no usable one), and the
    stages' changes."""
    stages: list[Stage] = []
    changes: list[StageChange] = []
    ids: list[str | None] = []
    tables: list[StageTable | None] = []
    for at, data in enumerate(document.array("stages", example=STAGE_EXAMPLE)):
        table = document.section(StageTable, data, ("stages", at))
        given = data.get("id")
        ids.append(given if isinstance(given, str) else None)
        tables.append(table)
        if table is None:
            continue
        if table.id in ids[:-1]:
            _repeated(document, ("stages", at, "id"), table.id, "stage")
            continue
        stages.append(
            Stage(
                id=table.id,
                name_en=table.name_en,
                name_zh=table.name_zh,
                finished_eq=table.finished_eq,
                yield_fraction=table.yield_pct / 100,
                capacity_t_per_h=table.capacity_t_per_h,
                feeds=table.feeds,
                hourly=table.hourly,
                side_share=table.side_pct / 100,
                buffer_kg=None if table.buffer_t is None else table.buffer_t * 1_000,
            )
        )
        where = ("stages", at, "changes")
        changes += stage_changes(document, where, stages[-1], table.changes, edge_ns)
    _judge_graph(document, tables, ids)
    return stages, ids, changes


def _judge_graph(
    document: Document, tables: Sequence[StageTable | None], ids: Sequence[str | None]
) -> None:
    """Notes feeds that lead nowhere, and a graph that leads back to itself."""
    for at, table in enumerate(tables):
        for n, feed in enumerate(table.feeds if table is not None else ()):
            if feed not in ids:
                document.problem(
                    ("stages", at, "feeds", n),
                    expected="the id of a stage",
                    found=shown(feed),
                    remedy=choose(feed, [stage for stage in ids if stage]),
                )
    cycle = cycle_in({table.id: table.feeds for table in tables if table is not None})
    if cycle is not None:
        document.problem(
            ("stages", ids.index(cycle[-2]), "feeds"),
            expected="stages that lead only forward",
            found=f"the cycle {' → '.join(cycle)}",
            remedy=f'take "{cycle[-1]}" out of the feeds of {cycle[-2]}',
        )


def _repeated(document: Document, where: Where, name: str, what: str) -> None:
    document.problem(
        where,
        expected=f"an id that no other {what} has",
        found=shown(name),
        remedy=f"give each {what} its own id",
    )
