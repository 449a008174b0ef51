"""Tables that name each other: read one by one, and judged by what there is to be named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

from service.settings.document import Document
from service.settings.explain import Where
from service.settings.fields import Section
from service.settings.problems import choose, shown

Table = TypeVar("Table", bound=Section)


def sound_tables(
    document: Document, key: str, model: type[Table], example: str
) -> list[tuple[int, Table]]:
    """The tables ``[[key]]``, which may be none, that are sound by themselves, with their number;
    problems are noted."""
    found = []
    for at, data in enumerate(document.array(key, example=example, required=False)):
        table = document.section(model, data, (key, at))
        if table is not None:
            found.append((at, table))
    return found


def judge_once(document: Document, names: Sequence[tuple[int, str]], where: Where) -> None:
    """Notes each of ``names`` that came before; with the number of its table within ``where``."""
    seen: set[str] = set()
    for at, name in names:
        if name in seen:
            document.problem(
                (*where, at, "name"),
                expected="a name that no other of them has",
                found=shown(name),
                remedy="give each its own name",
            )
        seen.add(name)


def judge_names(
    document: Document,
    names: Sequence[str] | None,
    known: Collection[str] | None,
    where: Where,
    expected: str,
) -> None:
    """Notes each of ``names`` that is not ``known``; None is not known for sure."""
    for at, name in enumerate(names or ()):
        if known is not None and name not in known:
            remedy = choose(name, known) if known else "there is none yet; add one"
            document.problem((*where, at), expected=expected, found=shown(name), remedy=remedy)
