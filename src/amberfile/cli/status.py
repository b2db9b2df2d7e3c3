"""What `amberfile` alone shows: where the memory is, what is in it, what to try next."""

from __future__ import annotations

import os
from typing import Any

from amberfile.cli import output
from amberfile.cli.app import App
from amberfile.settings import DEFAULT

_COUNTS = {"items": "item", "sessions": "session", "messages": "message", "scopes": "scope"}


def show(app: App) -> None:
    """Nothing is made: a store that is not there yet stays so."""
    facts = _facts(app)
    if app.as_json:
        output.envelope(app, [facts])
        return
    output.say(f"memory  {facts['where']}" + ("" if facts["exists"] else "  (not made yet)"))
    if facts["exists"]:
        output.say(
            "holds   "
            + ", ".join(output.counted(facts[name], one) for name, one in _COUNTS.items())
        )
    if facts["set_by"]:
        told = (f"{name} by {origin}" for name, origin in facts["set_by"].items())
        output.say("set     " + ", ".join(told))
    output.say("try")
    for line in facts["try"]:
        output.say(f"  {line}")


def _facts(app: App) -> dict[str, Any]:
    where = app.where
    exists = os.path.exists(where)
    details = app.whole.info().details if exists else {}
    counts = {name: details.get(name, 0) for name in _COUNTS}
    begin = app.line()
    lines = [
        f'{begin} remember "Deploys go out on Friday" --key deploy_window',
        f'{begin} recall "when do we deploy?"',
        f"{begin} sessions" if counts["messages"] else f"{begin} import chats.jsonl",
    ]
    set_by = {
        name: one.origin for name, one in app.settings.values.items() if one.origin != DEFAULT
    }
    return {"where": where, "exists": exists, **counts, "set_by": set_by, "try": lines}
