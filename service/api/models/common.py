"""What every model shares."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Something that the service says."""

    model_config = ConfigDict(frozen=True)


class Request(BaseModel):
    """Something that is asked of the service; a field that it does not know is an error."""

    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """Why a request was not granted, and what to do."""

    detail: str
