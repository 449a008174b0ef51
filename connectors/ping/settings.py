"""What a monitor that waits for heartbeats needs; validated without the network."""

from __future__ import annotations

from typing import Literal

from connectors.outbound.called import CalledSettings


class PingSettings(CalledSettings):
    """One monitor. method: what it wants; a POST tells the site and the time."""

    kind: Literal["ping"]
    method: Literal["get", "post"] = "post"
