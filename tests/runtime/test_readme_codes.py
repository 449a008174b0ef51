"""The README's table of codes is that of the adapters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from connectors.bots import Code, Verdict
from connectors.dingtalk import codes as dingtalk
from connectors.feishu import codes as feishu
from connectors.wecom import codes as wecom

README = Path(__file__).parents[2] / "README.md"


def codes_in(cell: str, known: Mapping[int, Code]) -> set[int]:
    """The codes that a cell lists; ``4301xx`` stands for all that begin so."""
    found: set[int] = set()
    for word in re.findall(r"-?\d+x*", cell.replace("10 minutes", "")):
        start = word.rstrip("x")
        matching = {c for c in known if str(c).startswith(start) and len(str(c)) == len(word)}
        found |= matching if word != start else {int(word)}
    return found


@pytest.mark.parametrize(
    ("service", "codes"),
    [("WeCom", wecom.CODES), ("DingTalk", dingtalk.CODES), ("Feishu, Lark", feishu.CODES)],
)
def test_the_readme_says_what_each_code_means(service: str, codes: Mapping[int, Code]) -> None:
    line = next(
        row for row in README.read_text("utf-8").splitlines() if row.startswith(f"| {service} |")
    )
    _, _, _, again, final, *_ = line.split("|")
    refused, _, gone = final.partition(";")
    told = {Verdict.RETRY: again, Verdict.REFUSED: refused, Verdict.GONE: gone}
    for verdict, cell in told.items():
        expected = {code for code, one in codes.items() if one.verdict is verdict}
        assert codes_in(cell, codes) == expected
