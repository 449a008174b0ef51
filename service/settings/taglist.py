"""tags.csv: the tag list, one row for each tag. What the columns mean is said in ``Tag``.

Columns are found by their names in the first line. An empty field means the default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from service.domain.tag import Limits, Tag, TagKind
from service.settings.csvrows import Row, rows_of
from service.settings.problems import SiteProblem, choose, plain, shown

FILE = "tags.csv"
COLUMNS = (
    *("id", "connector", "group", "node", "kind", "unit", "scale", "offset", "low", "high"),
    *("ll", "l", "h", "hh", "deadband", "rollover", "cyclic_s", "name_en", "name_zh"),
)
REQUIRED = ("id", "connector", "node")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_GROUP = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")


@dataclass(frozen=True, slots=True)
class TagList:
    """The tags that are right, and the line of every tag id in the file, right or not."""

    tags: tuple[Tag, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether all that the file holds is right."""
        return bool(self.lines) and len(self.tags) == len(self.lines)

    @property
    def by_id(self) -> dict[str, Tag]:
        """The tags that are right, by id."""
        return {tag.id: tag for tag in self.tags}


def read_tag_list(
    text: str | None,
    problems: list[SiteProblem],
    *,
    connectors: Collection[str] | None,
    addresses: Mapping[str, Callable[[str], object]],
) -> TagList:
    """The tag list of a site; every problem of every row is noted.

    text: the file's; None when it could not be read. connectors: the names of the site's sources;
    None when they are not known for sure. addresses: by connector, what reads the address of a tag.
    """
    if text is None:
        return TagList()
    before = len(problems)
    tags: dict[str, Tag] = {}
    lines: dict[str, int] = {}
    nodes: dict[tuple[str, str], str] = {}
    for row in rows_of(text, problems, file=FILE, columns=COLUMNS, required=REQUIRED):
        noted = len(problems)
        tag = _tag(row, connectors)
        if not tag.id:
            continue
        _judge_address(row, tag, addresses.get(tag.connector))
        if tag.id in lines:
            expected = f"an id that is not on line {lines[tag.id]} already"
            row.problem(
                "id", expected=expected, found=shown(tag.id), remedy="give each tag its own id"
            )
            continue
        other = nodes.setdefault((tag.connector, tag.node), tag.id)
        if other != tag.id and tag.node:
            expected = f"a node other than that of {other} on line {lines[other]}"
            row.problem(
                "node", expected=expected, found=shown(tag.node), remedy="correct one of them"
            )
        lines[tag.id] = row.line
        if len(problems) == noted:
            tags[tag.id] = tag
    if not lines and len(problems) == before:
        problems.append(SiteProblem(FILE, 2, "", "tags", "none", "write one row for each tag"))
    return TagList(tuple(tags.values()), lines)


def _tag(row: Row, connectors: Collection[str] | None) -> Tag:
    """The row as a Tag, as far as it can be understood; what is wrong is noted."""
    kind = _kind(row)
    tag = Tag(
        id=_text(row, "id", "letters, digits and . _ - : as in CB-L07B-TIC112.PV", _ID),
        connector=_connector(row, connectors),
        node=_text(row, "node", "the tag's address at the source"),
        kind=kind or TagKind.ANALOG,
        group=_text(row, "group", "letters, digits, _ and -", _GROUP, default="main"),
        unit=row.fields.get("unit", ""),
        scale=_number(row, "scale", default=1.0),
        offset=_number(row, "offset", default=0.0),
        low=_number_or_none(row, "low"),
        high=_number_or_none(row, "high"),
        limits=Limits(
            hh=_number_or_none(row, "hh"),
            h=_number_or_none(row, "h"),
            l=_number_or_none(row, "l"),
            ll=_number_or_none(row, "ll"),
        ),
        deadband=_number(row, "deadband", default=0.0),
        rollover=_number_or_none(row, "rollover"),
        cyclic_s=_number_or_none(row, "cyclic_s"),
        name_en=row.fields.get("name_en", ""),
        name_zh=row.fields.get("name_zh", ""),
    )
    if kind is not None:
        _judge_numbers(row, tag)
        _judge_limits(row, tag)
    return tag


def _judge_address(row: Row, tag: Tag, read: Callable[[str], object] | None) -> None:
    """Notes a node that the tag's connector can't read as an address."""
    if read is None or not tag.node:
        return
    try:
        read(tag.node)
    except ValueError as error:
        expected, _, rest = str(error).partition("; came ")
        reason = rest.removeprefix(repr(tag.node)).lstrip(": ")
        row.problem(
            "node",
            expected=expected.removeprefix("expected "),
            found=shown(tag.node),
            remedy=reason or "write the address as the server shows it",
        )


def _judge_numbers(row: Row, tag: Tag) -> None:
    """Notes numbers that make no sense for this tag."""
    if tag.scale == 0:
        row.problem(
            "scale", expected="a number other than 0", found="0", remedy="leave it empty for 1"
        )
    if tag.low is not None and tag.high is not None and tag.low >= tag.high:
        row.problem(
            "low",
            expected=f"less than high, which is {plain(tag.high)}",
            found=plain(tag.low),
            remedy="swap low and high, or correct one of them",
        )
    if tag.deadband < 0:
        row.problem(
            "deadband", expected="0 or more", found=plain(tag.deadband), remedy="drop the sign"
        )
    if tag.rollover is not None and tag.kind is not TagKind.COUNTER:
        row.problem(
            "rollover",
            expected=f"nothing for kind {tag.kind}",
            found=plain(tag.rollover),
            remedy="leave it empty, or set kind to counter",
        )
    elif tag.rollover is not None and tag.rollover <= 0:
        row.problem(
            "rollover",
            expected="a number above 0",
            found=plain(tag.rollover),
            remedy="write the value at which the counter wraps, e.g. 4294967296",
        )
    if tag.cyclic_s is not None and tag.cyclic_s <= 0:
        row.problem(
            "cyclic_s",
            expected="a number of seconds above 0",
            found=plain(tag.cyclic_s),
            remedy="leave it empty when values come by exception",
        )


def _judge_limits(row: Row, tag: Tag) -> None:
    """Notes limits that do not rise from ll to hh, or that a deadband would keep from returning."""
    limits = tag.limits
    named = (("ll", limits.ll), ("l", limits.l), ("h", limits.h), ("hh", limits.hh))
    given = [(name, value) for name, value in named if value is not None]
    if given and tag.kind is TagKind.TEXT:
        name, value = given[0]
        remedy = "leave it empty"
        row.problem(name, expected="nothing for kind text", found=plain(value), remedy=remedy)
        return
    for (below, least), (above, value) in pairwise(given):
        if least >= value:
            row.problem(
                above,
                expected=f"more than {below}, which is {plain(least)}",
                found=plain(value),
                remedy="limits rise from ll over l and h to hh; correct one of them",
            )
            return
    if limits.h is not None and limits.l is not None and tag.deadband >= limits.h - limits.l:
        row.problem(
            "deadband",
            expected=f"less than h - l, which is {plain(limits.h - limits.l)}",
            found=plain(tag.deadband),
            remedy="make it smaller, or an alarm could never go",
        )


def _text(
    row: Row,
    column: str,
    expected: str,
    pattern: re.Pattern[str] | None = None,
    *,
    default: str = "",
) -> str:
    text = row.fields.get(column, "") or default
    if not text:
        row.problem(column, expected=expected, found="nothing", remedy="fill it in")
    elif pattern is not None and not pattern.fullmatch(text):
        remedy = "remove the other characters"
        row.problem(column, expected=expected, found=shown(text), remedy=remedy)
        return ""
    return text


def _connector(row: Row, connectors: Collection[str] | None) -> str:
    name = _text(row, "connector", "a connector of site.toml")
    if name and connectors is not None and name not in connectors:
        remedy = choose(name, connectors, otherwise=f"add [connectors.{name}] to site.toml")
        row.problem(
            "connector", expected="a connector of site.toml", found=shown(name), remedy=remedy
        )
    return name


def _kind(row: Row) -> TagKind | None:
    text = row.fields.get("kind", "") or TagKind.ANALOG
    try:
        return TagKind(text)
    except ValueError:
        kinds = [str(kind) for kind in TagKind]
        row.problem(
            "kind", expected=" or ".join(kinds), found=shown(text), remedy=choose(text, kinds)
        )
        return None


def _number(row: Row, column: str, *, default: float) -> float:
    number = _number_or_none(row, column)
    return default if number is None else number


def _number_or_none(row: Row, column: str) -> float | None:
    """The number in ``column``; None when it is empty or (noted) something else."""
    text = row.fields.get(column, "")
    if not text:
        return None
    if _NUMBER.fullmatch(text):
        return float(text)
    remedy = "write digits with a decimal point and without a unit, e.g. 1180.5"
    row.problem(column, expected="a number", found=shown(text), remedy=remedy)
    return None
