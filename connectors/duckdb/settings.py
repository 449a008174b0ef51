"""What the embedded history needs; validated without touching the disk."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class DuckDbSettings(BaseModel, extra="forbid"):
    """The embedded history: one DuckDB file in the data folder.

    file: its name, relative to the data folder.
    memory_limit_gb: what DuckDB may use; below 1 GB it runs out when it sorts.
    threads: how many cores one query may use.
    timeout_s: bound on one read or write; what takes longer is interrupted and may be tried again.
    """

    kind: Literal["duckdb"] = "duckdb"
    file: str = Field(default="history.duckdb", pattern=r"^[^/\\\x00]+$", max_length=200)
    memory_limit_gb: float = Field(default=1.0, ge=1, le=1_024)
    threads: int = Field(default=2, ge=1, le=256)
    timeout_s: float = Field(default=30.0, gt=0, le=3_600)
