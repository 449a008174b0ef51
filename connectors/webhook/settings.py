"""What a webhook destination needs; validated without the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr, model_validator

from connectors.outbound.called import CalledSettings
from connectors.secret import count_given, read_secret
from connectors.webhook.signing import decode_secret

MOST_SECRETS = 5


def _several(value: object) -> object:
    """A list of secrets, also of one that is written without brackets."""
    return (value,) if isinstance(value, str | SecretStr) else value


class WebhookSettings(CalledSettings):
    """One destination.

    secret: ``whsec_`` and base64 of 24 to 64 random bytes, or a list of such, the newest first; or
    the name of an environment variable, or a file, that holds them, apart by spaces or lines. Every
    message is signed with each of them. A file is read anew for every attempt, so that a secret
    changes without a restart. Exactly one of the three.
    """

    kind: Literal["webhook"]
    secret: Annotated[tuple[SecretStr, ...] | None, BeforeValidator(_several)] = None
    secret_env: str | None = None
    secret_file: Path | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> WebhookSettings:
        given = count_given(self.secret, self.secret_env, self.secret_file)
        if given != 1:
            raise ValueError(
                f"give exactly one of secret, secret_env and secret_file; {given} were given"
            )
        if self.secret is not None:
            self.keys()
        return self

    def key(self) -> bytes:
        """The newest signing key, once the address is there too; ValueError as ``keys``."""
        super().key()
        return self.keys()[0]

    def keys(self) -> tuple[bytes, ...]:
        """The signing keys, the newest first. ValueError names where they were looked for when one
        is missing or malformed."""
        if self.secret is not None:
            return _decode([each.get_secret_value() for each in self.secret], "secret")
        text = read_secret("webhook secret", given=None, env=self.secret_env, file=self.secret_file)
        return _decode((text or "").split(), self.secret_env or "secret_file")


def _decode(texts: Sequence[str], where: str) -> tuple[bytes, ...]:
    if not 1 <= len(texts) <= MOST_SECRETS:
        raise ValueError(f"{where} holds 1 to {MOST_SECRETS} webhook secrets; came {len(texts)}")
    return tuple(decode_secret(text) for text in texts)
