"""Months of production, many at once: what the mass model makes, without running it."""
