"""The rule that every fault has to pass: each committed transition is delivered at least once or is
a visible dead letter, with one id on all retries, and per alarm never backwards."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from service.runtime.notification import NOTIFIED
from tests.faults.receiver import Arrival

DESTINATION = "maintenance"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the state says of one transition and its notice."""

    id: str
    alarm: str
    definition: str
    kind: str
    at_ns: int
    quiet: str | None
    seq: int | None
    state: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What was held against each other. messages: different ones, digests among them. repeats:
    requests beyond the first with the same id."""

    transitions: int
    delivered: int
    dead: int
    messages: int
    digests: int
    repeats: int


def kept(data: Path, destination: str = DESTINATION) -> list[Kept]:
    """Every transition of the state, with its row of the outbox, in the order of the outbox."""
    with closing(sqlite3.connect(data / "state.db", timeout=30)) as connection:
        rows = connection.execute(
            "SELECT t.id, t.alarm, t.definition, t.kind, t.at_ns, t.quiet, o.seq, o.state"
            ' FROM "transition" t LEFT JOIN outbox o ON o."transition" = t.id'
            " AND o.destination = ? ORDER BY o.ordinal",
            (destination,),
        ).fetchall()
    return [Kept(*row) for row in rows]


def settled(found: Sequence[Kept]) -> bool:
    """Whether nothing waits any more."""
    return all(one.state in (None, "delivered", "dead") for one in found)


def hold(found: Sequence[Kept], arrivals: Sequence[Arrival]) -> Tally:
    """Asserts the rule; for when all has settled."""
    announced = [one for one in found if one.kind in NOTIFIED and one.quiet is None]
    both_or_neither(found)
    taken = [one for one in arrivals if one.taken]
    arrived = {step for one in taken for step in one.steps}
    delivered = {one.id for one in announced if one.state == "delivered"}
    dead = {one.id for one in announced if one.state == "dead"}
    assert {one.id for one in announced} == delivered | dead
    assert delivered <= arrived, f"marked but never received: {delivered - arrived}"
    assert arrived <= {one.id for one in announced}, "told, but in no journal"
    one_id_for_one_content(arrivals)
    never_backwards(announced, arrivals)
    ids = {one.id for one in arrivals}
    digests = {one.id for one in arrivals if one.is_digest}
    repeats = len(arrivals) - len(ids)
    return Tally(len(announced), len(delivered), len(dead), len(ids), len(digests), repeats)


def both_or_neither(found: Sequence[Kept]) -> None:
    """A transition that is told has its row in the outbox, another has none."""
    for one in found:
        told = one.kind in NOTIFIED and one.quiet is None
        assert (one.seq is not None) == told, one


def one_id_for_one_content(arrivals: Sequence[Arrival]) -> None:
    """A retry repeats id and bytes; another content has another id."""
    bodies: dict[str, bytes] = {}
    ids: dict[tuple[str, ...], str] = {}
    for one in arrivals:
        assert bodies.setdefault(one.id, one.body) == one.body, one.id
        assert ids.setdefault(one.steps, one.id) == one.id, one.steps


def never_backwards(announced: Sequence[Kept], arrivals: Sequence[Arrival]) -> None:
    """Of each alarm, what a message ends with is never older than what one before ended with, and
    nothing new is left out in between; also of messages that were refused, since a receiver may
    have worked on them."""
    alarm_of = {one.id: one.alarm for one in announced}
    order: dict[str, list[str]] = defaultdict(list)
    for one in announced:
        order[one.alarm].append(one.id)
    reached: dict[str, int] = defaultdict(int)
    for message in arrivals:
        for alarm in {alarm_of[step] for step in message.steps}:
            steps = [step for step in message.steps if alarm_of[step] == alarm]
            places = [order[alarm].index(step) for step in steps]
            assert all(b == a + 1 for a, b in pairwise(places)), steps
            assert places[0] <= reached[alarm], f"{alarm}: a transition was passed over"
            assert places[-1] + 1 >= reached[alarm], f"{alarm}: told backwards"
            reached[alarm] = places[-1] + 1
