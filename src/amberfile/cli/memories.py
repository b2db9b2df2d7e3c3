"""remember, recall, forget, list."""

from __future__ import annotations

import sys

import click

from amberfile import lookup
from amberfile.cli import output
from amberfile.cli.app import App, common
from amberfile.errors import InvalidInput
from amberfile.transfer.plain import printable
from amberfile.types import Entry, Filter, Hit

NOTHING_FOUND = 3

_kinds = click.option("--kind", "kinds", multiple=True, help="Only this kind; may be repeated.")
_topics = click.option("--topic", "topics", multiple=True, help="A topic; may be repeated.")


@click.command()
@click.argument("text", required=False)
@click.option("--key", help="A name for it. The same key again replaces what it said.")
@click.option("--kind", help='"fact" with a key, else "note", unless you say another.')
@_topics
@common
def remember(
    app: App, text: str | None, key: str | None, kind: str | None, topics: tuple[str, ...]
) -> None:
    """Keep TEXT. "-", or none, reads it from stdin, to the last character.

    \b
    amberfile remember "Deploys go out on Friday" --key deploy_window --topic ops
    git log -1 | amberfile remember - --kind episode

    Prints the id.
    """
    given = _from_stdin(text) if text in (None, "-") else text
    item = app.memory.remember(given or "", key=key, kind=kind, topics=topics)
    if app.as_json:
        output.envelope(app, [output.entry_data(item)])
    elif output.on_terminal():
        version = f", version {item.version}" if item.version > 1 else ""
        output.say(f"remembered {item.id} ({item.kind}{version})")
    else:
        output.say(item.id)


@click.command()
@click.argument("query")
@click.option("-n", "--limit", default=10, show_default=True, type=click.IntRange(1, 1000))
@_kinds
@click.option("--fail-empty", is_flag=True, help="Exit with 3 when nothing is found.")
@common
def recall(app: App, query: str, limit: int, kinds: tuple[str, ...], fail_empty: bool) -> None:
    """Print what fits QUERY best, best first: memories, and messages of any session.

    \b
    amberfile recall "when do we deploy?"
    amberfile recall "deploy window" --kind fact --json

    In a pipe, a line is: score, id, text, with tabs between them. Finding
    nothing is no error, unless you say --fail-empty.
    """
    hits = app.memory.recall(query, limit=limit, kinds=kinds or None)
    if app.as_json:
        output.envelope(app, [output.hit_data(hit) for hit in hits])
    elif output.on_terminal():
        _show_hits(hits)
    else:
        for hit in hits:
            output.fields(f"{hit.score:.2f}", hit.id, hit.text)
    if fail_empty and not hits:
        click.get_current_context().exit(NOTHING_FOUND)


@click.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--key", help="Forget what has this key.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@common
def forget(app: App, ids: tuple[str, ...], key: str | None, yes: bool, dry_run: bool) -> None:
    """Remove memories and messages for good, with their history. There is no way back.

    \b
    amberfile forget 0199c1a2-6f04-7c31-9d0e-3b5d7f1a2c44 --yes
    amberfile forget --key deploy_window --dry-run

    Asks first; without a terminal it needs --yes. An unknown ID is no error.
    """
    if not ids and key is None:
        raise click.UsageError("name what to forget: an ID, or --key KEY.")
    if dry_run:
        _show_entries(app, lookup.entries(app.memory, ids, key))
        return
    if not yes:
        _ask(lookup.entries(app.memory, ids, key))
    count = app.memory.forget(*ids, key=key)
    if app.as_json:
        output.envelope(app, [{"forgotten": count}])
    else:
        output.say(f"forgot {count}")


@click.command("list")
@_kinds
@_topics
@click.option("-n", "--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@common
def list_(app: App, kinds: tuple[str, ...], topics: tuple[str, ...], limit: int) -> None:
    """Print memories, the last written first.

    \b
    amberfile list --kind fact
    amberfile list --topic ops --json

    In a pipe, a line is: id, kind, key, text, with tabs between them.
    """
    page = app.memory.find(Filter(kinds=kinds or None, topics=topics), limit=limit)
    _show_entries(app, list(page.items))
    if page.cursor and not app.as_json:
        click.echo(f"There are more than {limit}: --limit.", err=True)


def _from_stdin(text: str | None) -> str:
    if text is None and sys.stdin.isatty():
        raise click.UsageError('give the text, or "-" to read it from stdin.')
    data = sys.stdin.buffer.read()
    if text is None and not data:
        raise click.UsageError("there is no text: neither an argument nor anything on stdin.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"stdin is not UTF-8 ({error.reason}). Convert it first.") from None


def _is_asked() -> bool:
    """Whether a person can answer."""
    return sys.stdin.isatty()


def _show_hits(hits: list[Hit]) -> None:
    if not hits:
        click.echo("nothing found", err=True)
        return
    rows = [
        (f"{hit.score:.2f}", output.marked(hit), output.place_of(hit.entry), output.why(hit))
        for hit in hits
    ]
    output.table(("score", "text", "where", "why"), rows)


def _show_entries(app: App, entries: list[Entry]) -> None:
    if app.as_json:
        output.envelope(app, [output.entry_data(entry) for entry in entries])
    elif output.on_terminal():
        rows = [
            (entry.id, entry.kind, output.place_of(entry), output.shortened(entry.text))
            for entry in entries
        ]
        output.table(("id", "kind", "where", "text"), rows)
    else:
        for entry in entries:
            output.fields(entry.id, entry.kind, getattr(entry, "key", None) or "", entry.text)


def _ask(entries: list[Entry]) -> None:
    """Go on only if a person says so."""
    if not _is_asked():
        raise click.UsageError("nobody can be asked here. Say --yes, or --dry-run to look first.")
    for entry in entries[:10]:
        click.echo(printable(f"{entry.id}  {output.shortened(entry.text)}"), err=True)
    click.confirm(f"Forget {len(entries)} for good?", abort=True, err=True)
