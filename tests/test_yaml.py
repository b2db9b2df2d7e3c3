"""Our YAML: what people read in it, and what is refused."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

import amberfile
from amberfile import InvalidInput, Memory, MissingExtra
from amberfile.testing.hostile import HOSTILE
from amberfile.transfer import Imported, import_path
from amberfile.transfer.own import yaml_read
from amberfile.transfer.own.yaml_stream import export_yaml
from amberfile.transfer.own.yaml_write import block
from amberfile.transfer.stream import Damage

HEADER = "amberfile: 1\n---\n"
ITEM = "type: item\nid: a\ntext: hello\nchange: created\nupdated_at: 2026-01-01T00:00:00Z\n"
MISTAKEN = [
    *"yes No on y null ~ 1e5 0x1f 1_000 1:30 2026-01-01 = << --- ... a:b a: .inf +.5 007".split(),
    *("a: b", "a #b", "- a", "? a", "|", "> a", "a\tb", " a", "a ", "x" * 2_000, "%a", "@a"),
    *("a\n", "\na", "a\n\n", "a\n \nb", " a\nb", "\ta\nb", "\n", "a \nb", "---\na", "a\n...\nb"),
]
TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text("a1 \n\t:-#'\"|>\r\x85\u2028\ufeff{}[],&*!%@?.e+", max_size=12)
    | st.sampled_from(MISTAKEN)
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
LOADERS: dict[str, Callable[[str], Any]] = {
    "ours": yaml_read.value,
    "PyYAML": lambda text: yaml.load(text, yaml.SafeLoader),
    "libyaml": lambda text: yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)),  # noqa: S506
}


def written(tmp_path: Path, text: str, name: str = "a.yaml") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def exported(memory: Memory) -> str:
    out = io.BytesIO()
    export_yaml(memory, out)
    return out.getvalue().decode()


@pytest.mark.parametrize("loader", LOADERS)
@given(value=st.dictionaries(TEXTS, JSON, min_size=1, max_size=3))
@example(value={"a": {"b": [[[]], {}, {"c": [{"d": 1, "e": "f\ng"}]}]}})
@example(value={"n": [1e16, 1e-7, -0.0, 10**40, 0.1]})
def test_every_reader_understands_what_is_written(loader: str, value: dict[str, Any]) -> None:
    found = LOADERS[loader](block(value))
    assert repr(found) == repr(value)  # 1 is not True, and 1.0 not 1


@pytest.mark.parametrize("text", MISTAKEN)
def test_what_looks_like_something_else_stays_a_string(text: str) -> None:
    assert LOADERS["PyYAML"](block({text: text})) == {text: text}


def test_a_text_of_several_lines_is_read_as_it_looks() -> None:
    assert block({"text": "one\n  two: 2\n\nthree\n"}) == (
        "text: |\n  one\n    two: 2\n\n  three\n"
    )


def test_an_export_shows_the_texts_and_the_times(memory: Memory) -> None:
    memory.remember("First line\nsecond line", key="notes", topics=["ops"])
    text = exported(memory)
    assert text.startswith("amberfile: 1\nscope:\n  space: default\n")
    assert "text: |-\n  First line\n  second line\n" in text
    assert "\ntopics:\n  - ops\n" in text


def test_times_are_read_as_strings(tmp_path: Path) -> None:
    with amberfile.open("ram:") as memory:
        import_path(memory, written(tmp_path, HEADER + ITEM))
        [item] = memory.get("a")
        assert item.updated_at.isoformat() == "2026-01-01T00:00:00+00:00"


def test_the_file_is_known_by_its_header_not_by_its_name(tmp_path: Path) -> None:
    with amberfile.open("ram:") as memory:
        text = f"---\n{HEADER}{ITEM}"
        assert import_path(memory, written(tmp_path, text, "notes.txt")) == Imported(items=1)
        with pytest.raises(InvalidInput, match="no kind"):
            import_path(memory, written(tmp_path, "a: 1\n"))


BILLION = "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (f"a: &a [lol]\n{BILLION}", "anchor"),
        ("a: *a", "anchor"),
        ("type: &x item", "anchor"),
        ("a: !!python/object/apply:os.system ['true']", "a tag"),
        ("a: !!str 7", "a tag"),
        ("!!map {a: 1}", "a tag"),
        ("a: ! x", "a tag"),
        ("[" * 50_000, "levels deep"),
        ("a: " * 3, "no YAML"),
        ("- " * 300 + "a", "levels deep"),
        ("{a: 1, a: 2}", "again"),
        ("? [a]\n: b", "a key"),
        ('a: "\x01"', "no YAML"),
        ('a: "\\ud800"', ""),
        ("a: [", "no YAML"),
        ("7", "neither"),
        ("type: item\nid: 7", "neither"),
        ("type: item\nid: a\ntext: 7\nchange: created", "text=7"),
        ("type: item\nid: a\ntext: x\nchange: created\nupdated_at: 7", "no time"),
        ("type: item\nid: a\ntext: x\nchange: [created]", "unknown"),
        ("type: message\nid: a\nsession: s\nrole: user\nparts: 7", "missing"),
        ("type: escaped\ndata: '!'", "damaged data"),
        ("type: escaped\ndata: 7", "damaged data"),
    ],
)
def test_a_hostile_document_is_one_error_with_its_line(
    tmp_path: Path, document: str, told: str
) -> None:
    with amberfile.open("ram:") as memory:
        path = written(tmp_path, HEADER + document + "\n")
        with pytest.raises(InvalidInput, match="line ") as raised:
            import_path(memory, path)
        assert told in str(raised.value)
        assert memory.find().items == ()


def test_what_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(HEADER.encode() + b"a: \xff\n")
    with amberfile.open("ram:") as memory, pytest.raises(InvalidInput, match="no YAML"):
        import_path(memory, path)


def test_a_document_that_does_not_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_read, "LARGEST", 100_000)
    path = written(tmp_path, HEADER + ITEM + f"---\ntype: item\ntext: {'x' * 200_000}\n")
    with amberfile.open("ram:") as memory, pytest.raises(InvalidInput, match="longer than"):
        import_path(memory, path)


def test_many_small_documents_may_be_longer_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_read, "LARGEST", 50_000)
    text = "---\n".join([HEADER.removesuffix("---\n"), *[ITEM] * 2_000])
    with amberfile.open("ram:") as memory:
        assert import_path(memory, written(tmp_path, text)) == Imported(items=1, known=1_999)


@given(st.text() | st.text("a: -\n[]{}\"'&*!|>#%@,?", max_size=30))
def test_any_text_is_a_value_or_one_damage(text: str) -> None:
    with suppress(Damage):
        yaml_read.value(text)


@given(
    JSON, st.sampled_from(["id", "text", "change", "updated_at", "topics", "metadata", "source"])
)
def test_any_value_in_place_of_a_part_is_taken_or_refused(value: Any, name: str) -> None:
    record = {"type": "item", "id": "a", "text": "x", "change": "created"}
    record |= {"updated_at": "2026-01-01T00:00:00Z", name: value}
    with tempfile.TemporaryDirectory() as folder, amberfile.open("ram:") as memory:
        path = written(Path(folder), HEADER + block(record))
        with suppress(InvalidInput):
            import_path(memory, path)


def test_without_pyyaml_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "amberfile.transfer.own.yaml_read", raising=False)
    monkeypatch.delattr("amberfile.transfer.own.yaml_read", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)
    with amberfile.open("ram:") as memory:
        memory.remember("x")
        path = written(tmp_path, exported(memory))
        with pytest.raises(MissingExtra, match=r"amberfile\[yaml\]"):
            import_path(memory, path)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_string_is_in_utf_8_and_shows_no_control(text: str) -> None:
    with amberfile.open("ram:") as memory:
        memory.remember(text, metadata={text: text})
        shown = exported(memory)
        assert all(char.isprintable() or char in "\n\t" for char in shown)
