"""Passwords as argon2id hashes (RFC 9106), computed off the event loop."""

from __future__ import annotations

import asyncio
import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.runtime.identity import Unsuitable

LEAST_CHARS = 10
MOST_CHARS = 200
AT_ONCE = 2
"""Hashes computed at the same time; each takes ``memory_kib``."""


class Passwords:
    """Hashes and verifies. The defaults are RFC 9106's second recommendation with one lane."""

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65_536) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, 1)
        self._turn = asyncio.Semaphore(AT_ONCE)
        salt, digest = (
            base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, 32)
        )
        self._nobody = f"$argon2id$v=19$m={memory_kib},t={time_cost},p=1${salt}${digest}"

    async def hash(self, password: str) -> str:
        """The encoded hash of ``password``; Unsuitable when it is too short or too long."""
        if not LEAST_CHARS <= len(password) <= MOST_CHARS:
            raise Unsuitable(
                f"password: expected {LEAST_CHARS} to {MOST_CHARS} characters, "
                f"came {len(password)}; choose another"
            )
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether ``password`` belongs to ``encoded``; takes as long when there is no such
        user."""
        async with self._turn:
            return await asyncio.to_thread(self._verify, encoded or self._nobody, password)

    def outdated(self, encoded: str) -> bool:
        """Whether ``encoded`` was made with other parameters than these."""
        return self._hasher.check_needs_rehash(encoded)

    def _verify(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password[: MOST_CHARS + 1])
        except (VerificationError, InvalidHashError):
            return False
