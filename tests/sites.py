"""The site that tests run: the sample site, in whichever zone is asked for.

In Shanghai the production day begins at 00:00 UTC, where mistakes hide. ``ANODEWATCH_SITE_ZONE``
moves every site of the tests to another zone; tests in which the zone matters take all of ZONES.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

SHANGHAI = "Asia/Shanghai"
ZONES = (SHANGHAI, "Asia/Kolkata", "Europe/Berlin")
"""As it is; +05:30, with days that begin within an hour of UTC; with daylight saving."""
SITE_ZONE = os.environ.get("ANODEWATCH_SITE_ZONE", SHANGHAI)
ZONE = ZoneInfo(SITE_ZONE)
FILES = ("site.toml", "tags.csv", "rules.toml")

SHIPPED = Path(__file__).parents[1] / "deploy" / "sites" / "changzhi"


@cache
def sample_in(zone: str) -> Path:
    """The folder of the sample site in ``zone``; in Shanghai the very one that is shipped."""
    if zone == SHANGHAI:
        return SHIPPED
    folder = Path(_made().name) / zone.replace("/", "-")
    copy_files(SHIPPED, folder)
    moved, there = (folder / "site.toml").read_text(encoding="utf-8"), f'time_zone = "{SHANGHAI}"'
    assert moved.count(there) == 1, there
    moved = moved.replace(there, f'time_zone = "{zone}"')
    (folder / "site.toml").write_text(moved, encoding="utf-8")
    return folder


def copy_files(site: Path, folder: Path) -> Path:
    """The files of ``site`` in the new ``folder``."""
    folder.mkdir()
    for name in FILES:
        shutil.copy(site / name, folder / name)
    return folder


def copy_of_sample(folder: Path) -> Path:
    """The sample site in a new folder within ``folder``."""
    return copy_files(SAMPLE, folder / "site")


@cache
def _made() -> TemporaryDirectory[str]:
    """Where copies stand, until the tests are over."""
    return TemporaryDirectory(prefix="anodewatch-sites-", ignore_cleanup_errors=True)


SAMPLE = sample_in(SITE_ZONE)
