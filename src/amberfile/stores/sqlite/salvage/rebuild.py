"""The rows that were found, in a new store: all that fit, the newest of each first."""

from __future__ import annotations

import apsw

from amberfile.stores.sqlite.rows import MESSAGE_COLUMNS
from amberfile.stores.sqlite.salvage.found import Found
from amberfile.stores.sqlite.salvage.history import bring_items
from amberfile.stores.sqlite.salvage.people import bring_scopes, bring_sessions, count_messages
from amberfile.stores.sqlite.salvage.strays import bring_strays
from amberfile.stores.sqlite.salvage.told import Lost
from amberfile.stores.sqlite.salvage.witnesses import leave_out_contradicted

_MESSAGES = f"""
    INSERT OR IGNORE INTO message (scope, session, handle, terms, {MESSAGE_COLUMNS})
    SELECT scope, session, handle, x'', {MESSAGE_COLUMNS} FROM found_message ORDER BY rev DESC
"""
_ONE_SCOPE = "WHERE scope IN (SELECT id FROM scope)"
_REST = (
    f"""INSERT OR IGNORE INTO tombstone (scope, id, kind, handle, at, rev, may_return)
        SELECT scope, id, kind, handle, at, rev, may_return FROM found_tombstone {_ONE_SCOPE}
           AND (kind = 'session' OR
                NOT EXISTS (SELECT 1 FROM item WHERE scope = found_tombstone.scope
                               AND id = found_tombstone.id)
                AND NOT EXISTS (SELECT 1 FROM message WHERE scope = found_tombstone.scope
                                   AND id = found_tombstone.id))
         ORDER BY handle DESC""",
    """INSERT OR IGNORE INTO turn
              (session, number, id, state, lease_until, opened_at, closed_at, rev)
       SELECT session, number, id, state, lease_until, opened_at, closed_at, rev FROM found_turn
        WHERE session IN (SELECT id FROM session) ORDER BY rev DESC""",
    f"""INSERT OR IGNORE INTO op (scope, op_id, digest, rev, results, at)
        SELECT scope, op_id, digest, rev, results, at FROM found_op {_ONE_SCOPE}
         ORDER BY rev DESC""",
    f"""INSERT OR IGNORE INTO job (number, scope, id, kind, payload, state, attempt, not_before,
               lease_until, error, rev)
        SELECT number, scope, id, kind, payload, state, attempt, not_before, lease_until, error,
               rev FROM found_job {_ONE_SCOPE} ORDER BY rev DESC""",
    f"""INSERT OR IGNORE INTO link (scope, source, relation, target, branch, metadata, rev)
        SELECT scope, source, relation, target, branch, metadata, rev FROM found_link
        {_ONE_SCOPE} ORDER BY rev DESC""",
    f"""INSERT OR IGNORE INTO import (number, scope, id, source, format, entries, at)
        SELECT number, scope, id, source, format, entries, at FROM found_import {_ONE_SCOPE}
         ORDER BY entries DESC""",
    """INSERT OR IGNORE INTO import_rev (import, rev)
       SELECT import, rev FROM found_import_rev WHERE import IN (SELECT number FROM import)""",
)
_CREATED = (
    "UPDATE store SET created_at = coalesce((SELECT max(created_at) FROM found_store), created_at)"
)
_NUMBERS = "UPDATE store SET rev = ?, serial = ?"


def rebuild(db: apsw.Connection, found: Found, lost: Lost) -> None:
    """Write what was found into the empty store of `db`, without its index."""
    rev, serial = found.numbers()
    found.without_forgotten()
    leave_out_contradicted(db, lost)
    bring_scopes(db, lost)
    bring_strays(db, lost)
    serial = bring_items(db, serial, rev + 1, lost)
    bring_sessions(db, lost)
    db.execute(_MESSAGES)
    count_messages(db, lost)
    for statement in _REST:
        db.execute(statement)
    db.execute(_CREATED)
    db.execute(_NUMBERS, (rev + 1, serial))
