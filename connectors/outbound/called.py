"""What every destination has that is called over HTTP; validated without the network."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, model_validator

from connectors.outbound.target import Target, TargetField, parse_target
from connectors.secret import count_given, read_secret

LONGEST_S = 120.0
"""Of one attempt: less than what the service gives any destination, so that a destination ends its
attempts by itself."""


class CalledSettings(BaseModel, extra="forbid"):
    """Where to, and for how long.

    url: the address; or, where it holds a token, the name of an environment variable or a file that
    holds it: url_env, url_file. Exactly one of the three. timeout_s: bound on one whole attempt,
    at most LONGEST_S.
    """

    url: TargetField | None = None
    url_env: str | None = None
    url_file: Path | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=LONGEST_S)

    @model_validator(mode="after")
    def _one_address(self) -> CalledSettings:
        given = count_given(self.url, self.url_env, self.url_file)
        if given != 1:
            raise ValueError(f"give exactly one of url, url_env and url_file; {given} were given")
        return self

    def target(self) -> Target:
        """The address. ValueError says where it was looked for and what is wrong, without showing
        it."""
        if self.url is not None:
            return self.url
        text = read_secret("address", given=None, env=self.url_env, file=self.url_file)
        try:
            return parse_target(text)
        except ValueError as error:
            raise ValueError(f"{self.url_env or self.url_file}: {error}") from None

    def key(self) -> bytes:
        """What has to be there before the service starts; ValueError as ``target``."""
        return self.target().resource.encode()
