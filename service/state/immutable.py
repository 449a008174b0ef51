"""What was journaled of alarms stays: the database itself refuses to change or delete a transition.

Not even ``INSERT OR REPLACE`` gets by, which would delete without SQLite's delete trigger.
"""

from __future__ import annotations

from sqlalchemy import DDL, event

from service.state.tables import transition

REFUSAL = "alarm transitions are a journal: they are never changed nor deleted"

SQLITE = (
    f"""
    CREATE TRIGGER transition_never_changed BEFORE UPDATE ON transition
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """,
    f"""
    CREATE TRIGGER transition_never_deleted BEFORE DELETE ON transition
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """,
    f"""
    CREATE TRIGGER transition_never_replaced BEFORE INSERT ON transition
    WHEN EXISTS (SELECT 1 FROM transition WHERE id = NEW.id OR seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """,
)
POSTGRESQL = (
    f"""
    CREATE OR REPLACE FUNCTION transition_refused() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
    """,
    """
    CREATE TRIGGER transition_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON transition
    FOR EACH STATEMENT EXECUTE FUNCTION transition_refused()
    """,
)

for _dialect, _statements in (("sqlite", SQLITE), ("postgresql", POSTGRESQL)):
    for _statement in _statements:
        _ddl = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        event.listen(transition, "after_create", _ddl.execute_if(dialect=_dialect))
