"""The rows of a CSV file by the names of their columns, with the place of each field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.settings.problems import SiteProblem, choose, shown


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``fields`` holds stripped text by column; ``key`` is the column that names the
    row."""

    file: str
    line: int
    key: str
    fields: Mapping[str, str]
    places: Mapping[str, int]
    problems: list[SiteProblem]

    def problem(self, column: str, *, expected: str, found: str, remedy: str) -> None:
        """Notes a problem in ``column``, which is named as in a spreadsheet too."""
        place = self.places.get(column)
        field = column if place is None else f"{column} (column {letters(place)})"
        name = self.fields.get(self.key, "")
        if name and column != self.key:
            field = f"{field} of {name}"
        self.problems.append(SiteProblem(self.file, self.line, field, expected, found, remedy))


def rows_of(
    text: str,
    problems: list[SiteProblem],
    *,
    file: str,
    columns: Sequence[str],
    required: Sequence[str],
) -> Iterator[Row]:
    """The rows below the header, without the empty ones; problems of the shape are noted.

    columns: the known ones; the first of them names the row. required: those that must be there.
    """

    def note(line: int, expected: str, found: str, remedy: str) -> None:
        problems.append(SiteProblem(file, line, "", expected, found, remedy))

    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: Mapping[str, int] | None = None
    width = 0
    start = 1
    try:
        for row in reader:
            line, start = start, reader.line_num + 1
            fields = [field.strip() for field in row]
            if not any(fields):
                continue
            if header is None:
                width = len(fields)
                header = _header(fields, problems, file, line, columns)
                missing = [name for name in required if name not in header]
                for name in missing:
                    note(line, f'a column "{name}" in the header', "none", "add it")
                if missing:
                    return
                continue
            while len(fields) > width and not fields[-1]:
                fields.pop()  # commas that a spreadsheet leaves behind
            if len(fields) != width:
                remedy = "add or remove commas; put a text that has one in it into quotes"
                note(line, f"{width} fields as in the header", str(len(fields)), remedy)
                continue
            by_name = {name: fields[at] for name, at in header.items()}
            yield Row(file, line, columns[0], by_name, header, problems)
    except csv.Error as error:
        note(start, "comma-separated values", str(error), "correct the quotes of this row")
        return
    if header is None:
        note(1, f"a header {','.join(columns)}", "nothing", "write it, and one row for each tag")


def _header(
    fields: list[str],
    problems: list[SiteProblem],
    file: str,
    line: int,
    columns: Sequence[str],
) -> dict[str, int]:
    """Column name → place."""
    places: dict[str, int] = {}
    if len(fields) == 1 and any(sign in fields[0] for sign in ";\t"):
        remedy = "save the list as CSV with commas"
        problems.append(
            SiteProblem(file, line, "", "columns separated by commas", shown(fields[0]), remedy)
        )
        return places
    for at, name in enumerate(fields):
        field = f"header (column {letters(at)})"
        if name not in columns:
            remedy = choose(name, columns, otherwise="remove the column")
            problems.append(SiteProblem(file, line, field, "a known column", shown(name), remedy))
        elif name in places:
            problems.append(
                SiteProblem(file, line, field, "each column once", shown(name), "remove one")
            )
        else:
            places[name] = at
    return places


def letters(place: int) -> str:
    """A column's name in a spreadsheet: 0 → A, 26 → AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
