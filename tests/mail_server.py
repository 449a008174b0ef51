"""A real mail server for tests: aiosmtpd, with TLS and passwords where a test wants them."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd import smtp

OK = "250 OK"
PASSWORD = "correct horse battery"


@dataclass
class MailServer:
    """port: where it listens. mails: what it took. mail_from, rcpt_to, data: what it answers, to
    each receiver by address. answers: what it answers to data one after another, before ``data``.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    greeted_by: list[str] = field(default_factory=list)
    mail_from: str = OK
    rcpt_to: dict[str, str] = field(default_factory=dict)
    data: str = OK

    async def handle_MAIL(  # noqa: N802  the library's names
        self,
        server: smtp.SMTP,
        session: smtp.Session,
        envelope: smtp.Envelope,
        address: str,
        options: list[str],
    ) -> str:
        envelope.mail_from = address
        return self.mail_from

    async def handle_RCPT(  # noqa: N802
        self,
        server: smtp.SMTP,
        session: smtp.Session,
        envelope: smtp.Envelope,
        address: str,
        options: list[str],
    ) -> str:
        answer = self.rcpt_to.get(address, OK)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        if self.data != OK:
            return self.data
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.receivers.append(envelope.rcpt_tos)
        self.encrypted.append(session.ssl is not None or server._over_tls)  # type: ignore[attr-defined]
        self.greeted_by.append(str(session.host_name))
        return OK


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, at_once: bool = False, passwords: bool = False
) -> AsyncIterator[MailServer]:
    """tls: the server's certificate; for STARTTLS, or at_once: from the first byte."""
    found = MailServer()
    links: list[asyncio.BaseTransport] = []

    class Talking(smtp.SMTP):
        _over_tls = at_once

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            links.append(transport)
            super().connection_made(transport)

    def talk() -> smtp.SMTP:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            return Talking(
                found,
                hostname="mail",
                tls_context=None if at_once else tls,
                auth_required=passwords,
                auth_require_tls=not at_once,  # it counts STARTTLS alone, and warns
                authenticator=_judged,
            )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(talk, "127.0.0.1", 0, ssl=tls if at_once else None)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for link in links:
            link.abort()  # type: ignore[attr-defined]
        for _ in range(10):  # the loop tells protocols that their links are gone
            await asyncio.sleep(0)


def _judged(
    server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope, mechanism: str, given: object
) -> smtp.AuthResult:
    login = isinstance(given, smtp.LoginPassword) and given.password == PASSWORD.encode()
    return smtp.AuthResult(success=login, handled=False)
