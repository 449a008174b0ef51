"""Labelled events: a CSV file with the columns what, stage, start and end."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from service.domain.backtest.labels import Label
from service.domain.instants import to_ns
from service.settings.files import read_text
from service.settings.problems import SiteError, SiteProblem, choose, shown

COLUMNS = ("what", "stage", "start", "end")
EXAMPLE = "2026-03-01T08:00:00+08:00"


def read_labels(file: Path, *, stages: Collection[str]) -> tuple[Label, ...]:
    """The labels in ``file``; an empty stage means any, further columns are left aside. Raises
    SiteError with every problem found."""
    problems: list[SiteProblem] = []
    text = read_text(file, problems)
    rows = csv.DictReader(io.StringIO(text or ""))
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if text is not None and missing:
        found = ", ".join(rows.fieldnames or ()) or "none"
        remedy = f"add {', '.join(missing)} to the first line"
        expected = f"the columns {', '.join(COLUMNS)}"
        problems.append(SiteProblem(file.name, 1, "", expected, found, remedy))
    labels = []
    if not problems:
        for row in rows:
            label = _label(file.name, rows.line_num, row, stages, problems)
            if label is not None:
                labels.append(label)
    if problems:
        raise SiteError(problems)
    return tuple(labels)


def _label(
    file: str,
    line: int,
    row: Mapping[str, str | None],
    stages: Collection[str],
    problems: list[SiteProblem],
) -> Label | None:
    start_ns = _instant(file, line, "start", row["start"], problems)
    end_ns = _instant(file, line, "end", row["end"], problems)
    stage = (row["stage"] or "").strip() or None
    if stage is not None and stage not in stages:
        remedy = choose(stage, stages)
        expected = "the id of a stage in site.toml, or nothing"
        problems.append(SiteProblem(file, line, "stage", expected, shown(stage), remedy))
    if start_ns is None or end_ns is None:
        return None
    if end_ns <= start_ns:
        remedy = "swap them, or correct one"
        expected = f"an instant after start, {row['start']}"
        problems.append(SiteProblem(file, line, "end", expected, shown(row["end"]), remedy))
        return None
    return Label((row["what"] or "").strip(), stage, start_ns, end_ns)


def _instant(
    file: str, line: int, column: str, text: str | None, problems: list[SiteProblem]
) -> int | None:
    try:
        return to_ns(datetime.fromisoformat((text or "").strip()))
    except ValueError:
        expected = "an instant with its offset"
        remedy = f"write it like {EXAMPLE}"
        problems.append(SiteProblem(file, line, column, expected, shown(text), remedy))
        return None
