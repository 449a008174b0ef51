"""Heartbeats to a monitor that waits for them (healthchecks.io, Uptime Kuma and the like)."""
