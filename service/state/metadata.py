"""The one MetaData that every table of the state belongs to, and the version of the schema."""

from __future__ import annotations

from sqlalchemy import MetaData

SCHEMA_VERSION = 3

metadata = MetaData()
