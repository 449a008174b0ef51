"""Forecast of the plant's output: shift, month and year, with honest bands."""
