"""remember, recall, list."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click

from amberfile import lookup
from amberfile.cli import completing, data, naming, output
from amberfile.cli.app import App, common
from amberfile.cli.when import METAVAR, ago, ahead
from amberfile.errors import InvalidInput
from amberfile.types import Filter, Hit, Source

NOTHING_FOUND = 3

kinds = click.option(
    "--kind",
    "kinds",
    multiple=True,
    shell_complete=completing.kinds,
    help="Only this kind; may be repeated.",
)
_topics = click.option("--topic", "topics", multiple=True, help="A topic; may be repeated.")
_since = click.option(
    "--since", type=ago, metavar=METAVAR, help="Written then or later: 7d ago, or a date."
)
_until = click.option("--until", type=ago, metavar=METAVAR, help="Written before that time.")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.BadParameter(f"{text!r} has no name and value. Give NAME=VALUE.")
    return name, value


def metadata(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --metadata, as pairs."""
    told = "A text under a name; may be repeated."
    option = click.option(
        "--metadata", "pairs", type=_pair, metavar="NAME=VALUE", multiple=True, help=told
    )
    return option(command)


expires = click.option(
    "--expires", type=ahead, metavar=METAVAR, help="Not found any more after 30d, or a date."
)


@click.command()
@click.argument("text", required=False)
@click.option(
    "--key",
    shell_complete=completing.keys,
    help="A name for it. The same key again replaces what it said.",
)
@click.option(
    "--kind",
    shell_complete=completing.kinds,
    help='"fact" with a key, else "note", unless you say another.',
)
@_topics
@metadata
@click.option("--source", "ref", metavar="REF", help="Where it comes from: a URL, a file, a name.")
@expires
@click.option(
    "--importance", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="From 0 to 1."
)
@common
def remember(
    app: App,
    text: str | None,
    key: str | None,
    kind: str | None,
    topics: tuple[str, ...],
    pairs: tuple[tuple[str, str], ...],
    ref: str | None,
    expires: datetime | None,
    importance: float,
) -> None:
    """Keep TEXT. "-", or none, reads it from stdin, to the last character.

    \b
    amberfile remember "Deploys go out on Friday" --key deploy_window --topic ops
    amberfile remember "The office is closed" --expires 3d --source https://example.org/news
    git log -1 | amberfile remember - --kind episode

    Prints the id.
    """
    given = from_stdin(text) if text in (None, "-") else text
    item = app.kept.remember(
        given or "",
        key=key,
        kind=kind,
        topics=topics,
        metadata=dict(pairs),
        source=None if ref is None else Source(ref=ref),
        importance=importance,
        expires_at=expires,
    )
    if app.as_json:
        output.envelope(app, [data.entry(item)])
    elif output.on_terminal():
        version = f", version {item.version}" if item.version > 1 else ""
        output.say(f"remembered {item.id} ({item.kind}{version})")
    else:
        output.say(item.id)


@click.command()
@click.argument("query")
@click.option("-n", "--limit", default=10, show_default=True, type=click.IntRange(1, 1000))
@kinds
@_topics
@click.option(
    "--session",
    "sessions",
    multiple=True,
    shell_complete=completing.sessions,
    help="Only what was said in this session.",
)
@_since
@_until
@click.option("--fail-empty", is_flag=True, help="Exit with 3 when nothing is found.")
@common
def recall(
    app: App,
    query: str,
    limit: int,
    kinds: tuple[str, ...],
    topics: tuple[str, ...],
    sessions: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    fail_empty: bool,
) -> None:
    """Print what fits QUERY best: memories and messages.

    \b
    amberfile recall "when do we deploy?"
    amberfile recall "deploy window" --kind fact --since 30d --json

    In a pipe, a line is: score, id, text, with tabs between them. Finding
    nothing is no error, unless you say --fail-empty.
    """
    hits = app.memory.recall(
        query,
        limit=limit,
        kinds=kinds or None,
        topics=topics,
        sessions=[naming.session(app, word).id for word in sessions] or None,
        since=since,
        until=until,
    )
    if app.as_json:
        output.envelope(app, [data.hit(hit) for hit in hits])
    elif output.on_terminal():
        _show_hits(app, hits)
    else:
        for hit in hits:
            output.fields(f"{hit.score:.2f}", hit.id, hit.text)
    if fail_empty and not hits:
        click.get_current_context().exit(NOTHING_FOUND)


@click.command("list")
@kinds
@_topics
@_since
@_until
@click.option("--hidden", is_flag=True, help="What was retracted instead.")
@click.option("-n", "--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--cursor", help="Go on after the listing that gave it.")
@common
def list_(
    app: App,
    kinds: tuple[str, ...],
    topics: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    hidden: bool,
    limit: int,
    cursor: str | None,
) -> None:
    """Print memories, the last written first.

    \b
    amberfile list --kind fact
    amberfile list --topic ops --since 7d --json
    amberfile list --hidden

    In a pipe, a line is: id, kind, key, text, with tabs between them. When
    there is more, stderr says how to go on.
    """
    wanted = Filter(kinds=kinds or None, topics=topics, since=since, until=until)
    if hidden:
        if cursor is not None:
            raise click.UsageError("--hidden has no --cursor: give a larger --limit.")
        _list_hidden(app, wanted, limit)
        return
    page = app.memory.find(wanted, limit=limit, cursor=cursor)
    output.entries(app, page.items, cursor=page.cursor)
    if page.cursor:
        output.hint(f"There are more than {limit}. Go on with: --cursor {page.cursor}")


def _list_hidden(app: App, wanted: Filter, limit: int) -> None:
    found = lookup.hidden(app.memory, wanted)
    output.entries(app, found[:limit])
    if len(found) > limit:
        output.hint(f"There are more than {limit}. To see more, give a larger --limit.")


def from_stdin(text: str | None) -> str:
    """All of stdin. `text` is what the call gave: "-", or None for nothing."""
    if text is None and sys.stdin.isatty():
        raise click.UsageError('give the text, or "-" to read it from stdin.')
    read = sys.stdin.buffer.read()
    if text is None and not read:
        raise click.UsageError("there is no text: neither an argument nor anything on stdin.")
    try:
        return read.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"stdin is not UTF-8 ({error.reason}). Convert it first.") from None


def _show_hits(app: App, hits: Sequence[Hit]) -> None:
    rows = [
        (f"{hit.score:.2f}", output.marked(hit), output.place_of(hit.entry), output.why(hit))
        for hit in hits
    ]
    output.numbered(app, "entry", [hit.id for hit in hits], ("score", "text", "where", "why"), rows)
