"""Secrets of settings: given as they are, by an environment variable, or in a file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from service.runtime.errors import Fatal, Retryable

Read = TypeVar("Read")


def count_given(*given: object) -> int:
    """How many of these settings were given."""
    return sum(value is not None for value in given)


def read_secret(
    what: str, *, given: SecretStr | None, env: str | None, file: Path | None
) -> str | None:
    """The secret without spaces around it, or None when none of the three is given. ValueError says
    where it was looked for, and never shows it."""
    if given is not None:
        return given.get_secret_value().strip()
    if env is not None:
        text = os.environ.get(env, "").strip()
        if not text:
            raise ValueError(f"environment variable {env} is not set; set it to the {what}")
        return text
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{what} file {file} can't be read: {error}") from error
        if not text:
            raise ValueError(f"{what} file {file} is empty; write the {what} into it")
        return text
    return None


async def as_it_is(read: Callable[[], Read], *, name: str) -> Read:
    """What ``read`` finds now, so that a secret may be changed while messages wait for it.
    Retryable when it finds none: somebody is changing it, or has to."""
    try:
        return await asyncio.to_thread(read)
    except ValueError as error:
        raise Retryable(f"{name}: not sent: {error}") from error


def at_hand(read: Callable[[], object], *, name: str) -> None:
    """Fatal when what ``read`` looks for can't be had at the start."""
    try:
        read()
    except ValueError as error:
        raise Fatal(f"{name}: {error}") from error
