"""[[stages]] and [[meters]]: the line, with a meter for every tag that a pattern stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from service.domain.line import Line, Meter, MeterKind, Stage, cycle_in
from service.domain.tag import Tag, TagKind
from service.settings.document import Document
from service.settings.explain import Where
from service.settings.problems import choose, plain, shown
from service.settings.tables import MeterTable, StageTable
from service.settings.taglist import TagList

STAGE_EXAMPLE = '[[stages]] with id = "CB"'
METER_EXAMPLE = '[[meters]] with stage = "CB"'

MASS_UNITS: Mapping[str, float] = {"kg": 1.0, "t": 1_000.0, "g": 0.001}
RATE_UNITS: Mapping[str, float] = {
    "kg/h": 1.0,
    "t/h": 1_000.0,
    "t/d": 1_000.0 / 24,
    "kg/s": 3_600.0,
}
TAG_KIND = {
    MeterKind.TOTALISER: TagKind.COUNTER,
    MeterKind.COUNT: TagKind.COUNTER,
    MeterKind.RATE: TagKind.ANALOG,
}


def read_line(document: Document, tag_list: TagList, output_stage: str | None) -> Line:
    """The line as far as it is right; problems are noted in ``document``.

    output_stage: of the plan; None when the plan has problems of its own.
    """
    stages, stage_ids = _stages(document)
    meters, metered = _meters(document, tag_list, stage_ids)
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
    return Line(tuple(stages), tuple(meters), output_stage or "")


def _stages(document: Document) -> tuple[list[Stage], list[str | None]]:
    """The stages that are right, and the ids of all tables (None where there is no usable one)."""
    stages: list[Stage] = []
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
            )
        )
    _judge_graph(document, tables, ids)
    return stages, ids


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


def _meters(
    document: Document, tag_list: TagList, stage_ids: Sequence[str | None]
) -> tuple[list[Meter], set[str | None]]:
    """The meters that are right, and the stages that have a table, right or not."""
    meters: dict[str, Meter] = {}
    metered: set[str | None] = set()
    tags = tag_list.by_id
    for at, data in enumerate(document.array("meters", example=METER_EXAMPLE)):
        table = document.section(MeterTable, data, ("meters", at))
        metered.add(str(data.get("stage")))
        if table is None:
            continue
        if stage_ids and table.stage not in stage_ids:
            document.problem(
                ("meters", at, "stage"),
                expected="the id of a stage",
                found=shown(table.stage),
                remedy=choose(table.stage, [stage for stage in stage_ids if stage]),
            )
        matching = [id_ for id_ in tag_list.lines if fnmatchcase(id_, table.tag)]
        if not matching and tag_list.lines:
            document.problem(
                ("meters", at, "tag"),
                expected="a tag of tags.csv, or a pattern that matches some",
                found=shown(table.tag),
                remedy=choose(table.tag, tag_list.lines, otherwise="correct the tag or pattern"),
            )
        for tag in (tags[id_] for id_ in matching if id_ in tags):
            meter = _meter(document, at, table, tag)
            if meter is None:
                break  # the next tag of the same pattern would say the same
            if meter.id in meters:
                other = meters[meter.id].tag
                document.problem(
                    ("meters", at, "tag"),
                    expected="one meter for each piece of equipment",
                    found=f"{tag.id} and {other} of {meter.id}",
                    remedy="keep one of them",
                )
                break
            meters[meter.id] = meter
    return list(meters.values()), metered


def _meter(document: Document, at: int, table: MeterTable, tag: Tag) -> Meter | None:
    """The meter on ``tag``; None with a problem noted."""
    wanted = TAG_KIND[table.kind]
    if tag.kind is not wanted:
        document.problem(
            ("meters", at, "kind"),
            expected=f'a tag of kind {wanted} for a meter of kind "{table.kind}"',
            found=f"{tag.id} of kind {tag.kind}",
            remedy="correct the meter's tag or kind, or the tag's kind in tags.csv",
        )
        return None
    kg_per_unit = _kg_per_unit(document, at, table, tag)
    if kg_per_unit is None:
        return None
    return Meter(
        id=tag.asset,
        stage=table.stage,
        unit=tag.asset,
        tag=tag.id,
        kind=table.kind,
        item_group=tag.item_group,
        kg_per_unit=kg_per_unit,
        rollover=tag.rollover,
        max_rate_kg_per_h=table.max_rate_kg_per_h,
        sample_s=table.sample_s,
        bridge_s=table.bridge_s,
    )


def _kg_per_unit(document: Document, at: int, table: MeterTable, tag: Tag) -> float | None:
    """The mass of one unit, from the table or the tag's unit; None with a problem noted."""
    given = table.kg_per_unit
    known = {
        MeterKind.TOTALISER: MASS_UNITS,
        MeterKind.RATE: RATE_UNITS,
        MeterKind.COUNT: {},
    }[table.kind]
    by_unit = known.get(tag.unit)
    if given is None and by_unit is None:
        unit = f'unit "{tag.unit}"' if tag.unit else "a tag without unit"
        document.problem(
            ("meters", at, "kg_per_unit"),
            expected=f"kg_per_unit for a {table.kind} with {unit}",
            found="none",
            remedy="add kg_per_unit = the kilograms of one unit",
        )
        return None
    if given is not None and by_unit is not None and abs(given - by_unit) > 1e-9 * by_unit:
        document.problem(
            ("meters", at, "kg_per_unit"),
            expected=f'{plain(by_unit)} for unit "{tag.unit}" of {tag.id}',
            found=plain(given),
            remedy="remove kg_per_unit, or correct the unit in tags.csv",
        )
        return None
    return by_unit if given is None else given


def _repeated(document: Document, where: Where, name: str, what: str) -> None:
    document.problem(
        where,
        expected=f"an id that no other {what} has",
        found=shown(name),
        remedy=f"give each {what} its own id",
    )
