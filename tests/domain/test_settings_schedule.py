"""Calendar and plan of a site: local times in any zone, downtimes as days or as moments."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.domain.instants import DAY_NS, HOUR_NS
from service.settings import Site, load_site
from tests.sites import SITE_ZONE, copy_of_sample


def edited(folder: Path, *edits: tuple[str, str]) -> Site:
    """The sample with ``edits`` of its site.toml."""
    site = copy_of_sample(folder)
    path = site / "site.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return load_site(site)


@pytest.mark.parametrize(
    ("zone", "start", "end", "planned_h"),
    [
        ("Asia/Shanghai", "2026-07-06", "2026-07-27", 7_920),
        ("Asia/Kolkata", "2026-07-06", "2026-07-27", 7_920),
        ("Europe/Berlin", "2026-07-06", "2026-07-27", 7_920),
        # The last Sunday of March has 23 h in Berlin, so 21 days of downtime are an hour shorter.
        ("Europe/Berlin", "2026-03-16", "2026-04-06", 7_921),
        ("Asia/Shanghai", "2026-03-16", "2026-04-06", 7_920),
        ("Asia/Shanghai", "2026-07-06T20:00:00", "2026-07-27", 7_932),
        ("Asia/Shanghai", "2026-07-06", "2026-07-27T08:00:00", 7_920),
    ],
)
def test_downtimes_are_local(
    zone: str, start: str, end: str, planned_h: int, tmp_path: Path
) -> None:
    site = edited(
        tmp_path,
        (f'time_zone = "{SITE_ZONE}"', f'time_zone = "{zone}"'),
        ("start = 2026-07-06\nend = 2026-07-27", f"start = {start}\nend = {end}"),
    )
    year = site.calendar.year_bounds_ns(2026)
    assert site.calendar.planned_ns(*year) == planned_h * HOUR_NS
    assert site.plan.due_kg(*year) == pytest.approx(70_000_000)


def test_downtimes_may_stand_in_any_order_and_touch(tmp_path: Path) -> None:
    site = edited(
        tmp_path,
        ("start = 2026-02-15\nend = 2026-02-22", "start = 2026-07-27\nend = 2026-08-03"),
    )
    starts = [downtime.start_ns for downtime in site.calendar.downtimes]
    assert starts == sorted(starts)
    assert site.calendar.planned_ns(*site.calendar.year_bounds_ns(2026)) == 330 * DAY_NS


def test_one_shift_may_last_the_whole_day(tmp_path: Path) -> None:
    site = edited(
        tmp_path,
        ('  { id = "evening", start = "16:00", end = "00:00" },\n', ""),
        ('  { id = "night", start = "00:00", end = "08:00" },\n', ""),
        ('end = "16:00" }', 'end = "08:00" }'),
    )
    year_start_ns, _ = site.calendar.year_bounds_ns(2026)
    span = site.calendar.shift_at(year_start_ns)
    assert (span.shift.id, span.end_ns - span.start_ns) == ("day", DAY_NS)


def test_other_years_have_their_own_targets(tmp_path: Path) -> None:
    site = edited(tmp_path, ("# other_years = {", "other_years = {"))
    assert [site.plan.target_of(year) for year in (2025, 2026, 2027, 2028)] == [
        70_000_000,
        70_000_000,
        72_000_000,
        72_000_000,
    ]
