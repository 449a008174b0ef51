"""Sends messages as JSON that a template of the site makes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from connectors.bots import worst_priority
from connectors.markup import LANGUAGES, Markdown, harmless, markdown, plain_text, told
from connectors.outbound.client import Outbound
from connectors.secret import as_it_is, at_hand
from connectors.template.language import MOST_LISTED
from connectors.template.settings import TemplateSettings
from service.domain.alarm import Priority
from service.domain.language import Language
from service.runtime.clock import Clock
from service.runtime.errors import Rejected, Retryable
from service.runtime.notify import Message, Notice, NotifierLimits
from service.runtime.telling import clock_time, figure, said_by, tell
from service.runtime.telling_words import KINDS, PHASES, PRIORITIES, in_language

TEXT_CHARACTERS = 2_800
"""Slack takes 3,000 in a block."""
DIALECT = Markdown(newline="\n", heading="")


class TemplateNotifier:
    """One destination."""

    def __init__(
        self, outbound: Outbound, settings: TemplateSettings, *, name: str, clock: Clock
    ) -> None:
        self._outbound = outbound
        self._settings = settings
        self._name = name
        self._clock = clock
        self.limits = NotifierLimits(per_minute=settings.per_minute, notices=MOST_LISTED)

    def preview(self, message: Message) -> str:
        """The JSON that ``send`` would send; raises Rejected as it does."""
        return self._render(message).decode()

    async def send(self, message: Message) -> str:
        """POSTs the JSON; taken is a 2xx, whose body holds what is expected. Rejected when the
        template gives none."""
        settings = self._settings
        target = await as_it_is(settings.target, name=self._name)
        header = await as_it_is(settings.read_header, name=self._name)
        body = await asyncio.to_thread(self._render, message)
        headers = {"content-type": "application/json", **dict([] if header is None else [header])}
        answer = await self._outbound.post(
            target,
            body,
            headers=headers,
            timeout_s=settings.timeout_s,
            secrets=() if header is None else (header[1], header[1].rpartition(" ")[2]),
        )
        answer.require_success(self._clock.now_ns())
        expect = self._settings.expect
        if expect is not None and expect not in answer.body.decode("utf-8", "replace"):
            raise Retryable(f"{self._name}: expected {expect!r} in the answer; came {answer.said}")
        return answer.said

    def _render(self, message: Message) -> bytes:
        try:
            template = self._settings.read_template()
            return template.render(context_of(message, self._settings))
        except ValueError as error:  # a TemplateError is one
            raise Rejected(f"{self._name}: the template: {error}; correct it and replay") from error


def context_of(message: Message, settings: TemplateSettings) -> dict[str, Any]:
    """What a template is given: texts, numbers, lists and tables only. Documented in the sample
    site."""
    languages = LANGUAGES[settings.language]
    language = languages[0]
    worst = worst_priority(message)
    totals = message.totals
    subject = tell(message, language).subject
    return {
        "id": message.id,
        "kind": str(message.kind),
        "at": clock_time(message.at_ns, message.site.zone),
        "site": {
            "id": message.site.id,
            "name_en": message.site.name_en,
            "name_zh": message.site.name_zh,
            "url": message.site.url,
        },
        "subject": subject,
        "title": harmless(subject),
        "text": told(
            message, languages, lambda one: plain_text(one, subject=False),
            size=len, most=TEXT_CHARACTERS,
        ),
        "markdown": told(
            message, languages, lambda one: markdown(one, DIALECT),
            size=len, most=TEXT_CHARACTERS,
        ),
        "priority": None if worst is None else worst.name.lower(),
        "priority_said": "" if worst is None else in_language(PRIORITIES[worst], language),
        "notices": [
            _notice(one, message, language) for one in message.notices[:MOST_LISTED]
        ],
        "totals": None if totals is None else {
            "notices": totals.notices,
            "alarms": totals.alarms,
            "by_priority": {
                p.name.lower(): totals.by_priority.get(p, 0) for p in Priority
            },
        },
    }  # fmt: skip


def _notice(notice: Notice, message: Message, language: Language) -> dict[str, Any]:
    return {
        "transition": notice.transition,
        "alarm": notice.alarm,
        "kind": str(notice.kind),
        "kind_said": in_language(KINDS[notice.kind], language),
        "at": clock_time(notice.at_ns, message.site.zone),
        "rule": notice.rule,
        "priority": notice.priority.name.lower(),
        "priority_number": int(notice.priority),
        "priority_said": in_language(PRIORITIES[notice.priority], language),
        "state": str(notice.state),
        "state_said": in_language(PHASES[notice.state], language),
        "asset": notice.asset,
        "stage": notice.stage,
        "tag": notice.tag,
        "value": notice.value,
        "limit": notice.limit,
        "unit": notice.unit,
        "value_said": None if notice.value is None else figure(notice.value, notice.unit, language),
        "said": said_by(notice, language),
        "by": notice.by,
        "comment": notice.comment,
        "url": notice.url,
        "stake_t": notice.stake_t,
    }


@asynccontextmanager
async def open_notifier(
    settings: TemplateSettings, *, name: str, clock: Clock, outbound: Outbound
) -> AsyncIterator[TemplateNotifier]:
    """The destination of ``settings``; Fatal when its address, header or template can't be had."""
    at_hand(settings.key, name=f"template {name}")
    yield TemplateNotifier(outbound, settings, name=name, clock=clock)
