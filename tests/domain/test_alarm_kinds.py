"""What tables of rules.toml are called in routes, and what their alarms are called."""

from __future__ import annotations

from service.domain.definitions import define
from service.settings import load_site
from service.settings.rulebook import TABLES, alarm_kinds
from tests.sites import SAMPLE


def test_every_alarm_is_of_a_kind_that_its_table_stands_for() -> None:
    """Else a route that names the table hears nothing of them."""
    site = load_site(SAMPLE)
    by_table = {table: set(alarm_kinds(table)) for table in TABLES}
    definitions = define(site.rules, tags=site.tags, line=site.line).all().values()
    kinds = {definition.kind for definition in definitions}
    assert kinds == {kind for table in by_table.values() for kind in table}
    assert sum(map(len, by_table.values())) == len(kinds)
