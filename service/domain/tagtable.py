"""TagTable: the tags in force with their registry numbers; what turns int32 columns into names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from service.domain.tag import Tag


class TagTable:
    """An immutable two-way table of registry number and Tag.

    Numbers come from the persistent tag registry, are never reused, and are not dense.
    """

    __slots__ = ("_by_number", "_numbers")

    def __init__(self, tags: Mapping[int, Tag]) -> None:
        self._by_number = dict(tags)
        self._numbers = {tag.id: number for number, tag in tags.items()}

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[tuple[int, Tag]]:
        return iter(self._by_number.items())

    def __contains__(self, tag_id: object) -> bool:
        return tag_id in self._numbers

    def number(self, tag_id: str) -> int:
        """Registry number of ``tag_id``; KeyError when the site has no such tag."""
        return self._numbers[tag_id]

    def tag(self, number: int) -> Tag:
        """The Tag with this number; KeyError when it is not in force."""
        return self._by_number[number]

    def get(self, number: int) -> Tag | None:
        """The Tag with this number, or None when it left the tag list (history may still hold
        it)."""
        return self._by_number.get(number)

    def of_connector(self, connector: str) -> dict[int, Tag]:
        """The tags that ``connector`` brings, by number."""
        return {n: t for n, t in self._by_number.items() if t.connector == connector}

    def numbers(self, tag_ids: Iterable[str]) -> list[int]:
        """Registry numbers in the order of ``tag_ids``; KeyError names the first unknown one."""
        return [self._numbers[tag_id] for tag_id in tag_ids]

    @property
    def size(self) -> int:
        """One more than the largest number: the length of an array indexed by number."""
        return max(self._by_number, default=-1) + 1
