"""What was told to whom, how destinations stand, and what people do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from service.domain.alarm import AlarmDefinition, Priority
from service.domain.circuit import CircuitState, shown
from service.runtime.clock import Clock
from service.runtime.courier import Courier
from service.runtime.deliver import Attempt, Outcome, RowState
from service.runtime.notify import Message, MessageKind, Notice, SiteName
from service.runtime.samples import GENERIC, Sample, sample_message


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One transition that one destination is told of.

    message: id of the message that last told it, None before the first attempt. next_attempt_ns:
    None unless it is pending. answer: of the last attempt. handed_ns: when another destination was
    given it as well.
    """

    id: int
    destination: str
    notice: Notice
    message: str | None
    state: RowState
    attempts: int
    next_attempt_ns: int | None
    answer: str | None
    created_ns: int
    delivered_ns: int | None
    handed_ns: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are looked for; None: whatever. before: only ids below."""

    state: RowState | None = None
    destination: str | None = None
    alarm: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead letters are meant: ``ids``, or all of ``destination``, or all (both None)."""

    ids: tuple[int, ...] | None = None
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """A line of the delivery log."""

    id: int
    attempt: Attempt


class Deliveries(Protocol):
    """What was told to whom. Called concurrently; raises Retryable when the state is busy."""

    async def deliveries(self, wanted: Wanted, *, limit: int) -> Sequence[DeliveryView]:
        """The newest ``limit`` of those ``wanted``, newest first."""
        ...

    async def delivery(
        self, delivery_id: int
    ) -> tuple[DeliveryView, Sequence[LoggedAttempt]] | None:
        """One with the attempts that told its alarm, or its message, there, newest first; None when
        there is no such delivery."""
        ...

    async def attempts(
        self, *, destination: str | None, before: int | None, limit: int
    ) -> Sequence[LoggedAttempt]:
        """The delivery log, newest first; before: only ids below."""
        ...


class DeadLetters(Protocol):
    """What people change of the outbox, each with its audit row. Raises Retryable when the state
    can't be written, and then nothing has changed."""

    async def replay(
        self, chosen: Chosen, known: Sequence[str], *, now_ns: int, by: str
    ) -> Mapping[str, int]:
        """Has dead letters tried anew, those of ``known`` destinations; how many of each."""
        ...

    async def dismiss(self, chosen: Chosen, *, now_ns: int, by: str) -> int:
        """Marks dead letters as seen: they stay visible, and count no more; how many."""
        ...

    async def enable(self, destination: str, *, now_ns: int, by: str) -> None:
        """Lets a destination be tried at once, whatever its circuit says."""
        ...

    async def tested(self, attempt: Attempt, *, now_ns: int, by: str) -> None:
        """Notes who sent a test message."""
        ...


@dataclass(frozen=True, slots=True)
class DestinationView:
    """How one destination stands.

    state: its circuit, with since when it is not closed or fails, how often in a row, the last
    error and the instant before which nothing is sent. pending, dead: notices in its queue.
    """

    name: str
    kind: str
    least_urgent: Priority
    state: CircuitState
    since_ns: int | None
    failures: int
    error: str | None
    not_before_ns: int | None
    last_success_ns: int | None
    pending: int
    dead: int
    oldest_ns: int | None
    per_minute: int | None
    fallback: str | None
    fallback_after_s: float
    counters: Mapping[Outcome, int]


class NoSuchDestination(Exception):
    """The site has no destination of that name."""


class DeliveryDesk:
    """Where people act on deliveries, and see how destinations stand."""

    def __init__(
        self,
        couriers: Mapping[str, Courier],
        letters: DeadLetters,
        site: SiteName,
        clock: Clock,
        *,
        example: AlarmDefinition = GENERIC,
    ) -> None:
        """example: the alarm that previews are about."""
        self._couriers = couriers
        self._letters = letters
        self._site = site
        self._clock = clock
        self._example = example

    def destinations(self) -> Sequence[DestinationView]:
        """All of them, in the site's order; does not block."""
        return [self._view(one) for one in self._couriers.values()]

    async def test(self, name: str, *, by: str) -> Attempt:
        """Sends a test message to destination ``name`` at once, past its queue and circuit; the
        attempt says how it went. NoSuchDestination; Retryable when its limit is reached."""
        courier = self._courier(name)
        now_ns = self._clock.now_ns()
        message = Message(f"test_{uuid4().hex}", MessageKind.TEST, self._site, now_ns)
        attempt = await courier.tell(message)
        await self._letters.tested(attempt, now_ns=now_ns, by=by)
        return attempt

    def preview(self, name: str, sample: Sample) -> str:
        """What destination ``name`` would be told, without sending it. NoSuchDestination; Rejected
        when it would be told nothing, and why."""
        notifier = self._courier(name).destination.notifier
        now_ns = self._clock.now_ns()
        return notifier.preview(sample_message(sample, self._site, now_ns, example=self._example))

    async def enable(self, name: str, *, by: str) -> DestinationView:
        """Lets destination ``name`` be tried at once, whatever its circuit says."""
        courier = self._courier(name)
        await self._letters.enable(name, now_ns=self._clock.now_ns(), by=by)
        courier.enable()
        return self._view(courier)

    async def replay(self, chosen: Chosen, *, by: str) -> int:
        """Has dead letters tried anew; how many. NoSuchDestination."""
        if chosen.destination is not None:
            self._courier(chosen.destination)
        replayed = await self._letters.replay(
            chosen, list(self._couriers), now_ns=self._clock.now_ns(), by=by
        )
        for name in replayed:
            self._couriers[name].call()
        return sum(replayed.values())

    async def dismiss(self, chosen: Chosen, *, by: str) -> int:
        """Marks dead letters as seen; how many."""
        done = await self._letters.dismiss(chosen, now_ns=self._clock.now_ns(), by=by)
        for courier in self._couriers.values():
            courier.call()
        return done

    def _courier(self, name: str) -> Courier:
        if name not in self._couriers:
            known = ", ".join(self._couriers) or "none"
            raise NoSuchDestination(
                f"there is no destination {name[:60]!r}; the site's [[notifications]] are: {known}"
            )
        return self._couriers[name]

    def _view(self, courier: Courier) -> DestinationView:
        one, circuit, waiting = courier.destination, courier.circuit, courier.waiting
        return DestinationView(
            name=one.name,
            kind=one.kind,
            least_urgent=one.least_urgent,
            state=shown(circuit, self._clock.now_ns()),
            since_ns=circuit.since_ns,
            failures=circuit.failures,
            error=circuit.error,
            not_before_ns=circuit.not_before_ns,
            last_success_ns=courier.last_success_ns,
            pending=waiting.pending,
            dead=waiting.dead,
            oldest_ns=waiting.oldest_ns,
            per_minute=one.notifier.limits.per_minute,
            fallback=one.fallback,
            fallback_after_s=one.fallback_after_s,
            counters=dict(courier.counters),
        )
