"""What a templated destination needs; validated without the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from connectors.outbound.called import CalledSettings
from connectors.secret import count_given, read_secret
from connectors.template.language import Template

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$", examples=["Authorization"])]


class TemplateSettings(CalledSettings, hide_input_in_errors=True):
    """Where to, and the JSON to send.

    template_file: the template within the site's folder; or template, the text itself.
    header, with exactly one of header_value, header_value_env and header_value_file: one more
    header, e.g. Authorization. expect: what the answer's body has to contain; for receivers that
    answer 200 to what they refuse. language: of the texts that a template is given.
    """

    kind: Literal["template"]
    template: str | None = None
    template_file: Path | None = None
    header: HeaderName | None = None
    header_value: SecretStr | None = None
    header_value_env: str | None = None
    header_value_file: Path | None = None
    expect: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    language: Literal["zh", "en", "both"] = "zh"
    per_minute: Annotated[int | None, Field(ge=1, le=6_000)] = None

    @model_validator(mode="after")
    def _fits(self) -> TemplateSettings:
        given = count_given(self.template, self.template_file)
        if given != 1:
            raise ValueError(f"give one of template and template_file; {given} were given")
        given = count_given(self.header_value, self.header_value_env, self.header_value_file)
        if given != (self.header is not None):
            raise ValueError(
                "header goes with exactly one of header_value, header_value_env and "
                f"header_value_file; {given} were given"
            )
        if self.template is not None:
            self.read_template()
        return self

    def read_template(self) -> Template:
        """The checked template. ValueError says what is wrong with it."""
        if self.template_file is None:
            return Template(self.template or "")
        try:
            source = self.template_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"template {self.template_file} can't be read: {error}") from error
        try:
            return Template(source)
        except ValueError as error:
            raise ValueError(f"template {self.template_file.name}: {error}") from None

    def read_header(self) -> tuple[str, str] | None:
        """Name and value of the additional header, or None. ValueError as for the address."""
        value = read_secret(
            "header's value",
            given=self.header_value, env=self.header_value_env, file=self.header_value_file,
        )  # fmt: skip
        if self.header is None or value is None:
            return None
        if not (value.isascii() and value.isprintable()):
            raise ValueError("a header's value is printable ASCII")
        return self.header.lower(), value

    def key(self) -> bytes:
        """What has to be there before the service starts: address, header and template."""
        self.read_template()
        return super().key() + repr(self.read_header()).encode()
