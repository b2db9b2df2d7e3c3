"""The folders and files that are ours on this machine. Finding them costs a few stats.

AMBERFILE_HOME    data, configuration and state together, when it is set
else              the folders of the XDG base directory specification
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

PROJECT_FILE = "amberfile.toml"
PYPROJECT = "pyproject.toml"
USER_FILE = "config.toml"


def data_folder() -> str:
    """Where the default store lies."""
    return _home() or _xdg("XDG_DATA_HOME", "~/.local/share")


def config_file() -> str:
    """The user's own configuration, whether or not it is there."""
    return os.path.join(_home() or _xdg("XDG_CONFIG_HOME", "~/.config"), USER_FILE)


def state_folder() -> str:
    """For what may be lost without harm, such as the last listing. Not made here."""
    if home := _home():
        return os.path.join(home, "state")
    return _xdg("XDG_STATE_HOME", "~/.local/state")


def project_file(name: str) -> str | None:
    """The nearest file `name` from the working directory up, to the home folder or the root.

    One that belongs to somebody else is passed over: whoever may write to a
    folder above, such as /tmp, must not say where this memory is kept.
    """
    for folder in _upwards():
        path = os.path.join(folder, name)
        if is_file(path) and _is_trusted(path):
            return path
    return None


def is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _upwards() -> Iterator[str]:
    try:
        folder = os.getcwd()
    except OSError:  # it was removed under us
        return
    home = os.path.realpath(os.path.expanduser("~"))
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if folder in (home, parent):
            return
        folder = parent


def _is_trusted(path: str) -> bool:
    """Whether its owner is this user, root, or the owner of the working directory."""
    if os.name != "posix":
        return True
    return os.stat(path).st_uid in (os.getuid(), 0, os.stat(".").st_uid)


def _home() -> str:
    home = os.environ.get("AMBERFILE_HOME")
    return os.path.abspath(home) if home else ""


def _xdg(name: str, default: str) -> str:
    """Our folder in one of the XDG folders; a relative one is to be ignored."""
    folder = os.environ.get(name, "")
    if not os.path.isabs(folder):
        folder = os.path.expanduser(default)
    return os.path.join(folder, "amberfile")
