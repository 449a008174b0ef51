"""What `anodewatch check` says: one problem for each broken site, and never a traceback."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.settings import SiteError, SiteProblem, load_site, report
from tests.broken_sites import BROKEN_SITES, BrokenSite
from tests.sites import SAMPLE, copy_of_sample

PLACE = re.compile(r"(site\.toml|tags\.csv|rules\.toml)(:\d+)?: .*expected .+, found .+; .+")


MORE = re.compile(r"(site\.toml|tags\.csv|rules\.toml): expected .+: [\d,]+ more like these")


def problems_of(site: Path) -> tuple[SiteProblem, ...]:
    with pytest.raises(SiteError) as caught:
        load_site(site)
    return caught.value.problems


@pytest.mark.parametrize("broken", BROKEN_SITES, ids=lambda broken: broken.name)
def test_a_broken_site_is_named_with_file_line_field_and_remedy(
    broken: BrokenSite, tmp_path: Path
) -> None:
    site = broken.make(tmp_path)
    lines, code = report(site)
    assert code == 2
    assert len(lines) == 2, lines
    assert lines[1] == f"1 problem in {site}"
    assert lines[0].startswith(f"{broken.file}:{broken.line(site)}: {broken.field}")
    for words in broken.words:
        assert words in lines[0]
    assert PLACE.fullmatch(lines[0])


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("http://a:99999/hook/s3cret-0123456789?key=s3cret", "http://a:99999/hook/…"),
        ("http://user:s3cret@a/", "http://…@a/"),
    ],
)
def test_a_token_in_an_address_is_not_shown(address: str, found: str, tmp_path: Path) -> None:
    site = copy_of_sample(tmp_path)
    text = (site / "site.toml").read_text(encoding="utf-8")
    (site / "site.toml").write_text(
        text.replace("http://127.0.0.1:8090/alarms", address), encoding="utf-8"
    )
    (problem,) = problems_of(site)
    assert problem.found == f'"{found}"'
    assert "s3cret" not in str(problem)


def test_the_sample_is_sound() -> None:
    lines, code = report(SAMPLE)
    assert code == 0
    assert any("7,920 planned hours" in line for line in lines)
    assert lines[-1] == f"{SAMPLE} is sound"


@pytest.mark.parametrize("name", ["site.toml", "tags.csv", "rules.toml"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    site = copy_of_sample(tmp_path)
    (site / name).unlink()
    (problem,) = problems_of(site)
    assert str(problem).startswith(f"{name}: expected the file, found none; create it")


@pytest.mark.parametrize("name", ["site.toml", "tags.csv", "rules.toml"])
def test_an_empty_file_is_named(name: str, tmp_path: Path) -> None:
    site = copy_of_sample(tmp_path)
    (site / name).write_text("")
    (problem,) = problems_of(site)
    assert (problem.file, problem.line) == (name, 1)


@pytest.mark.parametrize("name", ["site.toml", "tags.csv", "rules.toml"])
def test_another_encoding_is_named_with_its_line(name: str, tmp_path: Path) -> None:
    """Excel writes GB 18030 on a Chinese desk unless told otherwise."""
    site = copy_of_sample(tmp_path)
    text = (site / name).read_text(encoding="utf-8") + "# 终\n"
    (site / name).write_bytes(text.encode("gb18030"))
    (problem,) = problems_of(site)
    first = next(at for at, line in enumerate(text.splitlines(), 1) if not line.isascii())
    assert (problem.file, problem.line, problem.expected) == (name, first, "UTF-8 text")
    assert "CSV UTF-8" in problem.remedy


def test_utf_16_is_named(tmp_path: Path) -> None:
    site = copy_of_sample(tmp_path)
    text = (site / "tags.csv").read_text(encoding="utf-8")
    (site / "tags.csv").write_bytes(text.encode("utf-16"))
    (problem,) = problems_of(site)
    assert problem.found == "UTF-16"


def test_what_excel_saves_is_accepted(tmp_path: Path) -> None:
    """Its mark at the begin, its line ends, and the commas of an empty last column."""
    site = copy_of_sample(tmp_path)
    before = load_site(site)
    for name in ("site.toml", "tags.csv", "rules.toml"):
        text = (site / name).read_text(encoding="utf-8")
        (site / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    path = site / "tags.csv"
    path.write_bytes(path.read_bytes().replace(b"\r\nCB-L07B", b",,\r\nCB-L07B") + b",,,\r\n\r\n")
    after = load_site(site)
    assert after.tags == before.tags
    assert after.rules == before.rules
    assert after.version != before.version


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_what_is_no_folder_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lines, code = report(tmp_path / name)
    assert code == 2
    assert lines[0].startswith(f"{tmp_path / name}: expected a site's folder, found ")


def test_all_problems_are_named_at_once_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    site = copy_of_sample(tmp_path)
    for name, old, new in (
        ("site.toml", "port = 8080", 'port = "8080"'),
        ("site.toml", 'day_start = "08:00"', 'day_start = "8"'),
        ("site.toml", "target_t = 70_000", "target_t = 0"),
        ("tags.csv", "connector,group,node", "connector,group,comment"),
        ("rules.toml", 'priority = "critical"', 'priority = "urgent"'),
    ):
        path = site / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    named = [(problem.file, problem.field) for problem in problems_of(site)]
    assert named == [
        ("site.toml", "service.port"),
        ("site.toml", "calendar.day_start"),
        ("site.toml", "plan.target_t"),
        ("tags.csv", "header (column D)"),
        ("tags.csv", ""),
        ("rules.toml", "limit[1].priority"),
    ]


def test_many_problems_of_one_kind_are_counted(tmp_path: Path) -> None:
    site = copy_of_sample(tmp_path)
    path = site / "site.toml"
    text = path.read_text(encoding="utf-8").replace("[connectors.plant]", "[connectors.line]")
    path.write_text(text, encoding="utf-8")
    lines, _ = report(site)
    count = len(problems_of(site))
    assert count == len(load_site(SAMPLE).tags)
    assert len(lines) == 12
    assert lines[9].startswith("tags.csv:11: connector (column B)")
    assert lines[10].endswith(f": {count - 10:,} more like these")
    assert lines[11] == f"{count:,} problems in {site}"


@pytest.mark.parametrize("depth", [3, 400, 5_000])
def test_brackets_in_brackets_are_no_trouble(depth: int, tmp_path: Path) -> None:
    site = copy_of_sample(tmp_path)
    path = site / "site.toml"
    text = path.read_text(encoding="utf-8").replace("8080", "[" * depth + "]" * depth, 1)
    path.write_text(text, encoding="utf-8")
    (problem,) = problems_of(site)
    assert problem.field == "service.port" or "nested too deep" in problem.found


@pytest.mark.parametrize("seed", range(40))
def test_no_damage_brings_a_traceback(seed: int, tmp_path: Path) -> None:
    """Lines and characters lost, doubled, moved or replaced anywhere in a file."""
    dice = random.Random(seed)
    site = copy_of_sample(tmp_path)
    for name in dice.sample(["site.toml", "tags.csv", "rules.toml"], dice.randint(1, 2)):
        raw = damaged((site / name).read_bytes(), dice)
        (site / name).write_bytes(raw)
    lines, code = report(site)
    assert code in (0, 2)
    if code == 2:
        for line in lines[:-1]:
            assert PLACE.fullmatch(line) or MORE.fullmatch(line), line


def damaged(raw: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(1, 4)):
        lines = raw.splitlines(keepends=True)
        at = dice.randrange(len(lines))
        place = dice.randrange(len(raw))
        raw = dice.choice(
            [
                b"".join(lines[:at] + lines[at + dice.randint(1, 30) :]),
                b"".join([*lines[: at + 1], *lines[at:]]),
                b"".join(lines[at:] + lines[:at]),
                raw[:place] + dice.choice([b'"', b"[", b"]]", b"=", b",", b"\x00", b"\xe6", b"9"])
                + raw[place + dice.randint(0, 2) :],
                raw[:place] + raw[place + dice.randint(1, 9) :],
                raw.replace(*dice.choice([(b"1", b"-1"), (b'"', b""), (b" = ", b" = [] #")])),
            ]
        ) or b"\n"  # fmt: skip
    return raw


def test_as_a_command_it_exits_2_without_a_traceback(tmp_path: Path) -> None:
    site = BROKEN_SITES[3].make(tmp_path)
    command = [sys.executable, "-c", "from service.cli import main; main()", "check", str(site)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"site.toml:{BROKEN_SITES[3].line(site)}: plan.target_t: expected" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
