"""What people look at: the operators' web dashboard, and Grafana dashboards over InfluxDB."""

from __future__ import annotations

from pathlib import Path


def web_folder() -> Path:
    """The folder of the dashboard's built files, with ``index.html`` and ``api-docs/``.

    A wheel brings it; in a source tree ``python -m dashboards.build`` makes it, and until then
    it is missing.
    """
    return Path(__file__).parent / "web" / "dist"
