"""completion, help: what a shell and a program may know of the commands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from amberfile.cli import completing, output
from amberfile.cli.app import App, common

EXIT_CODES: Mapping[int, str] = {
    0: "done",
    1: "an error",
    2: "a wrong call",
    3: "nothing found, with --fail-empty",
    4: "a store that is named wrongly, a wrong setting, or an extra that is missing",
    5: "a store that cannot be opened, or is damaged",
    6: "somebody else was first, or keeps the store locked",
    130: "Ctrl-C",
}

_EXAMPLE = re.compile(r"^.*\bamberfile\b.*$", re.MULTILINE)
_SPECIAL = {3: "--fail-empty"}  # codes that only a command with this option ends with


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@common
def completion(app: App, shell: str) -> None:
    """Print what makes the Tab key complete words in SHELL: bash, zsh or fish.

    \b
    echo 'eval "$(amberfile completion bash)"' >> ~/.bashrc
    echo 'eval "$(amberfile completion zsh)"' >> ~/.zshrc
    amberfile completion fish > ~/.config/fish/completions/amberfile.fish
    """
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}.")
    script = made(root, {}, "amberfile", "_AMBERFILE_COMPLETE")
    text = script.source_template % script.source_vars()
    if app.as_json:
        output.envelope(app, [{"shell": shell, "script": text}])
    else:
        click.echo(text)


@click.command("help")
@click.argument("names", nargs=-1, metavar="[COMMAND]...", shell_complete=completing.commands)
@common
def help_(app: App, names: tuple[str, ...]) -> None:
    """Print the help of a command, as --help behind it does.

    \b
    amberfile help recall
    amberfile help sessions list
    amberfile help --json

    With --json: the command and all below it, with their options and exit
    codes.
    """
    context = _found(click.get_current_context().find_root(), names)
    if app.as_json:
        output.envelope(app, [*_tree(context)])
    else:
        click.echo(context.get_help())


def _found(context: click.Context, names: Sequence[str]) -> click.Context:
    """The context of the command that `names` lead to."""
    for name in names:
        if not isinstance(context.command, click.Group):
            raise click.UsageError(f"{context.command_path} has no commands of its own.")
        real, command, _ = context.command.resolve_command(context, [name])
        if command is not None:
            context = click.Context(command, info_name=real, parent=context)
    return context


def _tree(context: click.Context) -> Iterator[dict[str, Any]]:
    """The command, and below a group every command of it."""
    command = context.command
    yield _told(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _tree(click.Context(below, info_name=name, parent=context))


def _told(context: click.Context) -> dict[str, Any]:
    command = context.command
    params = [param for param in command.get_params(context) if param.name != "help"]
    text = inspect.cleandoc(command.help or "")
    names = {name for param in params for name in param.opts}
    codes = [code for code in EXIT_CODES if _SPECIAL.get(code, "--db") in names]
    return {
        "name": context.command_path.removeprefix(context.find_root().command_path).strip(),
        "usage": " ".join(command.collect_usage_pieces(context)),
        "summary": command.get_short_help_str(1_000),
        "help": text.replace("\b\n", ""),
        "examples": [line.strip() for line in _EXAMPLE.findall(_shown_as_it_is(text))],
        "arguments": [_argument(one) for one in params if isinstance(one, click.Argument)],
        "options": [_option(one) for one in params if isinstance(one, click.Option)],
        "exit_codes": {str(code): EXIT_CODES[code] for code in codes},
    }


def _shown_as_it_is(text: str) -> str:
    r"""The paragraphs of a help that begin with \b: its examples."""
    return "\n".join(part for part in text.split("\n\n") if part.startswith("\b"))


def _argument(one: click.Argument) -> dict[str, Any]:
    return {
        "name": one.human_readable_name,
        "type": _type(one),
        "required": one.required,
        "many": one.nargs == -1,
        "choices": _choices(one),
    }


def _option(one: click.Option) -> dict[str, Any]:
    return {
        "names": [*one.opts, *one.secondary_opts],
        "type": "flag" if one.is_flag else _type(one),
        "default": None if one.multiple or one.is_flag else _plain(one.default),
        "required": one.required,
        "many": one.multiple,
        "choices": _choices(one),
        "help": one.help or "",
    }


def _type(one: click.Parameter) -> str:
    return one.type.name


def _choices(one: click.Parameter) -> list[str]:
    return [*map(str, one.type.choices)] if isinstance(one.type, click.Choice) else []


def _plain(value: object) -> str | int | float | None:
    """A default as JSON has it; click has a mark of its own for none."""
    return value if isinstance(value, str | int | float) else None
