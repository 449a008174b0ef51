"""Broken sites: each is the sample site with one edit, and what has to be said about it."""

from __future__ import annotations

from tests.broken_sites.broken import BrokenSite
from tests.broken_sites.line import BROKEN_LINE
from tests.broken_sites.routes import BROKEN_ROUTES
from tests.broken_sites.rules import BROKEN_RULES
from tests.broken_sites.settings import BROKEN_SETTINGS
from tests.broken_sites.tags import BROKEN_TAGS

BROKEN_SITES = (*BROKEN_SETTINGS, *BROKEN_LINE, *BROKEN_TAGS, *BROKEN_RULES, *BROKEN_ROUTES)

__all__ = ["BROKEN_SITES", "BrokenSite"]
