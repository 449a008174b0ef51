"""What a webhook destination needs; validated without the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, model_validator

from connectors.outbound.target import TargetField
from connectors.webhook.signing import PREFIX, decode_secret

MOST_SECRETS = 5


def _several(value: object) -> object:
    """A list of secrets, also of one that is written without brackets."""
    return (value,) if isinstance(value, str | SecretStr) else value


class WebhookSettings(BaseModel, extra="forbid"):
    """One destination.

    secret: ``whsec_`` and base64 of 24 to 64 random bytes, or a list of such, the newest first; or
    the name of an environment variable, or a file, that holds them, apart by spaces or lines. Every
    message is signed with each of them. A file is read anew for every attempt, so that a secret
    changes without a restart. Exactly one of the three.
    timeout_s: bound on one whole attempt.
    """

    kind: Literal["webhook"]
    url: TargetField
    secret: Annotated[tuple[SecretStr, ...] | None, BeforeValidator(_several)] = None
    secret_env: str | None = None
    secret_file: Path | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=120)

    @model_validator(mode="after")
    def _one_secret(self) -> WebhookSettings:
        given = [v for v in (self.secret, self.secret_env, self.secret_file) if v is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of secret, secret_env and secret_file; {len(given)} were given"
            )
        if self.secret is not None:
            self.keys()
        return self

    def key(self) -> bytes:
        """The newest signing key; ValueError as ``keys``."""
        return self.keys()[0]

    def keys(self) -> tuple[bytes, ...]:
        """The signing keys, the newest first. ValueError names where they were looked for when one
        is missing or malformed."""
        if self.secret is not None:
            return _decode([each.get_secret_value() for each in self.secret], "secret")
        if self.secret_env is not None:
            text = os.environ.get(self.secret_env)
            if text is None:
                raise ValueError(
                    f"environment variable {self.secret_env} is not set; set it to the webhook's "
                    f"secret, {PREFIX}…"
                )
            return _decode(text.split(), self.secret_env)
        if self.secret_file is None:
            raise ValueError("a webhook needs a secret")
        try:
            return _decode(self.secret_file.read_text(encoding="utf-8").split(), "secret_file")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"secret file {self.secret_file} can't be read: {error}") from error


def _decode(texts: Sequence[str], where: str) -> tuple[bytes, ...]:
    if not 1 <= len(texts) <= MOST_SECRETS:
        raise ValueError(f"{where} holds 1 to {MOST_SECRETS} webhook secrets; came {len(texts)}")
    return tuple(decode_secret(text) for text in texts)
