"""What `amberfile` alone shows: where the memory is, what is in it, what to try next."""

from __future__ import annotations

import os
import shlex
from typing import Any

from amberfile.cli import output
from amberfile.cli.app import App

_COUNTS = ("items", "sessions", "messages", "scopes")


def show(app: App) -> None:
    """Nothing is made: a store that is not there yet stays so."""
    facts = _facts(app)
    if app.as_json:
        output.envelope(app, [facts])
        return
    output.say(f"memory  {facts['where']}" + ("" if facts["exists"] else "  (not made yet)"))
    if facts["exists"]:
        output.say("holds   " + ", ".join(f"{facts[name]} {name}" for name in _COUNTS))
    output.say("try")
    for line in facts["try"]:
        output.say(f"  {line}")


def _facts(app: App) -> dict[str, Any]:
    where = app.where
    exists = os.path.exists(where)
    details = app.whole.info().details if exists else {}
    counts = {name: details.get(name, 0) for name in _COUNTS}
    begin = "amberfile" if app.db is None else f"amberfile --db {shlex.quote(app.db)}"
    lines = [
        f'{begin} remember "Deploys go out on Friday" --key deploy_window',
        f'{begin} recall "when do we deploy?"',
        f"{begin} import chats.jsonl" if not counts["messages"] else f"{begin} list",
    ]
    return {"where": where, "exists": exists, **counts, "try": lines}
