"""On which line of a TOML file each table and key stands, which ``tomllib`` does not tell.

The text has been parsed by ``tomllib`` before, so it is valid TOML 1.0: this scanner only has to
find its way from key to key, not to judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Path = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_FILLER = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'  # as many as two quotes may stand before the closing three
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class Positions:
    """1-based lines by path, e.g. ("stages", 2, "feeds"): a key's own line, a table's header."""

    __slots__ = ("_lines",)

    def __init__(self, text: str) -> None:
        self._lines = _Scanner(text.replace("\r\n", "\n")).scan()

    def line(self, path: Sequence[str | int]) -> int:
        """The line of ``path``, or of the nearest thing around it that the file holds."""
        for length in range(len(path), 0, -1):
            found = self._lines.get(tuple(path[:length]))
            if found is not None:
                return found
        return 1


class _Scanner:
    """One walk over the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._seen_at = 0
        self._line = 1
        self._counts: dict[Path, int] = {}
        self._lines: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip(_FILLER)
            if self._at >= len(self._text):
                return self._lines
            if self._next("["):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        """``[a.b]`` or ``[[a.b]]``; the path it opens, with the indexes of arrays of tables."""
        line = self._here()
        is_array = self._next("[[")
        self._at += 2 if is_array else 1
        keys = self._keys()
        self._at += 2 if is_array else 1
        path: Path = ()
        for key in keys[:-1]:
            path = self._inside((*path, key))
            self._lines.setdefault(path, line)
        path = (*path, keys[-1])
        if is_array:
            self._counts[path] = self._counts.get(path, 0) + 1
            self._lines.setdefault(path, line)
        path = self._inside(path)
        self._lines[path] = line
        return path

    def _inside(self, path: Path) -> Path:
        """``path`` itself, or the last element so far when it is an array of tables."""
        count = self._counts.get(path)
        return path if count is None else (*path, count - 1)

    def _pair(self, table: Path) -> None:
        """``a.b = value`` within ``table``."""
        line = self._here()
        path = table
        for key in self._keys():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._skip(_SPACE)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._next("["):
            self._array(path)
        elif self._next("{"):
            self._inline_table(path)
        elif self._next('"') or self._next("'"):
            self._skip(_STRING)
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip(_FILLER)
            if self._next("]"):
                self._at += 1
                return
            if self._next(","):
                self._at += 1
                continue
            self._lines[(*path, index)] = self._here()
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_FILLER)
            if self._next("}"):
                self._at += 1
                return
            if self._next(","):
                self._at += 1
                continue
            self._pair(path)

    def _keys(self) -> list[str]:
        """A dotted key: bare or quoted parts."""
        keys = []
        while True:
            self._skip(_SPACE)
            quoted = self._next('"') or self._next("'")
            start = self._at
            self._skip(_STRING if quoted else _BARE_KEY)
            part = self._text[start : self._at]
            keys.append(_unquoted(part) if quoted else part)
            self._skip(_SPACE)
            if not self._next("."):
                return keys
            self._at += 1

    def _next(self, sign: str) -> bool:
        return self._text.startswith(sign, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _here(self) -> int:
        """The line of the current place; counted on from the last asked place."""
        self._line += self._text.count("\n", self._seen_at, self._at)
        self._seen_at = self._at
        return self._line


def _unquoted(part: str) -> str:
    """The key that a quoted part stands for."""
    if part.startswith("'"):
        return part[1:-1]
    return _ESCAPE.sub(_unescaped, part[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPES.get(found[3], found[3])
