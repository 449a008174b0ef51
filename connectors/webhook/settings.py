"""What a webhook destination needs; validated without the network."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, model_validator

from connectors.outbound.target import TargetField

PREFIX = "whsec_"


class WebhookSettings(BaseModel, extra="forbid"):
    """One destination.

    secret: ``whsec_`` and base64 of 24 to 64 random bytes; or the name of an environment variable,
    or a
        file, that holds it. Exactly one of the three.
    timeout_s: bound on one whole attempt.
    """

    kind: Literal["webhook"]
    url: TargetField
    secret: SecretStr | None = None
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
            decode_secret(self.secret.get_secret_value())
        return self

    def key(self) -> bytes:
        """The signing key. ValueError names where it was looked for when it is missing or
        malformed."""
        if self.secret is not None:
            return decode_secret(self.secret.get_secret_value())
        if self.secret_env is not None:
            text = os.environ.get(self.secret_env)
            if text is None:
                raise ValueError(
                    f"environment variable {self.secret_env} is not set; set it to the webhook's "
                    f"secret, {PREFIX}…"
                )
            return decode_secret(text)
        if self.secret_file is None:
            raise ValueError("a webhook needs a secret")
        try:
            return decode_secret(self.secret_file.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise ValueError(f"secret file {self.secret_file} can't be read: {error}") from error


def decode_secret(text: str) -> bytes:
    """The key bytes of ``whsec_<base64>``. ValueError says what is wrong, without showing the
    secret."""
    remedy = f"make one with `anodewatch secret` or from {PREFIX} and 32 random bytes in base64"
    if not text.startswith(PREFIX):
        raise ValueError(f"a webhook secret starts with {PREFIX}; {remedy}")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"a webhook secret is base64 after {PREFIX}; {remedy}") from error
    if not 24 <= len(key) <= 64:
        raise ValueError(f"a webhook secret has 24 to 64 bytes; came {len(key)}; {remedy}")
    return key
