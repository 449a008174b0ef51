"""The port through which people are told, and what they are told.

A connector that tells people implements ``Notifier``: it renders a ``Message`` for its receiver,
hands it over once, and says how that went. Queues, order, retries, rate limits, circuits, dead
letters and the log are the engine's (``service.runtime.deliver``), so an adapter stays thin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.handling import Guidance
from service.runtime.errors import Rejected

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class SiteName:
    """Who is speaking. url: where people open the dashboard; empty when nobody said. zone: in which
    people read times."""

    id: str
    name_en: str
    name_zh: str
    url: str
    zone: ZoneInfo = UTC


@dataclass(frozen=True, slots=True)
class Notice:
    """One transition of one alarm, as it is told.

    transition: its id, by which a receiver knows a repeat. state: the alarm's after it. at_ns:
    event time. value and limit in ``unit``, None where there is none. by: the person, where a
    person did it. guidance: of the alarm's rule, where it has one. url: where the alarm can be
    looked at; empty when the site has no address. stake_t: finished tonnes that a day of it costs
    the plant, where that is known. root: the alarm to which it belongs; itself when
    it is the first.
    """

    transition: str
    kind: TransitionKind
    at_ns: int
    alarm: str
    definition: str
    rule: str
    rule_kind: str
    priority: Priority
    state: Phase
    asset: str
    stage: str | None
    tag: str | None
    value: float | None
    limit: float | None
    unit: str
    message_en: str
    message_zh: str
    by: str | None = None
    comment: str | None = None
    guidance: Guidance | None = None
    url: str = ""
    root: str | None = None
    stake_t: float | None = None


class MessageKind(StrEnum):
    ALARM = "alarm"
    """Notices of one alarm, oldest first; the last says how it stands."""
    DIGEST = "digest"
    """Notices of many alarms: the most urgent are listed, ``totals`` count all."""
    TEST = "test"
    """An administrator asks whether the destination works; no notices."""
    HEARTBEAT = "heartbeat"
    """The service lives; no notices."""


@dataclass(frozen=True, slots=True)
class Root:
    """An alarm to which several of a digest belong. notice: its own, or where that is in another
    message, of the first that belongs to it. alarms: how many, itself included."""

    alarm: str
    notice: Notice
    alarms: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a digest stands for, listed in it or not. Each mapping's values sum up to ``notices``.

    alarms: different alarms among them. by_stage: "" for alarms of no stage. roots: those to which
    most belong, the greatest first; none where each stands for itself.
    """

    notices: int
    alarms: int
    by_kind: Mapping[TransitionKind, int]
    by_priority: Mapping[Priority, int]
    by_stage: Mapping[str, int]
    first_ns: int
    last_ns: int
    roots: tuple[Root, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell one destination.

    id: a hash of the transitions it stands for, so it is the same on every attempt with the same
    content. When another transition of the alarm is merged in, it is another message that still
    lists those before. at_ns: of the newest notice; of a test or a heartbeat when it was made.
    """

    id: str
    kind: MessageKind
    site: SiteName
    at_ns: int
    notices: tuple[Notice, ...] = ()
    totals: Totals | None = None


class Gone(Rejected):
    """The receiver is no more, and says so (HTTP 410): nothing is sent there until an
    administrator enables the destination again."""


class Final(Rejected):
    """The receiver will never take this message as it is (too long, improper words): it becomes a
    dead letter at once, for the next attempt would be answered the same."""


@dataclass(frozen=True, slots=True)
class NotifierLimits:
    """What a receiver takes. per_minute: messages within any 60 s, None when it has no limit.
    notices: how many notices one message may list. apart_s: seconds from one message to the next,
    at least."""

    per_minute: int | None = None
    notices: int = 50
    apart_s: float = 0.0


class Notifier(Protocol):
    """One destination.

    ``send`` is called by one task at a time, so an adapter needs no lock. What an adapter must do:

    - Render the message itself, of all four kinds: ``alarm`` with all its notices in order (one
      message may hold raised and returned); ``digest`` with its totals and the notices that it
      lists; ``test`` and ``heartbeat``, which have none. A digest that says less than its totals is
      wrong.
    - Render the same bytes for the same message, so that a retry repeats the content. Only what
      proves freshness (a signature's time) may differ. Where the receiver's protocol has an
      idempotency key, it is ``message.id``.
    - Try exactly once. No retries, no sleeping, no queue of its own, no rate limiter: the engine
      keeps ``limits`` and retries with the same message.
    - Return only when the receiver's own answer says that it has the message: a body code that says
      no (errcode ≠ 0 under HTTP 200) is no success. The text is kept in the delivery log, so it is
      short and holds no secret.
    - Raise nothing but ``Retryable`` (time-out, refused, TLS, 408, 425, 429, 5xx, a body code that
      says busy), with ``retry_after_s`` when the receiver named a time (Retry-After in seconds or
      as an HTTP date); ``Gone`` for 410; ``Rejected`` for everything else (other 4xx, a redirect,
      which is never followed), which is tried again, since a secret or a path can be mended;
      ``Final`` for what is sure to be refused again, as the receiver's own table of codes has it.
      The error's text names the destination and what came, without URL secrets, tokens or keys.
    - Be bounded: in time (settings.timeout_s over the whole attempt, a dripping answer included)
      and in the bytes read of the answer.
    - Let CancelledError through.

    Connectors of this port open with ``open_notifier(settings, *, name, clock, outbound)``, an
    async context manager that yields the notifier, touches no network, and raises Fatal when a
    secret can't be had. ``outbound`` is the one guarded way out
    (``connectors.outbound.client.Outbound``); nothing is sent in another way.
    """

    @property
    def limits(self) -> NotifierLimits:
        """What the receiver takes; the same at every call. A class attribute will do."""
        ...

    async def send(self, message: Message) -> str:
        """Hands ``message`` over once and returns a short text of the receiver's answer."""
        ...

    def preview(self, message: Message) -> str:
        """What ``send`` would hand over, without secrets and signatures, and without sending it.
        Rejected when there is nothing that could be sent."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where notifications go. least_urgent: the lowest priority that is still sent. kind: of its
    connector.

    fallback: the destination that is told as well of what could not be delivered here for
    ``fallback_after_s``; None when there is none.
    """

    name: str
    notifier: Notifier
    least_urgent: Priority = Priority.LOW
    fallback: str | None = None
    fallback_after_s: float = 600.0
    kind: str = ""
