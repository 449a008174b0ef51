"""Rules by themselves, held against a site that is sound: those that are to be tried."""

from __future__ import annotations

from pathlib import Path

from service.domain.rules import Rule
from service.settings.document import Document
from service.settings.files import read_text
from service.settings.problems import SiteError, SiteProblem
from service.settings.rulebook import Rulebook
from service.settings.site import Site


def read_rule_file(file: Path) -> str:
    """The text of a rule file; raises SiteError when it can't be read."""
    problems: list[SiteProblem] = []
    text = read_text(file, problems)
    if text is None:
        raise SiteError(problems)
    return text


def parse_rules(name: str, text: str, site: Site) -> tuple[Rule, ...]:
    """The rules in ``text``, shown as file ``name``. Raises SiteError with every problem found."""
    problems: list[SiteProblem] = []
    document = Document(Path(name), text, problems)
    rules = Rulebook(
        document,
        line=site.line,
        tags=site.tags,
        connectors=list(site.sources),
        destinations=[one.name for one in site.destinations],
    ).read()
    if problems:
        raise SiteError(sorted(problems, key=lambda problem: problem.line or 0))
    return rules
