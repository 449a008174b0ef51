"""What rules name: stages, tags, meters and connectors, held against those of the site."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from service.domain.definitions import watches
from service.domain.line import Line
from service.domain.rules import CounterRule, StuckRule
from service.domain.tag import Tag
from service.settings.document import Document
from service.settings.explain import Where
from service.settings.handlingtables import HandlingTable
from service.settings.problems import choose, shown
from service.settings.ruletables import LimitTable


class References:
    """The things of one site; problems are noted in ``document``.

    A collection that is None is not known for sure, and nothing is held against it. Without tags
    there are no meters.
    """

    def __init__(
        self,
        document: Document,
        *,
        line: Line | None,
        tags: Sequence[Tag] | None,
        connectors: Collection[str] | None,
        destinations: Collection[str] | None,
    ) -> None:
        self._document = document
        self.stages = None if line is None else line.stage_by_id
        self.meters = None if line is None or tags is None else line.all_meters
        self._tags = tags
        self._connectors = connectors
        self._destinations = destinations
        self._limited: dict[tuple[str, str], str] = {}

    def judge_stages(self, ids: Sequence[str], where: Where, *, hourly: bool) -> None:
        """Notes ids of no stage; hourly: and of stages whose hour means nothing."""
        for n, id_ in enumerate(ids):
            if self.stages is None:
                return
            stage = self.stages.get(id_)
            if stage is None:
                self._document.problem(
                    (*where, "stages", n),
                    expected="the id of a stage in site.toml",
                    found=shown(id_),
                    remedy=choose(id_, self.stages),
                )
            elif hourly and not stage.hourly:
                self._document.problem(
                    (*where, "stages", n),
                    expected="stages whose hour means something",
                    found=f"{id_}, which has hourly = false in site.toml",
                    remedy="take a longer window for it, e.g. 7d",
                )

    def judge_tags(self, patterns: Sequence[str], where: Where) -> None:
        """Notes patterns that match no tag."""
        for n, pattern in enumerate(patterns):
            if self._tags is not None and not _matching(pattern, self._tags):
                self._no_tag(pattern, (*where, "tags", n), self._tags)

    def judge_meters(self, rule: CounterRule | StuckRule, where: Where) -> None:
        """Notes patterns that match no meter of which the rule has anything to say."""
        self.judge_tags(rule.tags, where)
        if self.meters is None:
            return
        needed = "stuck_s in site.toml" if isinstance(rule, StuckRule) else f"a {rule.event}"
        tags = [meter.tag for meter in self.meters if watches(rule, meter)]
        for n, pattern in enumerate(rule.tags):
            if not any(fnmatchcase(tag, pattern) for tag in tags):
                self._document.problem(
                    (*where, "tags", n),
                    expected=f"tags of meters that have {needed}",
                    found=f"{shown(pattern)}, which matches none that has",
                    remedy=choose(pattern, tags, otherwise="correct the pattern or the meter"),
                )

    def judge_limit(self, table: LimitTable, where: Where) -> None:
        """Notes patterns that match no tag with this limit, or only tags of earlier rules."""
        if self._tags is None:
            return
        for n, pattern in enumerate(table.tags):
            matching = _matching(pattern, self._tags)
            limited = [tag for tag in matching if getattr(tag.limits, table.limit) is not None]
            if not matching:
                self._no_tag(pattern, (*where, "tags", n), self._tags)
            elif not limited:
                self._document.problem(
                    (*where, "tags", n),
                    expected=f"tags that have a limit {table.limit} in tags.csv",
                    found=f"{shown(pattern)}, which matches none that has",
                    remedy=f"fill in column {table.limit} in tags.csv, or remove the pattern",
                )
            first = {self._limited.setdefault((tag.id, table.limit), table.id) for tag in limited}
            if limited and table.id not in first:
                self._document.problem(
                    (*where, "tags", n),
                    expected=f"tags that no earlier rule watches for {table.limit}",
                    found=f"{shown(pattern)}, all watched by {', '.join(sorted(first))}",
                    remedy=f"move rule {table.id} before it, or remove the pattern",
                )

    def judge_suppression(
        self, handling: HandlingTable, where: Where, others: Sequence[str]
    ) -> None:
        """Notes conditions on rules and tags that there are not."""
        for n, one in enumerate(handling.suppressed_by):
            at = (*where, "suppressed_by", n)
            if one.rule is not None and one.rule not in others:
                self._document.problem(
                    (*at, "rule"),
                    expected="the id of another rule in rules.toml",
                    found=shown(one.rule),
                    remedy=choose(one.rule, others),
                )
            if one.tag is None or self._tags is None:
                continue
            near = self._near(handling, self._tags)
            if one.tag not in near and all(one.tag != tag.id for tag in self._tags):
                self._document.problem(
                    (*at, "tag"),
                    expected="a tag of tags.csv, or the ending of one on the rule's equipment",
                    found=shown(one.tag),
                    remedy=choose(one.tag, near),
                )

    def _near(self, table: HandlingTable, tags: Sequence[Tag]) -> list[str]:
        """The endings of the tags on the equipment that a rule watches, each once."""
        patterns: tuple[str, ...] = getattr(table, "tags", ("*",))
        assets = {tag.asset for pattern in patterns for tag in _matching(pattern, tags)}
        endings = (tag.id.removeprefix(f"{tag.asset}-") for tag in tags if tag.asset in assets)
        return list(dict.fromkeys(endings))

    def _no_tag(self, pattern: str, where: Where, tags: Sequence[Tag]) -> None:
        self._document.problem(
            where,
            expected="a tag of tags.csv, or a pattern that matches some",
            found=shown(pattern),
            remedy=choose(
                pattern, [tag.id for tag in tags], otherwise="correct the tag or pattern"
            ),
        )

    def judge_connectors(self, patterns: Sequence[str], where: Where) -> tuple[str, ...]:
        """The connectors' names that the patterns stand for."""
        return self._named(patterns, self._connectors, (*where, "connectors"), "a connector")

    def judge_destinations(self, patterns: Sequence[str], where: Where) -> tuple[str, ...]:
        """The notifications' names that the patterns stand for; ``*`` may stand for none."""
        if self._destinations is not None and not self._destinations and set(patterns) == {"*"}:
            return ()
        place = (*where, "destinations")
        return self._named(patterns, self._destinations, place, "a notification")

    def _named(
        self, patterns: Sequence[str], known: Collection[str] | None, where: Where, what: str
    ) -> tuple[str, ...]:
        if known is None:
            return tuple(patterns)
        names: dict[str, None] = {}
        for n, pattern in enumerate(patterns):
            matching = [name for name in known if fnmatchcase(name, pattern)]
            names.update(dict.fromkeys(matching))
            if not matching:
                self._document.problem(
                    (*where, n),
                    expected=f"{what} of site.toml",
                    found=shown(pattern),
                    remedy=choose(pattern, known, otherwise="remove the rule"),
                )
        return tuple(names)


def _matching(pattern: str, tags: Sequence[Tag]) -> list[Tag]:
    return [tag for tag in tags if fnmatchcase(tag.id, pattern)]
