"""The languages in which people are told."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """Of a page or a message."""

    EN = "en"
    ZH = "zh"
