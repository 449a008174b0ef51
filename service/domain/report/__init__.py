"""Shift report: what one shift made, lost and was told, as one thing that never changes."""
