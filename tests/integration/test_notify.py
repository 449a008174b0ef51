"""The destinations that the sample site shows: they are sound, and each says what it would tell."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connectors.outbound.client import open_outbound
from connectors.registry import Port, kinds
from service.app.outside import destination_of
from service.cli import app
from service.domain.definitions import define
from service.runtime.clock import FakeClock
from service.runtime.notify import SiteName
from service.runtime.samples import Sample, example_of, sample_message
from service.settings import load_site
from tests.notices import AT_NS
from tests.sites import SHIPPED, copy_of_sample

FILES = {
    "wecom.url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hidden-key-1",
    "dingtalk.url": "https://oapi.dingtalk.com/robot/send?access_token=hidden-key-2",
    "dingtalk.secret": "SEChidden-key-3",
    "feishu.url": "https://open.feishu.cn/open-apis/bot/v2/hook/hidden-key-4",
    "feishu.secret": "hidden-key-5",
    "mail.password": "hidden-key-6",
    "slack.url": "https://hooks.slack.com/services/hidden-key-7",
    "slack.token": "Bearer hidden-key-8",
    "teams.url": "https://prod.example/workflows/hidden-key-9",
}
DESTINATIONS = ("maintenance", "kiln-crew", "electricians", "shift-leaders", "engineers", "slack",
                "teams")  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample site with each destination that it shows as a comment."""
    folder = copy_of_sample(tmp_path_factory.mktemp("notify"))
    text = (folder / "site.toml").read_text("utf-8")
    shown = re.findall(
        r"^# \[\[notifications\]\]\n(?:# \w+ = .*\n|#  +# .*\n)+", text, re.MULTILINE
    )
    assert len(shown) == len(DESTINATIONS) - 1
    added = "".join(re.sub(r"^# ", "", block, flags=re.MULTILINE) for block in shown)
    (folder / "site.toml").write_text(f"{text}\n{added}", "utf-8")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    for template in SHIPPED.glob("*.j2"):
        shutil.copy(template, folder)
    return folder


def anodewatch(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_what_the_sample_shows_is_a_sound_site(site: Path) -> None:
    checked = anodewatch("check", site)
    assert checked.exit_code == 0, checked.output
    found = load_site(site).destinations
    assert tuple(one.name for one in found) == DESTINATIONS
    assert {vars(one.settings)["kind"] for one in found} == set(kinds(Port.NOTIFIER))


async def test_a_preview_shows_what_would_be_told_and_no_secret(site: Path) -> None:
    found = load_site(site)
    speaker = SiteName(found.id, found.name_en, found.name_zh, "http://x", found.zone)
    alarms = define(found.rules, tags=found.tags, line=found.line).all()
    example = example_of(alarms.values())
    assert example.handling.guidance is not None
    outbound, clock = open_outbound(found.outbound), FakeClock(AT_NS)
    for one in found.destinations:
        async with destination_of(one, clock, outbound=outbound) as opened:
            for sample in Sample:
                message = sample_message(sample, speaker, AT_NS, example=example)
                shown = opened.notifier.preview(message)
                assert "hidden-key" not in shown
                if one.name != "engineers":
                    json.loads(shown)
                if one.name != "maintenance":
                    assert "Anodewatch" in shown
                assert ("li.wei" in shown) == (sample is Sample.RETURNED)


def test_the_command_prints_a_preview(site: Path) -> None:
    shown = anodewatch("notify", "preview", site, "kiln-crew", "--alarm", "hour-low:CB")
    assert shown.exit_code == 0, shown.output
    assert "炭化" in json.loads(shown.output)["markdown"]["content"]
    mail = anodewatch("notify", "preview", site, "engineers", "--sample", "digest").output
    assert "Subject: !!! 1 紧急 · 汇总：40 个报警，共 40 次变化" in mail
    assert "……另有 39 条" in mail


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("slak",), 'did you mean "slack"?'),
        (("slack", "--alarm", "hour-low:XX"), "hour-low:XX"),
    ],
)
def test_a_preview_of_nothing_says_so(site: Path, words: tuple[str, ...], said: str) -> None:
    shown = anodewatch("notify", "preview", site, *words)
    assert shown.exit_code == 2
    assert said in shown.output


BROKEN = [
    ("wecom.url", "https://qyapi.weixin.qq.com/#hidden-key", "kiln-crew", "without a fragment"),
    ("wecom.url", "ftp://bot/hidden-key", "kiln-crew", "http:// or https://"),
    ("dingtalk.secret", " \n", "electricians", "which is none"),
    ("slack.json.j2", '{"text": "{{ subject }}"}', "slack", "each {{ … }} ends with | tojson"),
    ("teams.url", "http://10.0.0.7/hidden-key", "teams", "10.0.0.7 is private"),
]


@pytest.mark.parametrize(("file", "content", "name", "said"), BROKEN)
def test_check_names_what_is_wrong_and_shows_no_secret(
    site: Path, tmp_path: Path, file: str, content: str, name: str, said: str
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    (folder / file).write_text(content)
    checked = anodewatch("check", folder)
    assert checked.exit_code == 2
    place = f"notifications[{1 + DESTINATIONS.index(name)}]"
    assert place in checked.output
    assert said in checked.output
    assert "hidden-key" not in checked.output
