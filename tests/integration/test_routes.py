"""``anodewatch routes`` on the sample site, with its commented examples of routes in force."""

from __future__ import annotations

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from service.api.instants import parse
from service.cli import app
from service.cli.routes import said
from service.domain.alarm import Priority
from service.settings import Site, load_site
from tests.sites import SAMPLE, SHANGHAI, copy_files, sample_in

SECRET = "whsec_c2FtcGxlLXNpdGUtb25seS1uZXZlci1pbi1hLXBsYW50"  # the sample's own, public
PEOPLE = "".join(
    f'\n[[notifications]]\nname = "{name}"\nkind = "webhook"\n'
    f'url = "http://127.0.0.1:8090/{name}"\nsecret = "{SECRET}"\n'
    for name in ("zhang", "li")
)
TABLES = ("[[routes]]", "[[on_call]]", "[[quiet_hours]]")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The sample with its examples of routes in force."""
    folder = copy_files(sample_in(SHANGHAI), tmp_path_factory.mktemp("routes") / "site")
    path = folder / "site.toml"
    path.write_text(_switched_on(path.read_text(encoding="utf-8")) + PEOPLE, encoding="utf-8")
    return load_site(folder)


def _switched_on(text: str) -> str:
    """``text`` with the commented tables that are TOML as they stand, each up to an empty line."""
    blocks = re.split(r"\n(?=# \[\[|\n)", text)
    return "\n".join(
        re.sub(r"(?m)^# ?", "", block)
        if block.startswith(tuple(f"# {table}\n" for table in TABLES)) and " = " in block[:60]
        else block
        for block in blocks
    )


def test_the_examples_of_the_sample_are_sound(site: Site) -> None:
    announcing = site.announcing
    assert [route.name for route in announcing.routing.routes] == ["furnaces", "rest"]
    assert list(announcing.routing.roles) == ["electricians"]
    assert len(announcing.quiet_hours) == 1


@pytest.mark.parametrize(
    ("at", "asked", "expected"),
    [
        pytest.param(
            "2026-05-06T10:00:00+08:00", {},
            [
                "alarm   hour-low:CB: medium, throughput, stage CB, at CB",
                "moment  Wed 2026-05-06 10:00:00 Asia/Shanghai, day shift of Wed 2026-05-06",
                "route   furnaces: not its priority",
                "route   rest: takes it",
                "told    nobody",
            ],
            id="maintenance hears of high ones only",
        ),
        pytest.param(
            "2026-05-06T10:00:00+08:00", {"priority": Priority.HIGH},
            [
                "alarm   hour-low:CB: high, throughput, stage CB, at CB",
                "moment  Wed 2026-05-06 10:00:00 Asia/Shanghai, day shift of Wed 2026-05-06",
                "route   furnaces: takes it",
                "route   rest: not asked, since one before took it",
                ("told    li by Wed 2026-05-06 10:00:05 with what belongs together, by furnaces, "
                 "as electricians (a duty says so)"),
            ],
            id="whose week it is",
        ),
        pytest.param(
            "2026-10-03T10:00:00+08:00", {"priority": Priority.HIGH, "flood": True},
            [
                ("told    li at Sat 2026-10-03 10:05:00 in a digest of the flood, by furnaces, "
                 "as electricians (an override says so)"),
            ],
            id="a swap, in a flood",
        ),
        pytest.param(
            "2026-05-07T03:00:00+08:00", {"priority": Priority.HIGH},
            [
                "moment  Thu 2026-05-07 03:00:00 Asia/Shanghai, night shift of Wed 2026-05-06",
                ("told    maintenance at Thu 2026-05-07 06:00:00 in a digest, when the quiet hours "
                 "end, by furnaces, as electricians (nobody is on duty)"),
            ],
            id="nobody's night, and quiet",
        ),
        pytest.param(
            "2026-05-07T03:00:00+08:00", {"priority": Priority.CRITICAL, "escalated": 1},
            ["told    maintenance at once, by furnaces"],
            id="critical, and nobody acknowledges",
        ),
    ],
)  # fmt: skip
def test_who_would_hear_when_and_why(
    site: Site, at: str, asked: dict[str, Any], expected: list[str]
) -> None:
    lines = said(site, "hour-low:CB", parse(at, "at"), **asked)
    assert [line for line in lines if line in expected] == expected, lines
    assert len([line for line in lines if line.startswith("told")]) == 1


def test_without_routes_everybody_hears_of_what_is_urgent_enough() -> None:
    options = ["--alarm", "hour-low:CB", "--priority", "high"]
    done = CliRunner().invoke(app, ["routes", str(SAMPLE), *options])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[2:] == [
        "route   none: every destination hears of what is urgent enough for it",
        "told    maintenance at once",
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--alarm", "hour-lo:CB"), ("--alarm", "'hour-lo:CB'", 'did you mean "hour-low:CB"?')),
        (("--alarm", "hour-low:CB", "--priority", "urgent"), ("--priority", "'urgent'")),
        (("--alarm", "hour-low:CB", "--at", "tomorrow"), ("--at", "RFC 3339")),
    ],
)
def test_a_wrong_question_is_told_so(options: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["routes", str(SAMPLE), *options])
    assert done.exit_code == 2
    assert all(word in done.stderr for word in words), done.stderr
