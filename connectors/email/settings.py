"""What an e-mail destination needs; validated without the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr, model_validator

from connectors.outbound.called import LONGEST_S
from connectors.outbound.target import Target, parse_target
from connectors.secret import count_given, read_secret

PORTS = {"starttls": 587, "tls": 465, "none": 25}
Address = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,250}$",
        examples=["maintenance@example.com"],
    ),
]


class EmailSettings(BaseModel, extra="forbid", hide_input_in_errors=True):
    """A mail server and who is written to.

    tls: ``starttls`` (the connection must become encrypted), ``tls`` from the first byte, or
    ``none``. port: that of ``tls`` when left out: 587, 465 or 25. username, and exactly one of
    password, password_env and password_file; never over an unencrypted connection. sender: the
    address in From. language: ``zh``, ``en`` or ``both``. timeout_s: bound on one whole attempt,
    at most LONGEST_S.
    """

    kind: Literal["email"]
    host: Annotated[str, Field(min_length=1, examples=["mail.example.com"])]
    port: Annotated[int | None, Field(ge=1, le=65_535, examples=[587])] = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    password_env: str | None = None
    password_file: Path | None = None
    sender: Address
    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=50)]
    language: Literal["zh", "en", "both"] = "zh"
    timeout_s: float = Field(default=30.0, gt=0, le=LONGEST_S)

    @model_validator(mode="after")
    def _fits(self) -> EmailSettings:
        passwords = count_given(self.password, self.password_env, self.password_file)
        if passwords != (self.username is not None):
            raise ValueError(
                "username goes with exactly one of password, password_env and password_file; "
                f"{passwords} were given"
            )
        if self.username is not None and self.tls == "none":
            raise ValueError(
                "a password is sent over an encrypted connection only; "
                'set tls = "starttls" or "tls"'
            )
        self.target()
        return self

    def target(self) -> Target:
        """Host and port, as what is outside is checked. ValueError when ``host`` is none."""
        port = PORTS[self.tls] if self.port is None else self.port
        host = f"[{self.host}]" if ":" in self.host else self.host
        found = parse_target(f"http://{host}:{port}")
        if found.host != self.host.lower() or found.resource != "/":
            raise ValueError("expected the name or address of a host")
        return found

    def read_password(self) -> str | None:
        """The password, or None. ValueError says where it was looked for."""
        return read_secret(
            "mail server's password",
            given=self.password, env=self.password_env, file=self.password_file,
        )  # fmt: skip

    def key(self) -> bytes:
        """What has to be there before the service starts: the password, if any."""
        return (self.read_password() or "").encode()
