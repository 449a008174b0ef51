"""Production: how the readings of meters become kilograms per minute, stage totals and
deviations."""
