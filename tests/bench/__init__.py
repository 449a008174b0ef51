"""Figures of what the service costs: ``python -m tests.bench``. Nothing here passes or fails."""
