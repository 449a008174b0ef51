"""Where tables and keys of a TOML file stand."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from service.settings.positions import Path, Positions

SITE = """\
# a comment with [brackets] and "quotes"
top = 1
dotted.key."with quotes" = { inner = 2, 'literal' = [1, 2] }

[table]   # trailing
text = "a # no comment, [no] table \\" = 3"
literal = 'C:\\\\path'
day = 2026-02-15
when = 2026-02-15T08:00:00 # local
several = \"\"\"
[not.a.table]
key = "no key" \"\"\"\"
raw = '''
x = 1
'''
empty = ""
matrix = [
  [1, 2],  # first
  [
    3,
  ],
]
records = [
  { id = "a", start = "08:00" },
  { id = "b" },
]

[[stages]]
id = "CR"
  [[stages.units]]
  name = "x"
  [[stages.units]]
  name = "y"

[[stages]]
id = "GR"
[stages.extra]
deep.er = true
[[stages.units]]
name = "z"

[a.b."c.d"]
key = 1
"""


def line_of(words: str, *, nth: int = 1) -> int:
    found = [at for at, line in enumerate(SITE.split("\n"), start=1) if words in line]
    return found[nth - 1]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), line_of("top = 1")),
        (("dotted", "key", "with quotes"), line_of("dotted.key")),
        (("dotted", "key", "with quotes", "inner"), line_of("dotted.key")),
        (("table",), line_of("[table]")),
        (("table", "text"), line_of("text =")),
        (("table", "day"), line_of("day =")),
        (("table", "when"), line_of("when =")),
        (("table", "several"), line_of("several =")),
        (("table", "raw"), line_of("raw =")),
        (("table", "empty"), line_of("empty =")),
        (("table", "matrix", 0), line_of("[1, 2],  # first")),
        (("table", "matrix", 1, 0), line_of("    3,")),
        (("table", "records", 0, "start"), line_of('id = "a"')),
        (("table", "records", 1, "id"), line_of('id = "b"')),
        (("stages", 0), line_of("[[stages]]")),
        (("stages", 0, "units", 1, "name"), line_of('name = "y"')),
        (("stages", 1), line_of("[[stages]]", nth=2)),
        (("stages", 1, "id"), line_of('"GR"')),
        (("stages", 1, "extra", "deep", "er"), line_of("deep.er")),
        (("stages", 1, "units", 0, "name"), line_of('name = "z"')),
        (("a", "b", "c.d", "key"), line_of("key = 1")),
    ],
)
def test_a_path_is_found_on_its_line(path: Path, line: int) -> None:
    assert Positions(SITE).line(path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("stages", 1, "missing"), line_of("[[stages]]", nth=2)),
        (("table", "records", 1, "start"), line_of('id = "b"')),
        (("nothing", "here"), 1),
        ((), 1),
    ],
)
def test_what_is_missing_is_placed_at_what_surrounds_it(path: Path, line: int) -> None:
    assert Positions(SITE).line(path) == line


def paths_in(value: Any, path: Path = ()) -> list[Path]:
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    if isinstance(value, list):
        children = list(enumerate(value))
    return [
        found for key, child in children for found in [(*path, key), *paths_in(child, (*path, key))]
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_path_has_a_line_of_its_own(ending: str) -> None:
    """No path falls back on what surrounds it, and keys come in the order of the file."""
    text = SITE.replace("\n", ending)
    positions = Positions(text)
    for path in paths_in(tomllib.loads(text)):
        line = positions.line(path)
        key = path[-1]
        if isinstance(key, str):
            assert key in SITE.split("\n")[line - 1]
        assert line >= positions.line(path[:-1])
