"""edit: change a memory, in an editor or by options, unless somebody else did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import click

from amberfile import lookup
from amberfile.cli import asking, completing, data, naming, output
from amberfile.cli.app import App, common
from amberfile.cli.editor import edited
from amberfile.cli.memories import expires as expires_option
from amberfile.cli.memories import from_stdin, metadata
from amberfile.drafts import UNSET, Unset
from amberfile.errors import Conflict, InvalidInput, NotFound
from amberfile.types import Item


@dataclass(frozen=True)
class Change:
    """What the options say; what was not given stays as it is."""

    text: str | None = None
    key: str | Unset | None = UNSET
    kind: str | None = None
    topics: tuple[str, ...] | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    importance: float | None = None
    expires_at: datetime | Unset | None = UNSET


@click.command()
@click.argument("id")
@click.option("--text", help='The new text; "-" reads it from stdin.')
@click.option("--key", shell_complete=completing.keys, help="A new name for it.")
@click.option("--no-key", is_flag=True, help="Take its key away.")
@click.option("--kind", shell_complete=completing.kinds, help="Another kind.")
@click.option("--topic", "topics", multiple=True, help="Its topics from now on; may be repeated.")
@click.option("--no-topics", is_flag=True, help="Take its topics away.")
@metadata
@click.option("--importance", type=click.FloatRange(0, 1), help="From 0 to 1.")
@expires_option
@click.option("--no-expires", is_flag=True, help="Found for good.")
@click.option(
    "--editor", envvar=["VISUAL", "EDITOR"], show_envvar=True, default="vi", help="What opens it."
)
@common
def edit(
    app: App,
    id: str,
    text: str | None,
    key: str | None,
    no_key: bool,
    kind: str | None,
    topics: tuple[str, ...],
    no_topics: bool,
    pairs: tuple[tuple[str, str], ...],
    importance: float | None,
    expires: datetime | None,
    no_expires: bool,
    editor: str,
) -> None:
    """Change a memory, by options or in your editor.

    \b
    amberfile edit @1
    amberfile edit 0199c1a2-6f04 --text "Deploys go out on Monday" --topic ops
    amberfile edit @2 --no-key --importance 0.9

    --metadata changes the names that it gives and keeps the others. The old
    version stays in the history. Exits with 6, and changes nothing, when
    somebody else changed it meanwhile; with 1 when there is no such memory.
    """
    _refuse_both("--key", key is not None, "--no-key", no_key)
    _refuse_both("--topic", bool(topics), "--no-topics", no_topics)
    _refuse_both("--expires", expires is not None, "--no-expires", no_expires)
    change = Change(
        text=from_stdin(text) if text == "-" else text,
        key=None if no_key else UNSET if key is None else key,
        kind=kind,
        topics=topics or (() if no_topics else None),
        pairs=pairs,
        importance=importance,
        expires_at=None if no_expires else UNSET if expires is None else expires,
    )
    item = _standing(app, id)
    if change == Change():
        changed = _by_hand(app, item, editor)
    else:
        changed = _changed(app, item, change)
    _tell(app, item, changed)


def _refuse_both(one: str, given: bool, other: str, too: bool) -> None:
    if given and too:
        raise click.UsageError(f"{one} and {other} cannot both be meant: leave one out.")


def _standing(app: App, word: str) -> Item:
    """The item that is to change."""
    [id] = naming.entry_ids(app, [word])
    [entry] = lookup.entries(app.memory, [id])
    if not isinstance(entry, Item):
        raise InvalidInput(f"{id!r} is a message, and what was said stays. Remember a correction.")
    if not app.memory.get(id):
        raise NotFound(
            f"{id!r} was retracted or has expired. To bring it back: {app.line('restore', id)}"
        )
    return entry


def _by_hand(app: App, item: Item, editor: str) -> Item:
    if not (output.on_terminal() and asking.can_ask()):
        raise click.UsageError(
            "there is no terminal for an editor here: say what to change, --text."
        )
    text = edited(item.text, editor)
    try:
        return _changed(app, item, Change(text=text))
    except Conflict:
        output.hint("somebody else changed it meanwhile. Your text, so that it is not lost:")
        click.echo(output.paragraphs(text))
        raise


def _changed(app: App, item: Item, change: Change) -> Item:
    """The item as it is stored then; unchanged, the same one."""
    wanted = _applied(item, change)
    if wanted == item:
        return item
    return app.memory.update(
        item.id,
        text=wanted.text,
        key=wanted.key,
        kind=wanted.kind,
        topics=wanted.topics,
        metadata=wanted.metadata,
        importance=wanted.importance,
        expires_at=wanted.expires_at,
        if_version=item.version,
    )


def _applied(item: Item, change: Change) -> Item:
    return replace(
        item,
        text=item.text if change.text is None else change.text,
        key=item.key if isinstance(change.key, Unset) else change.key,
        kind=item.kind if change.kind is None else change.kind,
        topics=item.topics if change.topics is None else change.topics,
        metadata={**item.metadata, **dict(change.pairs)},
        importance=item.importance if change.importance is None else change.importance,
        expires_at=item.expires_at if isinstance(change.expires_at, Unset) else change.expires_at,
    )


def _tell(app: App, before: Item, after: Item) -> None:
    if after == before:
        output.hint("nothing was changed")
    if app.as_json:
        output.envelope(app, [data.entry(after)])
    elif output.on_terminal():
        output.say(f"{after.id} ({after.kind}, version {after.version})")
    else:
        output.say(after.id)
