"""Operational state in a real database: alarms, outbox, audit, users, ledger."""
