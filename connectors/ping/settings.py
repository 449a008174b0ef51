"""What a monitor that waits for heartbeats needs; validated without the network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from connectors.outbound.target import Target, TargetField, parse_target


class PingSettings(BaseModel, extra="forbid"):
    """One monitor.

    url: where it waits. Such an address is a secret where the monitor knows its sender by it: then
        the name of an environment variable, or a file, that holds it. Exactly one of the three.
    method: what the monitor wants; a POST tells the site and the time.
    timeout_s: bound on one whole attempt.
    """

    kind: Literal["ping"]
    url: TargetField | None = None
    url_env: str | None = None
    url_file: Path | None = None
    method: Literal["get", "post"] = "post"
    timeout_s: float = Field(default=10.0, gt=0, le=120)

    @model_validator(mode="after")
    def _one_url(self) -> PingSettings:
        given = [v for v in (self.url, self.url_env, self.url_file) if v is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of url, url_env and url_file; {len(given)} were given"
            )
        return self

    def target(self) -> Target:
        """Where to. ValueError says where it was looked for, and what is wrong with it."""
        if self.url is not None:
            return self.url
        if self.url_env is not None:
            text = os.environ.get(self.url_env)
            if not text:
                raise ValueError(
                    f"environment variable {self.url_env} is not set; set it to the address"
                )
            return _from(self.url_env, text)
        if self.url_file is None:
            raise ValueError("a ping needs an address")
        try:
            text = self.url_file.read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(f"file {self.url_file} can't be read: {error}") from error
        return _from(str(self.url_file), text)


def _from(place: str, text: str) -> Target:
    try:
        return parse_target(text.strip())
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
