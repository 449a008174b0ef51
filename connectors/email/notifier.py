"""Sends messages as e-mail over SMTP, over a connection of its own for each."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiosmtplib

from connectors.email.compose import compose
from connectors.email.settings import EmailSettings
from connectors.outbound.client import Outbound, connect_s
from connectors.secret import as_it_is, at_hand
from service.runtime.clock import Clock
from service.runtime.errors import Retryable
from service.runtime.notify import Final, Message, NotifierLimits

SHOWN_CHARACTERS = 300
REMEMBERED = 100
"""Messages of which some receivers have got a mail and others have not."""
CREDENTIALS = frozenset({530, 534, 535, 538})
"""Answers about who we are (RFC 4954, 6): that can be mended, and then the same mail is taken."""
GREETINGS = (aiosmtplib.SMTPConnectResponseError, aiosmtplib.SMTPHeloError)
"""The server takes no mail at all now."""


class EmailNotifier:
    """One mail server and those who are written to."""

    limits = NotifierLimits(notices=200)

    def __init__(self, outbound: Outbound, settings: EmailSettings, *, name: str) -> None:
        self._outbound = outbound
        self._settings = settings
        self._name = name
        self._target = settings.target()
        self._taken: OrderedDict[str, frozenset[str]] = OrderedDict()
        """Who got which message, while others still have to."""
        self._secrets: tuple[str, ...] = ()
        """What the server was told last, and may answer with."""

    def preview(self, message: Message) -> str:
        """The mail that ``send`` would send, its text part readable."""
        mail = compose(message, self._settings)
        head = "\n".join(f"{name}: {value}" for name, value in mail.items())
        text = mail.get_body(("plain",))
        return f"{head}\n\n{text.get_content() if text is not None else ''}"

    async def send(self, message: Message) -> str:
        """Hands the mail over, to those who don't have it yet. Taken is what the server takes for
        at least one receiver and doesn't put off for another; the text names those whom it
        refuses. Answers 4xx are Retryable, and so is what keeps the session from beginning; other
        answers 5xx are Final (RFC 5321, 4.2.1)."""
        settings = self._settings
        try:
            async with asyncio.timeout(settings.timeout_s) as bound:
                return await self._deliver(message, bound)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = _refused(error)
            text = self._text(_said(refused))
            if any(why.code < 500 for why in refused.values()):
                raise Retryable(text) from error
            raise Final(text) from error
        except aiosmtplib.SMTPResponseException as error:
            text = self._text(f"{error.code} {error.message}")
            if error.code < 500 or error.code in CREDENTIALS or isinstance(error, GREETINGS):
                raise Retryable(text) from error
            raise Final(text) from error
        except TimeoutError as error:
            raise Retryable(self._text(f"no answer within {settings.timeout_s:g} s")) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Retryable(self._text(str(error))) from error

    async def _deliver(self, message: Message, bound: asyncio.Timeout) -> str:
        settings = self._settings
        had = self._taken.get(message.id, frozenset())
        to = [one for one in settings.to if one not in had]
        mail = await asyncio.to_thread(compose, message, settings)
        password = await as_it_is(settings.read_password, name=self._name)
        self._secrets = () if password is None else _spellings(settings.username or "", password)
        link = await self._connected(bound)
        client = aiosmtplib.SMTP(
            hostname=self._target.host,
            sock=link,
            local_hostname=_literal(link.getsockname()[0]),
            timeout=settings.timeout_s,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            tls_context=self._outbound.tls,
            username=settings.username,
            password=password,
        )
        try:
            async with client:
                try:
                    refused, answer = await client.send_message(
                        mail, sender=settings.sender, recipients=to
                    )
                except aiosmtplib.SMTPRecipientsRefused as error:
                    if not had:
                        raise
                    refused, answer = _refused(error), "taken before"
        finally:
            client.close()  # also when signing in failed; the loop closes ``link`` with it
        had |= {one for one in to if one not in refused}
        said = f"{len(had)} of {len(settings.to)} receivers: {answer}"
        if refused:
            said += f"; {_said(refused)}"
        if any(why.code < 500 for why in refused.values()):
            self._remember(message.id, had)
            raise Retryable(self._text(said))
        self._taken.pop(message.id, None)
        return self._short(said)

    def _remember(self, message_id: str, had: frozenset[str]) -> None:
        """That these have the message. Forgotten at a restart, and then they get it again."""
        self._taken[message_id] = had
        while len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)

    async def _connected(self, bound: asyncio.Timeout) -> socket.socket:
        """A connection to one of the addresses that the site allows; each gets its part of the
        time that is left, so that one that hangs leaves some for the next."""
        loop = asyncio.get_running_loop()
        failed: OSError | None = None
        found = await self._outbound.addresses_of(self._target)
        for left, address in zip(range(len(found), 0, -1), found, strict=True):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            link = socket.socket(family, socket.SOCK_STREAM)
            link.setblocking(False)
            try:
                async with asyncio.timeout(connect_s(bound, left)):
                    await loop.sock_connect(link, (address, self._target.port))
            except OSError as error:  # a TimeoutError is one
                link.close()
                failed = error
            except BaseException:
                link.close()
                raise
            else:
                return link
        if isinstance(failed, TimeoutError):
            raise Retryable(self._text("no connection in time"))
        raise Retryable(self._text(str(failed)))

    def _text(self, what: str) -> str:
        """What is said of a failure."""
        return self._short(f"{self._name}: {self._target.host}:{self._target.port}: {what}")

    def _short(self, text: str) -> str:
        text = self._target.without_secrets(text, self._secrets)
        return " ".join(text.split())[:SHOWN_CHARACTERS]


def _refused(error: aiosmtplib.SMTPRecipientsRefused) -> dict[str, aiosmtplib.SMTPResponse]:
    """Whom the server refuses, and why."""
    return {one.recipient: aiosmtplib.SMTPResponse(one.code, one.message)
            for one in error.recipients}  # fmt: skip


def _literal(address: str) -> str:
    """Our own address as a server is greeted with it (RFC 5321, 4.1.3)."""
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _said(refused: Mapping[str, aiosmtplib.SMTPResponse]) -> str:
    return "; ".join(f"{to}: {why.code} {why.message}" for to, why in refused.items())


def _spellings(username: str, password: str) -> tuple[str, ...]:
    """The password, and as LOGIN and PLAIN tell it to the server (RFC 4616)."""
    told = (password, f"\0{username}\0{password}")
    return password, *(base64.b64encode(one.encode()).decode() for one in told)


@asynccontextmanager
async def open_notifier(
    settings: EmailSettings, *, name: str, clock: Clock, outbound: Outbound
) -> AsyncIterator[EmailNotifier]:
    """The destination of ``settings``; Fatal when its password can't be had."""
    at_hand(settings.key, name=f"email {name}")
    yield EmailNotifier(outbound, settings, name=name)
