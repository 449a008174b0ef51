"""What is wrong with a site: the file, the line, the field, what was expected, what came, what to
do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class SiteProblem:
    """One thing that keeps a site from being used.

    file: name within the site folder. line: 1-based, None when the problem has no line (a missing
    file). field: the setting's dotted name, or tag and column of the tag list.
    """

    file: str
    line: int | None
    field: str
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        field = f"{self.field}: " if self.field else ""
        return f"{place}: {field}expected {self.expected}, found {self.found}; {self.remedy}"


class SiteError(Exception):
    """The site cannot be used; ``problems`` holds all that was found, in the order of the files."""

    def __init__(self, problems: Iterable[SiteProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def shown(value: object) -> str:
    """``value`` as a person would write it in the file, shortened when it is long."""
    match value:
        case None:
            text = "nothing"
        case bool():
            text = "true" if value else "false"
        case str():
            text = f'"{value}"' if value else "nothing"
        case dict():
            text = f"a table with {', '.join(map(str, value)) or 'nothing in it'}"
        case list() if any(isinstance(item, (list, dict)) for item in value):
            text = f"a list of {len(value)}"
        case list():
            text = f"[{', '.join(shown(item) for item in value)}]"
        case _:
            text = str(value)
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[: SHOWN_CHARACTERS - 1]}…"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was probably meant to be, whatever its case; None when none is
    near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def choose(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """The remedy for an unknown ``word``: the near one, or else all (when few), or
    ``otherwise``."""
    candidates = list(known)
    near = closest(word, candidates)
    if near is not None:
        return f'did you mean "{near}"?'
    if otherwise:
        return otherwise
    return f"use one of {', '.join(candidates)}"


def lowered(message: str) -> str:
    """``message`` as the middle of a sentence."""
    return message[:1].lower() + message[1:]


def plain(number: float) -> str:
    """``number`` as a person writes it."""
    return f"{number:.12g}"
