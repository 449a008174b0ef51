"""A message as an e-mail: text and HTML, the same bytes on every attempt."""

from __future__ import annotations

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from connectors.bots import worst_priority
from connectors.email.settings import EmailSettings
from connectors.markup import LANGUAGES, plain_text, told, utf8_size
from service.domain.alarm import Priority
from service.domain.instants import to_datetime
from service.domain.language import Language
from service.runtime.notify import Message
from service.runtime.telling import Line, Telling, tell
from service.runtime.telling_words import WORDS

PART_BYTES = 200_000
"""Of each of the two parts; mail servers take megabytes, people don't."""
THREADS = 20
"""Alarms that one message refers to, so that its headers stay short."""
IMPORTANCE = {Priority.CRITICAL: ("1", "high"), Priority.HIGH: ("2", "high")}


def compose(message: Message, settings: EmailSettings) -> EmailMessage:
    """The mail. Its Message-ID comes from the message's, so a retry is known as such; mails about
    one alarm refer to one id, so that mail programs show them as one conversation (RFC 5322,
    3.6.4)."""
    languages = LANGUAGES[settings.language]
    local, _, domain = settings.sender.rpartition("@")
    mail = EmailMessage(policy=SMTP.clone(max_line_length=200))
    mail["From"] = Address(message.site.name_en, local, domain)
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = tell(message, languages[0]).shortened(0, longest=150).subject
    mail["Date"] = format_datetime(to_datetime(message.at_ns))
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    alarms = list(dict.fromkeys(one.alarm for one in message.notices))
    threads = [f"<alarm.{alarm}@{domain}>" for alarm in alarms[:THREADS]]
    if threads:
        mail["References"] = " ".join(threads)
    if len(alarms) == 1:
        mail["In-Reply-To"] = threads[0]
    mail["Auto-Submitted"] = "auto-generated"
    worst = worst_priority(message)
    if worst in IMPORTANCE:
        mail["X-Priority"], mail["Importance"] = IMPORTANCE[worst]
    text = told(
        message,
        languages,
        lambda telling: plain_text(telling, subject=False),
        size=utf8_size,
        most=PART_BYTES,
    )
    mail.set_content(text + "\n", cte="base64")
    mail.add_alternative(_page(message, languages), subtype="html", cte="base64")
    mail.set_boundary(f"={message.id}")
    return mail


def _page(message: Message, languages: Sequence[Language]) -> str:
    body = told(message, languages, _section, size=utf8_size, most=PART_BYTES)
    lang = "en" if languages[0] is Language.EN else "zh-CN"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"></head>'
        f'<body style="font-family:sans-serif;line-height:1.4">{body}</body></html>\n'
    )


def _section(telling: Telling) -> str:
    """One language. Everything is escaped; styles stand inline, since mail programs drop others."""
    items = "".join(f"<li>{escape(item)}</li>" for item in telling.items)
    if telling.more:
        items += f"<li>{escape(telling.more_said)}</li>"
    return (
        f'<h2 style="font-size:1.1em">{escape(telling.subject)}</h2>'
        + _table(telling.lines, telling.language)
        + (f"<ul>{items}</ul>" if items else "")
        + _table(telling.closing, telling.language)
    )


def _table(lines: Sequence[Line], language: Language) -> str:
    colon = WORDS[language]["colon"].strip()
    rows = ""
    for line in lines:
        text = escape(line.text)
        if line.url:
            text = f'<a href="{escape(line.url)}">{text}</a>'
        if line.label:
            rows += (
                '<tr><th style="text-align:left;vertical-align:top;padding-right:1em;'
                f'font-weight:normal">{escape(line.label)}{colon}</th><td>{text}</td></tr>'
            )
        else:
            rows += f'<tr><td colspan="2">{text}</td></tr>'
    return f"<table>{rows}</table>" if rows else ""
