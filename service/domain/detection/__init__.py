"""Slow drifts: statistics that find a small lasting loss with a stated rate of false alarms."""
