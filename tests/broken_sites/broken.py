"""A broken site: the sample site with one edit, and what has to be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.sites import copy_of_sample


@dataclass(frozen=True)
class BrokenSite:
    """The first ``old`` in ``file`` becomes ``new``.

    at: words of the line that must be named, as it is after the edit. field: the setting that must
    be named. words: what else must be said.
    """

    name: str
    file: str
    old: str
    new: str
    at: str
    field: str
    words: tuple[str, ...]

    def make(self, folder: Path) -> Path:
        """The broken site, in a new folder within ``folder``."""
        site = copy_of_sample(folder)
        path = site / self.file
        text = path.read_text(encoding="utf-8")
        if self.old not in text:
            raise ValueError(f"{self.name}: {self.file} of the sample has no {self.old!r} any more")
        path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")
        return site

    def line(self, site: Path) -> int:
        """The number of the line that must be named."""
        lines = (site / self.file).read_text(encoding="utf-8").splitlines()
        settings = [(at, line) for at, line in enumerate(lines, start=1) if line[:1] != "#"]
        return next(at for at, line in settings if self.at in line)
