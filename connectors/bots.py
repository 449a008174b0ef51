"""What the bots of chat services share: an address that is a secret, and a code in the answer's
body that alone says whether the message was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import orjson
from pydantic import SecretStr, model_validator

from connectors.outbound.answer import Answer
from connectors.outbound.called import CalledSettings
from connectors.secret import count_given, read_secret
from service.domain.alarm import Priority, TransitionKind
from service.runtime.errors import Retryable
from service.runtime.notify import Final, Gone, Message

SHOWN_CHARACTERS = 200
PER_MINUTE = 18
"""Messages, of the 20 a minute that WeCom and DingTalk take: their minute and ours differ by the
network's delays, and DingTalk silences for ten minutes whoever is too fast."""


class BotSettings(CalledSettings, hide_input_in_errors=True):
    """A bot of a group chat.

    Who knows its address can write to the group, so it is a secret. language: ``zh``, ``en`` or
    ``both``. mention_priority: the least urgent alarm that calls people by name.
    """

    language: Literal["zh", "en", "both"] = "zh"
    mention_priority: Literal["critical", "high", "medium", "low"] = "high"


class SignedBotSettings(BotSettings):
    """A bot that checks a signature.

    secret, secret_env, secret_file: its signing secret, at most one of the three; none when the bot
    checks keywords or addresses instead ("Anodewatch" stands in every message).
    """

    secret: SecretStr | None = None
    secret_env: str | None = None
    secret_file: Path | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> SignedBotSettings:
        given = count_given(self.secret, self.secret_env, self.secret_file)
        if given > 1:
            raise ValueError(
                f"give only one of secret, secret_env and secret_file; {given} were given"
            )
        return self

    def signing_secret(self) -> str | None:
        """The secret, or None. ValueError says where it was looked for."""
        return read_secret(
            "bot's signing secret", given=self.secret, env=self.secret_env, file=self.secret_file
        )

    def key(self) -> bytes:
        """What has to be there before the service starts: the address, and the secret if any."""
        return super().key() + (self.signing_secret() or "").encode()


class Verdict(StrEnum):
    """What a code of the receiver means for the message."""

    RETRY = "retry"
    """Busy, too fast, or refused for a reason that can be mended there: the same message can still
    be taken."""
    REFUSED = "refused"
    """This message will never be taken."""
    GONE = "gone"
    """The group or the bot is no more."""


@dataclass(frozen=True, slots=True)
class Code:
    """after_s: how long to wait at least before the next attempt."""

    verdict: Verdict
    meaning: str
    after_s: float | None = None


def judge(
    answer: Answer,
    *,
    name: str,
    keys: tuple[str, ...],
    codes: Mapping[int, Code],
    now_ns: int,
) -> str:
    """A short text of an answer that takes the message; raises what its code means otherwise.

    keys: where in the JSON body the code is; the first that is there counts. A code that is not
    among ``codes`` is Retryable: it may be new, and a retry loses nothing. So is a 2xx without a
    code: it doesn't come from the chat service.
    """
    code, said = _code_of(answer, keys)
    known = codes.get(code) if code is not None else None
    if known is None or code == 0:
        answer.require_success(now_ns)
    if code == 0:
        return "code 0"
    if code is None:
        raise Retryable(f"{name}: {answer.said}, which has no {keys[0]}; is the address right?")
    text = f"{name}: {keys[0]} {code}: {said}"
    if known is None:
        raise Retryable(text)
    text = f"{name}: {keys[0]} {code}, {known.meaning}: {said}"
    match known.verdict:
        case Verdict.RETRY:
            raise Retryable(text, retry_after_s=known.after_s)
        case Verdict.REFUSED:
            raise Final(text)
        case Verdict.GONE:
            raise Gone(text)


def calls_people(message: Message, settings: BotSettings) -> bool:
    """Whether people are called by name: for a step that wants somebody, urgent enough."""
    least = Priority[settings.mention_priority.upper()]
    return any(one.kind in CALLING and one.priority <= least for one in message.notices)


def worst_priority(message: Message) -> Priority | None:
    """The most urgent priority that the message stands for; None of a test or a sign of life."""
    if message.totals is not None:
        return min((p for p, n in message.totals.by_priority.items() if n), default=None)
    return min((one.priority for one in message.notices), default=None)


CALLING = frozenset({TransitionKind.RAISED, TransitionKind.RERAISED, TransitionKind.ESCALATED})
"""Steps that want somebody."""


def _code_of(answer: Answer, keys: tuple[str, ...]) -> tuple[int | None, str]:
    """The code and what goes with it, without what may be secret."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None, ""
    if not isinstance(body, dict):
        return None, ""
    code = next((body[key] for key in keys if key in body), None)
    text = str(body.get("errmsg") or body.get("msg") or body.get("StatusMessage") or "")
    text = " ".join(answer.without_secrets(text).split())[:SHOWN_CHARACTERS]
    return (code if isinstance(code, int) and not isinstance(code, bool) else None), text
