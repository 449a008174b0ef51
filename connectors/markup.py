"""A told message as Markdown or plain text of a bounded size, for receivers that take little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from service.domain.language import Language
from service.runtime.notify import Message
from service.runtime.telling import Line, Telling, fitting, tell
from service.runtime.telling_words import WORDS

LANGUAGES: dict[str, tuple[Language, ...]] = {
    "en": (Language.EN,),
    "zh": (Language.ZH,),
    "both": (Language.ZH, Language.EN),
}
"""What a destination's ``language`` stands for, in the order of the text."""

_HARMLESS = str.maketrans("<>[]*`~\\", "＜＞［］＊'～＼")


@dataclass(frozen=True, slots=True)
class Markdown:
    """How one chat service writes it. newline: what ends a line. heading: before the subject;
    empty where the subject is shown elsewhere."""

    newline: str
    heading: str


def markdown(telling: Telling, dialect: Markdown) -> str:
    """``telling`` as Markdown. Names and comments can neither format, nor link, nor mention."""
    end = dialect.newline
    blocks = []
    if dialect.heading:
        blocks.append(dialect.heading + harmless(telling.subject))
    blocks.append(end.join(_marked(line, telling.language) for line in telling.lines))
    items = [f"- {harmless(item)}" for item in telling.items]
    if telling.more:
        items.append(telling.more_said)
    blocks.append(end.join(items))
    blocks.append(end.join(_marked(line, telling.language) for line in telling.closing))
    return "\n\n".join(block for block in blocks if block)


def plain_text(telling: Telling, *, subject: bool = True) -> str:
    """``telling`` without any markup."""
    colon = WORDS[telling.language]["colon"]
    blocks = [telling.subject] if subject else []
    blocks.append("\n".join(_labelled(line, colon) for line in telling.lines))
    items = [f"- {item}" for item in telling.items]
    if telling.more:
        items.append(telling.more_said)
    blocks.append("\n".join(items))
    blocks.append("\n".join(_labelled(line, colon) for line in telling.closing))
    return "\n\n".join(block for block in blocks if block)


def told(
    message: Message,
    languages: Sequence[Language],
    said: Callable[[Telling], str],
    *,
    size: Callable[[str], int],
    most: int,
) -> str:
    """``message`` in one or two ``languages``, of at most ``most`` by ``size``.

    size: of a text, such that that of two texts together is their sum. With two languages each has
    half of the room, and what one doesn't need is the other's.
    """
    tellings = [tell(message, language) for language in languages]
    if len(tellings) == 1:
        return _fitted(tellings[0], said, size=size, most=most)
    first, second = tellings
    room = most - size(BETWEEN)
    below = _fitted(second, said, size=size, most=room // 2)
    above = _fitted(first, said, size=size, most=room - size(below))
    below = _fitted(second, said, size=size, most=room - size(above))
    return above + BETWEEN + below


BETWEEN = "\n\n---\n\n"
"""Stands between two languages."""


def utf8_size(text: str) -> int:
    """Bytes of ``text`` in UTF-8."""
    return len(text.encode())


def json_size(text: str) -> int:
    """Bytes of ``text`` within JSON, its quotes not counted."""
    return len(orjson.dumps(text)) - 2


def harmless(text: str) -> str:
    """``text`` with what Markdown and mentions are made of in its full-width form, since the chat
    services document no way to escape it."""
    return text.translate(_HARMLESS)


def _fitted(
    telling: Telling, said: Callable[[Telling], str], *, size: Callable[[str], int], most: int
) -> str:
    text = fitting(telling, said, fits=lambda one: size(one) <= most)
    if text is not None:
        return text
    text = harmless(telling.subject)  # only with an address of the site beyond any use
    while size(text) > most:
        text = text[: len(text) * 3 // 4]
    return text


def _marked(line: Line, language: Language) -> str:
    text = harmless(line.text)
    if line.url:
        text = f"[{text}]({line.url.replace('(', '%28').replace(')', '%29')})"
    if not line.label:
        return text
    return f"{line.label}{WORDS[language]['colon']}{text}"


def _labelled(line: Line, colon: str) -> str:
    text = f"{line.text}{colon}{line.url}" if line.url else line.text
    return f"{line.label}{colon}{text}" if line.label else text
