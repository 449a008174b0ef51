"""[[meters]]: what measures a stage's output, a meter for every tag that a pattern stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from service.domain.line import LoadCell, Meter, MeterKind
from service.domain.tag import Tag, TagKind
from service.settings.changes import EdgeNs, meter_masses
from service.settings.document import Document
from service.settings.problems import choose, plain, shown
from service.settings.tables import MeterTable
from service.settings.taglist import TagList

METER_EXAMPLE = '[[meters]] with stage = "CB"'

MASS_UNITS: Mapping[str, float] = {"kg": 1.0, "t": 1_000.0, "g": 0.001}
RATE_UNITS: Mapping[str, float] = {
    "kg/h": 1.0,
    "t/h": 1_000.0,
    "t/d": 1_000.0 / 24,
    "kg/s": 3_600.0,
}
ENERGY_UNITS: Mapping[str, float] = {"kWh": 1.0, "MWh": 1_000.0}
UNITS: Mapping[MeterKind, Mapping[str, float]] = {
    MeterKind.TOTALISER: MASS_UNITS,
    MeterKind.RATE: RATE_UNITS,
    MeterKind.COUNT: {},
    MeterKind.BATCH: MASS_UNITS,
    MeterKind.ENERGY: ENERGY_UNITS,
}
CELL_FIELDS = ("full", "empty", "band", "settle_s", "discharge_s", "cycle_s")
CLASS_PCT = 1.0
"""Of a scale of which nobody has said how good it is."""
BAND_SHARE = 0.01
"""Of a full vessel's weight, within which it has settled."""
TAG_KIND = {
    MeterKind.TOTALISER: TagKind.COUNTER,
    MeterKind.COUNT: TagKind.COUNTER,
    MeterKind.RATE: TagKind.ANALOG,
    MeterKind.BATCH: TagKind.ANALOG,
    MeterKind.ENERGY: TagKind.COUNTER,
}


def read_meters(
    document: Document, tag_list: TagList, stage_ids: Sequence[str | None], edge_ns: EdgeNs
) -> tuple[list[Meter], set[str | None]]:
    """The meters that are right, and the stages whose mass has a table, right or not."""
    meters: dict[str, Meter] = {}
    metered: set[str | None] = set()
    tags = tag_list.by_id
    whole = tag_list.is_whole
    for at, data in enumerate(document.array("meters", example=METER_EXAMPLE)):
        table = document.section(MeterTable, data, ("meters", at))
        if data.get("kind") != MeterKind.ENERGY:
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
        masses = meter_masses(document, ("meters", at, "changes"), table.changes, edge_ns)
        for tag in (tags[id_] for id_ in matching if id_ in tags):
            meter = _meter(document, at, table, tag)
            if (
                table.runs is not None
                and f"{tag.asset}-{table.runs}" not in tag_list.lines
                and whole
            ):
                document.problem(
                    ("meters", at, "runs"),
                    expected=f"the end of a tag of {tag.asset} in tags.csv",
                    found=shown(table.runs),
                    remedy=choose(
                        table.runs,
                        [
                            i.removeprefix(f"{tag.asset}-")
                            for i in tags
                            if tags[i].asset == tag.asset
                        ],
                    ),
                )
                break
            if meter is None:
                break  # the next tag of the same pattern would say the same
            meter = replace(meter, masses=masses)
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
    if kg_per_unit is None or not _suits(document, at, table):
        return None
    is_energy = table.kind is MeterKind.ENERGY
    return Meter(
        id=tag.id.rpartition(".")[0] if is_energy else tag.asset,
        stage=table.stage,
        unit=tag.asset,
        tag=tag.id,
        kind=table.kind,
        item_group=tag.item_group,
        kg_per_unit=kg_per_unit,
        rollover=tag.rollover,
        max_rate_kg_per_h=table.max_kw or table.max_rate_kg_per_h,
        sample_s=table.sample_s,
        bridge_s=table.bridge_s,
        cycle_min=table.cycle_min,
        join_min=table.join_min,
        class_share=_class_pct(table) / 100.0,
        cell=_cell(table) if table.kind is MeterKind.BATCH else None,
        stuck_s=table.stuck_s,
        runs_tag=None if table.runs is None else f"{tag.asset}-{table.runs}",
        runs_above=table.runs_above or 0.0,
    )


def _class_pct(table: MeterTable) -> float:
    """The meter's error limit; pieces that are not weighed are counted without error."""
    if table.class_pct is not None:
        return table.class_pct
    return 0.0 if table.kind is MeterKind.COUNT else CLASS_PCT


def _suits(document: Document, at: int, table: MeterTable) -> bool:
    """Whether the table has what its kind needs, and nothing of another kind; problems noted."""
    noted = len(document.problems)
    only = {MeterKind.BATCH: CELL_FIELDS, MeterKind.ENERGY: ("max_kw",)}
    for kind, fields in only.items():
        for field in fields if table.kind is not kind else ():
            if getattr(table, field) is not None:
                document.problem(
                    ("meters", at, field),
                    expected=f'only for a meter of kind "{kind}"',
                    found=f"it on a {table.kind}",
                    remedy="remove it, or correct the kind",
                )
    for field in ("runs", "runs_above"):
        if table.stuck_s is None and getattr(table, field) is not None:
            document.problem(
                ("meters", at, field),
                expected="only together with stuck_s",
                found="it alone",
                remedy="add stuck_s, or remove it",
            )
    if table.kind is MeterKind.BATCH and table.stuck_s is not None:
        document.problem(
            ("meters", at, "stuck_s"),
            expected="a meter whose value moves while its machine runs",
            found="a batch",
            remedy="remove it",
        )
    if table.kind is MeterKind.BATCH:
        if table.full is None or table.empty is None:
            document.problem(
                ("meters", at),
                expected="full and empty of a batch meter",
                found="only one or none of them",
                remedy="add the weights from which up the vessel is full, and down it is empty",
            )
        elif table.empty >= table.full:
            document.problem(
                ("meters", at, "empty"),
                expected=f"less than full, which is {plain(table.full)}",
                found=plain(table.empty),
                remedy="correct one of them",
            )
    return len(document.problems) == noted


def _cell(table: MeterTable) -> LoadCell:
    """The load cell of a batch meter whose table suits."""
    full, empty = table.full or 0.0, table.empty or 0.0
    times = {
        name: value
        for name in ("settle_s", "discharge_s", "cycle_s")
        if (value := getattr(table, name)) is not None
    }
    return LoadCell(full, empty, table.band or BAND_SHARE * full, **times)


def _kg_per_unit(document: Document, at: int, table: MeterTable, tag: Tag) -> float | None:
    """The mass of one unit, from the table or the tag's unit; None with a problem noted."""
    given = table.kg_per_unit
    by_unit = UNITS[table.kind].get(tag.unit)
    if table.kind is MeterKind.BATCH and given is not None:
        return given  # what leaves a vessel may be less than what it weighs
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
