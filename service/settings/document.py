"""A TOML file of a site: its tables with their lines, and the problems found in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.settings.explain import Where, explain, path_of
from service.settings.positions import Positions
from service.settings.problems import SiteProblem, choose, lowered, shown

Model = TypeVar("Model", bound=BaseModel)

_TOML_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


class Document:
    """One TOML file of a site. ``tables`` is empty when the file could not be read or parsed."""

    def __init__(self, path: Path, text: str | None, problems: list[SiteProblem]) -> None:
        self.name = path.name
        self.folder = path.parent
        self.problems = problems
        self.tables: Mapping[str, Any] = {}
        self._positions = Positions("")
        if text is not None:
            self._parse(text)

    @property
    def is_readable(self) -> bool:
        """Whether there is anything to validate."""
        return bool(self.tables)

    def problem(self, where: Where, *, expected: str, found: str, remedy: str) -> None:
        """Notes a problem at ``where``, e.g. ("stages", 2, "feeds")."""
        line = self._positions.line(where)
        self.problems.append(
            SiteProblem(self.name, line, self.field(where), expected, found, remedy)
        )

    def field(self, where: Where) -> str:
        """The name of a setting: the parts with dots, elements with their number from 1."""
        name = ""
        for part in where:
            if isinstance(part, int):
                name += f"[{part + 1}]"
            else:
                name += f".{part}" if name else part
        return name

    def table(self, key: str, *, example: str) -> Mapping[str, Any] | None:
        """The table ``key`` of the file's top; None with a problem noted when it is not one."""
        found = self.tables.get(key)
        if isinstance(found, dict):
            return found
        came = "none" if key not in self.tables else shown(found)
        self.problem((key,), expected=f"a table [{key}]", found=came, remedy=f"write {example}")
        return None

    def array(self, key: str, *, example: str, required: bool = True) -> list[Mapping[str, Any]]:
        """The tables ``[[key]]``; problems noted for what is none."""
        found = self.tables.get(key, [])
        if not found and isinstance(found, list) and not required:
            return []
        if found and isinstance(found, list) and all(isinstance(item, dict) for item in found):
            return found
        came = "none" if key not in self.tables else shown(found)
        self.problem((key,), expected=f"tables [[{key}]]", found=came, remedy=f"write {example}")
        return []

    def only(self, known: Sequence[str]) -> None:
        """Notes every top-level key that is not ``known``."""
        for key in self.tables:
            if key not in known:
                self.problem(
                    (key,),
                    expected="a known table",
                    found=shown(key),
                    remedy=choose(key, known),
                )

    def section(self, model: type[Model], data: Mapping[str, Any], where: Where) -> Model | None:
        """``data`` as ``model``; None with every error noted."""
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._note(model, detail, where)
            return None

    def _parse(self, text: str) -> None:
        try:
            self.tables = tomllib.loads(text)
            self._positions = Positions(text)
        except tomllib.TOMLDecodeError as error:
            place = _TOML_PLACE.fullmatch(str(error))
            message, line = str(error), None
            if place is not None:
                message = place[1] if place[3] is None else f"{place[1]} at column {place[3]}"
                line = int(place[2]) if place[2] else text.count("\n") + 1
            self.problems.append(
                SiteProblem(
                    self.name, line, "", "valid TOML", lowered(message), _toml_remedy(message)
                )
            )
            return
        except RecursionError:
            remedy = "write it flat, as in deploy/sites/changzhi"
            self.problems.append(
                SiteProblem(self.name, None, "", "valid TOML", "brackets nested too deep", remedy)
            )
            self.tables = {}
            return
        if not self.tables:
            remedy = f"deploy/sites/changzhi/{self.name} is a sample"
            self.problems.append(SiteProblem(self.name, 1, "", "settings", "none", remedy))

    def _note(self, model: type[BaseModel], detail: ErrorDetails, where: Where) -> None:
        path = path_of(detail)
        at = (*where, *path)
        expected, found, remedy = explain(model, path, detail)
        self.problem(at, expected=expected, found=found, remedy=remedy)


def _toml_remedy(message: str) -> str:
    for words, remedy in (
        ("Cannot overwrite", "it stands twice; remove one, or write [[…]] for each of several"),
        ("Cannot declare", "it stands twice; remove one, or write [[…]] for each of several"),
        ("Invalid value", 'text needs quotes: "…"'),
        ("Unterminated string", "close the quotes on the same line"),
        ("Illegal character", "close the quotes on the same line"),
        ("Expected '='", "write key = value"),
        ("Unclosed", "close the bracket"),
        ("Expected newline", "one setting for each line"),
    ):
        if words in message:
            return remedy
    return "correct the line; https://toml.io/en/v1.0.0 shows the notation"
