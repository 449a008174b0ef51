"""Where every alarm stands, as rows: one for each that is not simply normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert, select, update

from service.domain.alarm import NORMAL, AlarmState, Call, Hold, Phase, Quiet, Silence
from service.state.tables import rule_state


def load_states(
    connection: Connection, definitions: Sequence[str] | None = None
) -> dict[str, AlarmState]:
    """The kept states by definition; of all, or of ``definitions``."""
    wanted = select(rule_state)
    if definitions is not None:
        wanted = wanted.where(rule_state.c.definition.in_(definitions))
    return {row.definition: state_of(row) for row in connection.execute(wanted)}


def keep_state(connection: Connection, definition: str, state: AlarmState) -> None:
    """Keeps one state; a normal one that nothing holds needs no row."""
    where = rule_state.c.definition == definition
    if state == NORMAL:
        connection.execute(delete(rule_state).where(where))
        return
    values = row_of(state)
    if connection.execute(update(rule_state).where(where).values(**values)).rowcount == 0:
        connection.execute(insert(rule_state).values(definition=definition, **values))


def row_of(state: AlarmState) -> dict[str, Any]:
    """The columns of ``state``."""
    return {
        "phase": str(state.phase),
        "pending_ns": state.pending_ns,
        "alarm": state.alarm,
        "shelved": _json(state.shelved),
        "suppressed": _json(state.suppressed),
        "out_of_service": _json(state.out_of_service),
        "untold": _json(state.untold),
        "root": state.root,
        "call": _json(state.call),
    }


def _json(part: Hold | Silence | Call | None) -> str | None:
    return None if part is None else orjson.dumps(asdict(part)).decode()


def state_of(row: Any) -> AlarmState:
    """The state that ``row_of`` made the columns of."""
    untold = None if row.untold is None else orjson.loads(row.untold)
    return AlarmState(
        phase=Phase(row.phase),
        pending_ns=row.pending_ns,
        alarm=row.alarm,
        shelved=_hold(row.shelved),
        suppressed=_hold(row.suppressed),
        out_of_service=_hold(row.out_of_service),
        untold=None if untold is None else Silence(Quiet(untold["quiet"]), untold["by"]),
        root=row.root,
        call=None if row.call is None else Call(**orjson.loads(row.call)),
    )


def _hold(text: str | None) -> Hold | None:
    return None if text is None else Hold(**orjson.loads(text))
