"""sessions: list, show, rename, rm, export."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from amberfile.cli import asking, completing, data, listing, naming, output
from amberfile.cli.app import App, common
from amberfile.cli.groups import LazyGroup
from amberfile.cli.writing import written
from amberfile.plain import printable
from amberfile.transfer.chats.openai import export_session
from amberfile.types import Message, SessionInfo

_id = click.argument("id", shell_complete=completing.sessions)
_MOST = 10_000
_limit = click.option(
    "-n", "--limit", default=100, show_default=True, type=click.IntRange(1, _MOST)
)


_COMMANDS = {
    "Commands": {
        "list": "amberfile.cli.sessions:list_",
        "show": "amberfile.cli.sessions:show",
        "rename": "amberfile.cli.sessions:rename",
        "rm": "amberfile.cli.sessions:rm",
        "export": "amberfile.cli.sessions:export",
    }
}


class Sessions(LazyGroup):
    """What is done with conversations."""

    sections = _COMMANDS


@click.command(cls=Sessions, invoke_without_command=True)
@common
def sessions(app: App) -> None:
    """List, read, name, remove or export conversations.

    \b
    amberfile sessions
    amberfile sessions show 2026-03-09-cat -n 20

    Alone it lists them. An ID may be its beginning, if no other begins so, or
    @1, @2, … for a row of the last listing of sessions.
    """
    if click.get_current_context().invoked_subcommand is None:
        app.command = "sessions list"
        _show_list(app, 100)


@click.command("list")
@_limit
@common
def list_(app: App, limit: int) -> None:
    """Print the sessions, the last written to first.

    \b
    amberfile sessions list
    amberfile sessions list -n 5 --json

    In a pipe, a line is: id, messages, time of the last write, title, with
    tabs between them.
    """
    _show_list(app, limit)


@click.command()
@_id
@click.option("-n", "--last", type=click.IntRange(0), help="Only the last so many.")
@common
def show(app: App, id: str, last: int | None) -> None:
    """Print the messages of a session, the oldest first.

    \b
    amberfile sessions show 2026-03-09-cat
    amberfile sessions show @1 -n 20

    In a pipe, a line is: number, role or name, time, text, with tabs between
    them. Exits with 1 when there is no such session.
    """
    said = naming.session(app, id).messages(last)
    if app.as_json:
        output.envelope(app, [data.entry(one) for one in said])
    elif output.on_terminal():
        _draw(app, said)
    else:
        for one in said:
            output.fields(str(one.seq), one.name or one.role, one.created_at.isoformat(), one.text)


@click.command()
@_id
@click.argument("title")
@common
def rename(app: App, id: str, title: str) -> None:
    """Give a session the title TITLE.

    \b
    amberfile sessions rename 2026-03-09-cat "The cat and the vet"

    Exits with 1 when there is no such session.
    """
    session = naming.session(app, id)
    session.rename(title)
    if app.as_json:
        output.envelope(app, [data.session(session.info())])
    else:
        output.say(f"renamed {session.id}")


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=completing.sessions)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@common
def rm(app: App, ids: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    """Remove sessions with all their messages for good. There is no way back.

    \b
    amberfile sessions rm 2026-03-09-cat --dry-run
    amberfile sessions rm @1 @2 --yes

    Asks first; without a terminal it needs --yes, or exits with 2. Exits with
    1, and removes nothing, when there is no such session.
    """
    each = {one.id: one for one in (naming.session(app, id) for id in ids)}
    if dry_run:
        _list(app, [one.info() for one in each.values()])
        return
    if not yes:
        shown = [_line(one.info()) for one in each.values()]
        asking.ask(f"Remove {output.counted(len(each), 'session')} for good?", shown)
    messages = sum(one.delete() for one in each.values())
    if app.as_json:
        output.envelope(app, [{"removed": len(each), "messages": messages}])
    else:
        sessions = output.counted(len(each), "session")
        output.say(f"removed {sessions}, {output.counted(messages, 'message')}")


@click.command()
@_id
@click.argument("path", default="-", shell_complete=completing.files)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@common
def export(app: App, id: str, path: str, force: bool) -> None:
    """Write one session to PATH, or to stdout, as OpenAI messages in JSON.

    \b
    amberfile sessions export 2026-03-09-cat cat.json
    amberfile sessions export @1 | head -c 200

    The file is whole when it appears, and only its owner can read it.
    """
    session = naming.session(app, id)
    if path == "-":
        if app.as_json:
            raise click.UsageError("--json and the export cannot share stdout: give a PATH.")
        export_session(session, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with written(path, force) as out:
        count = export_session(session, out)
    if app.as_json:
        output.envelope(app, [{"path": path, "format": "openai", "entries": count}])
    else:
        output.say(f"exported {output.counted(count, 'message')} to {path}")


def _show_list(app: App, limit: int) -> None:
    found = app.memory.sessions()
    _list(app, found[:limit])
    if len(found) > limit:
        more = app.line("sessions", "list", "--limit", str(min(len(found), _MOST)))
        output.hint(f"There are {len(found)}. To see more: {more}")


def _list(app: App, found: Sequence[SessionInfo]) -> None:
    if app.as_json:
        output.envelope(app, [data.session(one) for one in found])
    elif output.on_terminal():
        rows = [
            (
                output.shortened(one.id),
                output.shortened(one.title),
                str(one.messages),
                output.minute(one.updated_at),
            )
            for one in found
        ]
        ids = [one.id for one in found]
        output.numbered(app, "session", ids, ("id", "title", "messages", "updated"), rows)
    else:
        for one in found:
            output.fields(one.id, str(one.messages), one.updated_at.isoformat(), one.title)


def _line(one: SessionInfo) -> str:
    told = f"{one.id}  {output.counted(one.messages, 'message')}  {output.shortened(one.title)}"
    return told.rstrip()


def _draw(app: App, said: Sequence[Message]) -> None:
    """A conversation to read: who and when, then the words as they were said."""
    from rich.text import Text

    out = output.console()
    for number, one in enumerate(said, start=1):
        who = f"{one.role} ({output.shortened(one.name)})" if one.name else one.role
        place = f"@{number}  seq {one.seq}  "
        time = output.minute(one.created_at)
        out.print(Text.assemble((place, "dim"), (printable(who), "bold"), f"  {time}"))
        out.print(Text(output.paragraphs(one.text)), soft_wrap=True)
        out.print()
    listing.keep(app, "entry", [one.id for one in said])
