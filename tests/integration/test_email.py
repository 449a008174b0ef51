"""E-mail against a real SMTP server: encryption, passwords, refusals, and mails that thread."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.email.notifier import EmailNotifier, open_notifier
from connectors.email.settings import EmailSettings
from connectors.outbound.client import open_outbound
from connectors.outbound.settings import OutboundSettings
from connectors.registry import Port, kinds
from service.domain.alarm import Priority, TransitionKind
from service.runtime.attempting import MOST_S
from service.runtime.clock import FakeClock
from service.runtime.errors import Rejected, Retryable
from service.runtime.notification import message_of
from service.runtime.notify import Final, Message
from tests.http_servers import certificate
from tests.mail_server import PASSWORD, MailServer, mail_server
from tests.notices import AT_NS, notice
from tests.runtime.test_telling import RAISED, RETURNED, SHANGHAI
from tests.ways_out import Names

ALARM = message_of(SHANGHAI, [RAISED])
BASE: dict[str, Any] = {
    "kind": "email", "host": "127.0.0.1", "sender": "anodewatch@plant.example",
    "to": ["crew@plant.example", "boss@plant.example"],
}  # fmt: skip
SIGNED_IN: dict[str, Any] = {"username": "anodewatch", "password": PASSWORD}


@asynccontextmanager
async def mailer(
    server: MailServer,
    *,
    ca_file: Path | None = None,
    resolve: Names | None = None,
    **more: Any,
) -> AsyncIterator[EmailNotifier]:
    settings = EmailSettings.model_validate({**BASE, "port": server.port, "timeout_s": 5, **more})
    allowed = OutboundSettings(networks=("127.0.0.0/8",), ca_file=ca_file)
    outbound = open_outbound(allowed, resolve=resolve)
    async with open_notifier(
        settings, name="crew", clock=FakeClock(AT_NS), outbound=outbound
    ) as one:
        yield one


async def sent(message: Message, **more: Any) -> MailServer:
    async with mail_server() as server, mailer(server, tls="none", **more) as one:
        await one.send(message)
        return server


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_password_goes_over_an_encrypted_connection(tmp_path: Path, tls: str) -> None:
    ca_file, context = certificate(tmp_path, "127.0.0.1")
    async with (
        mail_server(tls=context, at_once=tls == "tls", passwords=True) as server,
        mailer(server, ca_file=ca_file, tls=tls, **SIGNED_IN) as one,
    ):
        said = await one.send(ALARM)
    assert said == "2 of 2 receivers: OK"
    assert server.encrypted == [True]
    assert server.receivers == [BASE["to"]]
    assert server.greeted_by == ["[127.0.0.1]"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    tmp_path: Path, tls: str
) -> None:
    _, context = certificate(tmp_path, "127.0.0.1")
    async with (
        mail_server(tls=context, at_once=tls == "tls", passwords=True) as server,
        mailer(server, tls=tls, **SIGNED_IN) as one,
    ):
        with pytest.raises(Retryable, match="certificate") as caught:
            await one.send(ALARM)
    assert server.mails == []
    assert PASSWORD not in repr(caught.value)


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    ca_file, context = certificate(tmp_path, "other.example")
    async with (
        mail_server(tls=context) as server,
        mailer(server, ca_file=ca_file) as one,
    ):
        with pytest.raises(Retryable, match="certificate"):
            await one.send(ALARM)


async def test_without_starttls_nothing_is_sent(tmp_path: Path) -> None:
    async with mail_server() as server, mailer(server) as one:
        with pytest.raises(Retryable, match="STARTTLS"):
            await one.send(ALARM)
    assert server.mails == []


async def test_a_wrong_password_can_be_mended_so_it_is_retried(tmp_path: Path) -> None:
    ca_file, context = certificate(tmp_path, "127.0.0.1")
    wrong = {**SIGNED_IN, "password": "hunter2-hunter2"}
    async with (
        mail_server(tls=context, passwords=True) as server,
        mailer(server, ca_file=ca_file, **wrong) as one,
    ):
        with pytest.raises(Retryable, match="535") as caught:
            await one.send(ALARM)
    assert "hunter2" not in repr(caught.value)


REFUSALS = [
    # what the server answers to: sender, receivers, content
    ("data", "451 later", Retryable), ("data", "552 too large", Final),
    ("data", "554 looks like spam", Final), ("mail_from", "450 greylisted", Retryable),
    ("mail_from", "553 not your address", Final), ("mail_from", "554 not yours", Final),
    ("mail_from", "530 sign in first", Retryable),
]  # fmt: skip


@pytest.mark.parametrize(("where", "answer", "error"), REFUSALS)
async def test_4xx_is_retried_and_5xx_is_not(
    where: str, answer: str, error: type[Exception]
) -> None:
    async with mail_server() as server, mailer(server, tls="none") as one:
        setattr(server, where, answer)
        with pytest.raises(error, match=answer) as caught:
            await one.send(ALARM)
        assert type(caught.value) is error
        setattr(server, where, "250 OK")
        await one.send(ALARM)  # the next session is a new one
    assert len(server.mails) == 1


@pytest.mark.parametrize("greeting", ["554 no service here", "421 too busy"])
async def test_a_server_that_takes_nothing_now_is_asked_again(greeting: str) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{greeting}\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with mailer(MailServer(port=port), tls="none") as one:
            with pytest.raises(Retryable, match=greeting):
                await one.send(ALARM)


async def test_whom_the_server_refuses_is_named_and_the_others_get_it() -> None:
    async with mail_server() as server, mailer(server, tls="none") as one:
        server.rcpt_to = {"boss@plant.example": "550 no such user"}
        said = await one.send(ALARM)
        assert said == "1 of 2 receivers: OK; boss@plant.example: 550 no such user"
        assert server.receivers == [["crew@plant.example"]]

        server.rcpt_to["crew@plant.example"] = "451 mailbox busy"
        with pytest.raises(Retryable, match="451 mailbox busy"):
            await one.send(ALARM)
        server.rcpt_to["crew@plant.example"] = "550 no such user"
        with pytest.raises(Final, match=r"crew@plant\.example: 550"):
            await one.send(ALARM)


async def test_whoever_is_put_off_gets_it_later_and_the_others_not_again() -> None:
    """Greylisting, for one: the server's answer differs by receiver."""
    async with mail_server() as server, mailer(server, tls="none") as one:
        server.rcpt_to = {"boss@plant.example": "451 4.7.1 greylisted"}
        for said in ("1 of 2 receivers: OK", "1 of 2 receivers: taken before"):
            with pytest.raises(Retryable, match=rf"{said}; boss@plant\.example: 451"):
                await one.send(ALARM)
            server.rcpt_to["crew@plant.example"] = "550 never asked again"
        server.rcpt_to.pop("boss@plant.example")
        assert await one.send(ALARM) == "2 of 2 receivers: OK"
    assert server.receivers == [["crew@plant.example"], ["boss@plant.example"]]


async def test_whoever_is_put_off_and_then_refused_is_named() -> None:
    async with mail_server() as server, mailer(server, tls="none") as one:
        server.rcpt_to = {"boss@plant.example": "451 greylisted"}
        with pytest.raises(Retryable):
            await one.send(ALARM)
        server.rcpt_to = {"boss@plant.example": "550 no such user"}
        said = await one.send(ALARM)
    assert said == "1 of 2 receivers: taken before; boss@plant.example: 550 no such user"


async def test_mails_about_one_alarm_are_one_conversation() -> None:
    async with mail_server() as server, mailer(server, tls="none") as one:
        for message in (ALARM, ALARM, message_of(SHANGHAI, [RETURNED])):
            await one.send(message)
        await one.send(message_of(SHANGHAI, [notice("t9", "another")]))
    first, again, returned, other = server.mails
    assert first["Message-ID"] == again["Message-ID"] == f"<{ALARM.id}@plant.example>"
    assert first.as_bytes() == again.as_bytes()
    assert returned["Message-ID"] != first["Message-ID"]
    assert returned["In-Reply-To"] == first["In-Reply-To"] == "<alarm.a@plant.example>"
    assert returned["References"] == first["References"]
    assert other["References"] == "<alarm.another@plant.example>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Date"] == "Thu, 28 May 2026 20:26:40 +0000"


async def test_a_mail_has_text_and_html_that_say_the_same() -> None:
    (mail,) = (await sent(ALARM, language="both")).mails
    assert mail["Subject"] == "!! 2 高 · 发生：CB-L07B 12区高于高高限"
    assert mail["From"] == "Site <anodewatch@plant.example>"
    assert mail["To"] == "crew@plant.example, boss@plant.example"
    assert (mail["X-Priority"], mail["Importance"]) == ("2", "high")
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    for said in ("切换到备用热电偶", "Switch to the second thermocouple", "Respond within",
                 "2026-05-29 04:26:40+08:00", "1,190 °C", "http://x/#/alarms/a"):  # fmt: skip
        assert said in text.get_content()
        assert said in page.get_content()
    assert '<a href="http://x/#/alarms/a">' in page.get_content()
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


async def test_what_is_not_urgent_is_not_marked_so() -> None:
    (mail,) = (await sent(message_of(SHANGHAI, [notice(priority=Priority.LOW)]))).mails
    assert mail["X-Priority"] is None


async def test_no_line_and_no_header_is_longer_than_a_server_takes() -> None:
    """RFC 5322 and 5321: 998 and 1,000 octets with the end of the line."""
    steps = [
        notice(f"t{n}", kind=TransitionKind.RAISED, message_zh="窑" * 2_000, comment="x" * 5_000)
        for n in range(50)
    ]
    (mail,) = (await sent(message_of(SHANGHAI, steps))).mails
    assert max(len(line) for line in mail.as_bytes().splitlines()) <= 998
    text = mail.get_body(("plain",))
    assert text is not None
    assert "窑" * 100 in text.get_content()


async def test_hosts_that_the_site_does_not_list_are_not_called() -> None:
    async with mail_server() as server:
        settings = EmailSettings.model_validate({**BASE, "port": server.port, "tls": "none"})
        outbound = open_outbound(
            OutboundSettings(networks=("127.0.0.0/8",), hosts=("mail.plant.example",))
        )
        async with open_notifier(
            settings, name="crew", clock=FakeClock(AT_NS), outbound=outbound
        ) as one:
            with pytest.raises(Rejected, match="not among"):
                await one.send(ALARM)
    assert server.mails == []


async def test_a_name_is_resolved_once_and_its_address_is_checked() -> None:
    async with mail_server() as server:
        asked: list[str] = []

        async def resolve(host: str, port: int) -> list[str]:
            asked.append(f"{host}:{port}")
            return ["10.1.2.3", "127.0.0.1"]

        settings = EmailSettings.model_validate(
            {**BASE, "host": "mail.plant.example", "port": server.port, "tls": "none"}
        )
        outbound = open_outbound(OutboundSettings(networks=("127.0.0.0/8",)), resolve=resolve)
        async with open_notifier(
            settings, name="crew", clock=FakeClock(AT_NS), outbound=outbound
        ) as one:
            await one.send(ALARM)
    assert asked == [f"mail.plant.example:{server.port}"]
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tls": "none", **SIGNED_IN}, "encrypted connection only"),
        ({"username": "x"}, "username goes with exactly one"),
        ({"password": PASSWORD}, "username goes with exactly one"),
        ({"sender": "Anode <a@b.example>"}, "sender"),
        ({"to": []}, "to"),
        ({"to": ["a@b.example\r\nBcc: c@d.example"]}, "to"),
        ({"host": "mail.plant.example/x"}, "host"),
        ({"host": "user@mail.plant.example"}, "user"),
        ({"port": 0}, "port"),
    ],
)
def test_settings_that_do_not_fit(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        EmailSettings.model_validate({**BASE, **more})
    assert PASSWORD not in str(caught.value)


async def test_an_address_that_hangs_leaves_time_for_the_next() -> None:
    async with mail_server() as server:
        with socket.socket() as full, socket.socket() as waiting:
            full.bind(("127.0.0.2", server.port))
            full.listen(0)
            waiting.connect(full.getsockname())  # its queue is full; who comes now hears nothing
            names = Names(["127.0.0.2", "127.0.0.1"])
            host: dict[str, Any] = {"host": "mail.example", "timeout_s": 2}
            async with mailer(server, resolve=names, tls="none", **host) as one:
                assert await one.send(ALARM) == "2 of 2 receivers: OK"
    assert len(server.mails) == 1


async def test_a_password_that_the_server_repeats_is_not_kept(tmp_path: Path) -> None:
    ca_file, context = certificate(tmp_path, "127.0.0.1")
    plain = base64.b64encode(f"\0anodewatch\0{PASSWORD}".encode()).decode()
    async with (
        mail_server(tls=context, passwords=True) as server,
        mailer(server, ca_file=ca_file, **SIGNED_IN) as one,
    ):
        server.data = f"554 after AUTH PLAIN {plain} with {PASSWORD}"
        with pytest.raises(Rejected, match="after AUTH PLAIN … with …") as caught:
            await one.send(ALARM)
        server.data = "250 OK"
        server.rcpt_to = {"boss@plant.example": f"550 {PASSWORD}"}
        assert "boss@plant.example: 550 …" in await one.send(ALARM)
    assert PASSWORD not in str(caught.value)


def test_an_attempt_is_shorter_than_what_the_courier_gives_it() -> None:
    for connector in kinds(Port.NOTIFIER).values():
        field = connector.settings.model_fields["timeout_s"]
        assert min(one.le for one in field.metadata if hasattr(one, "le")) < MOST_S
    with pytest.raises(ValidationError, match="less than or equal to 120"):
        EmailSettings.model_validate({**BASE, "timeout_s": 121})
