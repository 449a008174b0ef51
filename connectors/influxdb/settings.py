"""What the InfluxDB history needs; validated without the network."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, HttpUrl, SecretStr, model_validator

from connectors.secret import count_given, read_secret


class InfluxDbSettings(BaseModel, extra="forbid"):
    """An InfluxDB 1.8, 2.x or 3.x.

    url: base address, e.g. ``http://127.0.0.1:8086``.
    bucket: the bucket of 2.x, or ``database`` or ``database/retention-policy`` of 1.x and 3.x;
        made when it is missing and the credentials allow it.
    org: organisation of 2.x by name; the others have none.
    token, token_env, token_file: the API token itself, or the name of an environment variable or a
        file that holds it. At most one.
    username, password, password_env, password_file: credentials of 1.x, instead of a token.
    timeout_s: bound on one request.
    verify_tls: false accepts any certificate.
    gzip: compress what is written; worth it over a slow network only.
    """

    kind: Literal["influxdb"]
    url: HttpUrl
    bucket: str = Field(default="anodewatch", pattern=r'^[^/"\\\n\r]+(/[^/"\\\n\r]+)?$')
    org: str = ""
    token: SecretStr | None = None
    token_env: str | None = None
    token_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_env: str | None = None
    password_file: Path | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=600)
    verify_tls: bool = True
    gzip: bool = False

    @model_validator(mode="after")
    def _one_credential(self) -> InfluxDbSettings:
        tokens = count_given(self.token, self.token_env, self.token_file)
        passwords = count_given(self.password, self.password_env, self.password_file)
        if tokens > 1:
            raise ValueError(f"give one of token, token_env and token_file; {tokens} were given")
        if tokens and (self.username is not None or passwords):
            raise ValueError("give a token, or a username with a password; both were given")
        if (self.username is not None) != (passwords == 1):
            raise ValueError(
                "username goes with exactly one of password, password_env and password_file; "
                f"came {'no' if self.username is None else 'a'} username and {passwords} of these"
            )
        return self

    @property
    def database(self) -> str:
        """The database of InfluxQL."""
        return self.bucket.partition("/")[0]

    @property
    def retention_policy(self) -> str | None:
        """The retention policy of InfluxQL, or None for the default one."""
        return self.bucket.partition("/")[2] or None

    def read_token(self) -> str | None:
        """The token, or None. ValueError names where it was looked for."""
        return read_secret(
            "InfluxDB token", given=self.token, env=self.token_env, file=self.token_file
        )

    def read_password(self) -> str | None:
        """The password, or None. ValueError names where it was looked for."""
        return read_secret(
            "InfluxDB password",
            given=self.password, env=self.password_env, file=self.password_file,
        )  # fmt: skip
