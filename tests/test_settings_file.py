"""One line of a file changes; every other byte stays, or the file stays as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amberfile import InvalidInput
from amberfile.settings_file import change


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "amberfile.toml"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'user = "ada"\n'),
        ("# ours\n", '# ours\nuser = "ada"\n'),
        ('user = "bob"\n', 'user = "ada"\n'),
        ("user='bob'  # me\n", 'user="ada"  # me\n'),
        ('"user" = "b\\"#ob" # me', '"user" = "ada" # me'),
        (
            'db = "x"\n\n# of the table\n[table]\n',
            'db = "x"\nuser = "ada"\n\n# of the table\n[table]\n',
        ),
        ('[table]\nuser = "bob"\n', 'user = "ada"\n[table]\nuser = "bob"\n'),
        ('user = "bob"\r\ndb = "x"\r\n', 'user = "ada"\r\ndb = "x"\r\n'),
        ("user = 7 # wrong\n", 'user = "ada" # wrong\n'),
        ('username = "x"', 'username = "x"\nuser = "ada"'),
    ],
)
def test_a_key_is_set_and_the_rest_stays(file: Path, before: str, after: str) -> None:
    file.write_bytes(before.encode())
    assert change(str(file), "user", "ada", private=False)
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('user = "bob"\ndb = "x"\n', 'db = "x"\n'),
        ('# who\nuser = "bob" # me\n[user2]\n', "# who\n[user2]\n"),
        ('user = "bob"', ""),
    ],
)
def test_a_key_is_taken_out_and_the_rest_stays(file: Path, before: str, after: str) -> None:
    file.write_text(before)
    assert change(str(file), "user", None, private=False)
    assert file.read_text() == after


def test_what_is_so_already_is_not_written(file: Path) -> None:
    assert not change(str(file), "user", None, private=False)
    assert not file.exists()
    file.write_text("user='ada'")
    assert not change(str(file), "user", "ada", private=False)
    assert file.read_text() == "user='ada'"


@pytest.mark.parametrize(
    "text",
    [
        'user = """bob\n"""\n',
        'note = """\nuser = "bob"\n"""\n',
        'list = [\n[1],\n]\nuser = "bob"\n',
        "user.name = 7\n",
    ],
)
def test_what_lines_cannot_tell_is_refused_and_stays(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidInput, match='so that it says: user = "ada"'):
        change(str(file), "user", "ada", private=False)
    assert file.read_text() == text


def test_a_file_that_cannot_be_read_stays(file: Path) -> None:
    for data in (b"user = ", b'user = "\xff"'):
        file.write_bytes(data)
        with pytest.raises(InvalidInput, match="is not"):
            change(str(file), "user", "ada", private=False)
        assert file.read_bytes() == data


@given(value=st.text(min_size=1))
def test_any_text_comes_back_and_no_terminal_obeys_the_line(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    file = tmp_path_factory.mktemp("any") / "config.toml"
    change(str(file), "user", value, private=True)
    text = file.read_bytes().decode()
    assert tomllib.loads(text) == {"user": value}
    assert text.endswith("\n")
    assert text[:-1].isprintable()


def test_a_lone_surrogate_is_refused(file: Path) -> None:
    with pytest.raises(InvalidInput):
        change(str(file), "user", "\ud800", private=False)
    assert not file.exists()


def test_the_users_file_and_its_folder_are_private(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    change(str(file), "user", "ada", private=True)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_projects_file_keeps_its_mode(file: Path) -> None:
    file.touch()
    file.chmod(0o640)
    change(str(file), "user", "ada", private=False)
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.touch()
    file.symlink_to(real)
    change(str(file), "user", "ada", private=True)
    assert file.is_symlink()
    assert real.read_text() == 'user = "ada"\n'


def test_an_error_while_writing_leaves_the_file_and_nothing_beside_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('user = "bob"\n')

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        change(str(file), "user", "ada", private=True)
    assert [path.name for path in file.parent.iterdir()] == ["amberfile.toml"]
    assert file.read_text() == 'user = "bob"\n'
