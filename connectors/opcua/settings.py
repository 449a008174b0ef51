"""What an OPC UA source needs; validated without the network."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

Policy = Literal["None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]
Mode = Literal["None", "Sign", "SignAndEncrypt"]

SHORTEST_SESSION_S = 60.0

Milliseconds = Annotated[float, Field(gt=0, le=3_600_000)]
SamplingMs = Annotated[float, Field(ge=-1, le=3_600_000)]
QueueSize = Annotated[int, Field(ge=1, le=100_000)]
Seconds = Annotated[float, Field(gt=0, le=3_600)]


def _endpoint(value: str) -> str:
    example = "an endpoint such as opc.tcp://plc-1:4840/path"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"expected {example}; came {value!r}: {error}") from error
    if parts.scheme != "opc.tcp" or not parts.hostname:
        raise ValueError(f"expected {example}; came {value!r}")
    if port is None:
        raise ValueError(f"expected {example}; came {value!r} without a port; add one, e.g. :4840")
    if "@" in parts.netloc:
        raise ValueError("an endpoint carries no credentials; use username and password_env")
    return value


Endpoint = Annotated[str, AfterValidator(_endpoint)]


class GroupSettings(BaseModel, extra="forbid"):
    """An item group: its own subscription. What is not given comes from the connector."""

    publishing_interval_ms: Milliseconds | None = None
    sampling_interval_ms: SamplingMs | None = None
    queue_size: QueueSize | None = None
    keep_alive_s: Seconds | None = None


class OpcUaSettings(BaseModel, extra="forbid"):
    """One OPC UA server.

    sampling_interval_ms: how often the server looks at a value; 0 is "as fast as is practical", and
        lets many servers report every change; -1 is the publishing interval.
    queue_size: samples that the server keeps for each item between two publishings.
    keep_alive_s: the server says at least this often that nothing changed. lifetime_s: it keeps the
        subscription this long without hearing from us; at least three keep-alives. Both are turned
        into counts of the publishing interval; the server answers with what it really does.
    timeout_s: bound on every request.
    max_items_per_call: monitored items created in one request; the server's own limit comes first.
    groups: intervals for single item groups of the tag list.
    """

    kind: Literal["opcua"]
    endpoint: Endpoint
    security_policy: Policy = "None"
    security_mode: Mode = "None"
    certificate: Path | None = None
    private_key: Path | None = None
    server_certificate: Path | None = None
    user_certificate: Path | None = None
    user_private_key: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_env: str | None = None
    password_file: Path | None = None
    publishing_interval_ms: Milliseconds = 500.0
    sampling_interval_ms: SamplingMs = 250.0
    queue_size: QueueSize = 10
    keep_alive_s: Seconds = 5.0
    lifetime_s: Seconds = 60.0
    timeout_s: Seconds = 10.0
    max_items_per_call: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    groups: dict[str, GroupSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _security_is_whole(self) -> OpcUaSettings:
        if (self.security_policy == "None") != (self.security_mode == "None"):
            raise ValueError(
                "security_policy and security_mode are both None or both given; came policy "
                f"{self.security_policy} with mode {self.security_mode}"
            )
        keys = [self.certificate, self.private_key]
        if keys.count(None) == 1:
            raise ValueError(
                "give certificate and private_key together, the paths of this client's PEM or DER "
                "files, or neither: then they are made"
            )
        if self.security_policy == "None" and any([*keys, self.server_certificate]):
            raise ValueError(
                "certificates are given, but security_policy is None; name a policy, e.g. "
                "Basic256Sha256, or remove the certificates"
            )
        return self

    @model_validator(mode="after")
    def _one_identity(self) -> OpcUaSettings:
        if (self.user_certificate is None) != (self.user_private_key is None):
            raise ValueError("give user_certificate and user_private_key together, or neither")
        if self.user_certificate is not None and self.username is not None:
            raise ValueError(
                "the user is known by username or by user_certificate; give only one of them"
            )
        return self

    @model_validator(mode="after")
    def _one_password(self) -> OpcUaSettings:
        given = [v for v in (self.password, self.password_env, self.password_file) if v is not None]
        if len(given) > 1:
            raise ValueError("give only one of password, password_env and password_file")
        if given and self.username is None:
            raise ValueError("a password is given without a username")
        return self

    def secret(self) -> str | None:
        """The user's password, or None. ValueError names where it was looked for."""
        if self.password is not None:
            return self.password.get_secret_value()
        if self.password_env is not None:
            text = os.environ.get(self.password_env)
            if text is None:
                raise ValueError(
                    f"environment variable {self.password_env} is not set; set it to the password "
                    f"of {self.username} at {self.endpoint}"
                )
            return text
        if self.password_file is not None:
            try:
                return self.password_file.read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(
                    f"password file {self.password_file} can't be read: {error}"
                ) from error
        return None

    @property
    def session_timeout_s(self) -> float:
        """How long the server keeps the session without a request. Where nothing changes, requests
        come with the keep-alives only, so it is at least three of the longest."""
        own = (group.keep_alive_s or 0.0 for group in self.groups.values())
        return max(SHORTEST_SESSION_S, self.lifetime_s, 3 * max(self.keep_alive_s, *own, 0.0))

    def timing(self, group: str) -> Timing:
        """What to ask the server for, for the subscription of ``group``."""
        own = self.groups.get(group, GroupSettings())
        publishing_ms = own.publishing_interval_ms or self.publishing_interval_ms
        sampling_ms = own.sampling_interval_ms
        keep_alive_s = own.keep_alive_s or self.keep_alive_s
        keep_alives = max(1, math.ceil(keep_alive_s * 1_000 / publishing_ms))
        lifetime = math.ceil(self.lifetime_s * 1_000 / publishing_ms)
        return Timing(
            publishing_ms=publishing_ms,
            sampling_ms=self.sampling_interval_ms if sampling_ms is None else sampling_ms,
            queue_size=own.queue_size or self.queue_size,
            keep_alive_count=keep_alives,
            lifetime_count=max(lifetime, 3 * keep_alives),
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """What is asked of the server for one subscription; counts are in publishing intervals."""

    publishing_ms: float
    sampling_ms: float
    queue_size: int
    keep_alive_count: int
    lifetime_count: int
