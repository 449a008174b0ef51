"""Backtest: rules that are tried on the production of the past."""
