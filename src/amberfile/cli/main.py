"""The group `amberfile`, and what becomes of an error.

Exit codes: 0 done, 1 an error, 2 a wrong call, 3 nothing found (only with
--fail-empty), 4 a store that is named wrongly or a wrong setting, 5 a store
that cannot be opened or is damaged, 6 somebody else was first or keeps it
locked, 130 Ctrl-C.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

import click

from amberfile import __version__
from amberfile.cli.app import App, BadSettings, BadStore, common
from amberfile.cli.groups import LazyGroup
from amberfile.errors import AmberfileError, Conflict, MissingExtra, StoreBusy, StoreError

INTERRUPTED = 130

_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (BadStore, 4),
    (BadSettings, 4),
    (MissingExtra, 4),
    (StoreBusy, 6),
    (Conflict, 6),
    (StoreError, 5),
    (click.UsageError, 2),
    (Exception, 1),
)
_COMMANDS = {
    "Remember and recall": {
        "remember": "amberfile.cli.memories:remember",
        "recall": "amberfile.cli.memories:recall",
        "list": "amberfile.cli.memories:list_",
    },
    "Look and change": {
        "stats": "amberfile.cli.figures:stats",
        "show": "amberfile.cli.entries:show",
        "edit": "amberfile.cli.edit:edit",
        "history": "amberfile.cli.history:history",
        "retract": "amberfile.cli.entries:retract",
        "restore": "amberfile.cli.entries:restore",
        "forget": "amberfile.cli.entries:forget",
    },
    "Sessions": {
        "sessions": "amberfile.cli.sessions:sessions",
    },
    "Move and keep safe": {
        "import": "amberfile.cli.moving:import_",
        "imports": "amberfile.cli.moving:imports",
        "export": "amberfile.cli.moving:export",
        "backup": "amberfile.cli.care:backup",
        "restore-backup": "amberfile.cli.care:restore_backup",
        "doctor": "amberfile.cli.care:doctor",
        "reindex": "amberfile.cli.mending:reindex",
        "repair": "amberfile.cli.mending:repair",
    },
    "Settings": {
        "config": "amberfile.cli.settings:config",
        "completion": "amberfile.cli.shell:completion",
        "help": "amberfile.cli.shell:help_",
    },
}
_ALIASES = {"add": "remember", "search": "recall", "rm": "forget"}


class Main(LazyGroup):
    """The commands, and every error of theirs in one line."""

    sections = _COMMANDS
    aliases = _ALIASES

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> NoReturn:
        given = list(sys.argv[1:] if args is None else args)
        _stand_in_for_closed_streams()
        _escape_what_stdout_cannot_say()
        try:
            code = super().main(given, *rest, **more | {"standalone_mode": False})
        except (click.Abort, click.ClickException, AmberfileError, OSError) as error:
            code = _told(error, as_json=_are_for_programs(given))
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; what an error says to call next is on the same store."""
        try:
            return super().invoke(ctx)
        except AmberfileError as error:
            app = ctx.find_object(App)
            if app is not None and error.args:
                error.args = (app.next_step(str(error.args[0])), *error.args[1:])
            raise


@click.command(
    cls=Main,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="amberfile")
@common
def main(app: App) -> None:
    """Persistent memory for AI agents, kept in one SQLite file.

    \b
    amberfile remember "Deploys go out on Friday" --key deploy_window
    amberfile recall "when do we deploy?"

    Without a command: where the memory is, and what is in it.
    """
    if click.get_current_context().invoked_subcommand is None:
        from amberfile.cli.status import show

        show(app)


def _are_for_programs(words: Sequence[str]) -> bool:
    """Whether --json or --jsonl is among the options; after "--" there are none."""
    options = words[: words.index("--")] if "--" in words else words
    return not {"--json", "--jsonl"}.isdisjoint(options)


def _told(error: Exception, *, as_json: bool) -> int:
    """Say what went wrong, and give the exit code."""
    if isinstance(error, click.Abort):
        interrupted = isinstance(error.__context__, KeyboardInterrupt)
        return INTERRUPTED if interrupted else 1
    with suppress(OSError):  # nobody can be told, and the exit code still says it
        _tell(error, as_json)
    return next(code for kind, code in _CODES if isinstance(error, kind))


def _tell(error: Exception, as_json: bool) -> None:
    from amberfile.cli.output import print_json
    from amberfile.plain import printable

    message = _message(error)
    if as_json:
        told = {"status": "error", "code": _code(error), "message": message, "hint": _hint(message)}
        with suppress(OSError):  # then it stands on stderr
            print_json(told)
            return
    click.echo(f"error: {printable(message)}", err=True)


def _message(error: Exception) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{error.format_message()} See: {error.ctx.command_path} --help"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and not isinstance(error, AmberfileError):
        why = error.strerror or error
        if error.filename is None:
            return f"the output cannot be written: {why}. Give it another place."
        return f"{error.filename}: {why}"
    return str(error)


def _code(error: Exception) -> str:
    """The class's name as programs read it: `StoreBusy` is "store_busy"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def _hint(message: str) -> str:
    """The last sentence: what to do next. "" if there is only one."""
    return message.rpartition(". ")[2] if ". " in message else ""


def _stand_in_for_closed_streams() -> None:
    """Put nothing in the place of a stream that the caller closed: no input, no reader."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _escape_what_stdout_cannot_say() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
