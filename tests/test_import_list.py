"""Memories as text, one a line: marks and days come off, headings are topics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amberfile
from amberfile import InvalidInput, Memory
from amberfile.testing.hostile import HOSTILE
from amberfile.transfer import Imported, import_path

PASTED = """\
```
# Work ##
[2025-03-01] - Ada leads the compiler team.
[unknown] - She prefers short answers.

- Lives in Lisbon
* Has a cat, Pretzel
12) Speaks Portuguese
## Food
• [TODO] is how she marks open ends
---
Vegetarian. -1 is not a mark
```
"""


@pytest.fixture
def memory() -> Iterator[Memory]:
    with amberfile.open("ram:") as memory:
        yield memory


def test_each_line_is_a_note_without_its_marks(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "memories.txt"
    path.write_text(PASTED)
    assert import_path(memory, path, format="list") == Imported(items=7)
    items = list(memory.find())[::-1]
    assert [(item.text, item.topics) for item in items] == [
        ("Ada leads the compiler team.", ("Work",)),
        ("She prefers short answers.", ("Work",)),
        ("Lives in Lisbon", ("Work",)),
        ("Has a cat, Pretzel", ("Work",)),
        ("Speaks Portuguese", ("Work",)),
        ("[TODO] is how she marks open ends", ("Food",)),
        ("Vegetarian. -1 is not a mark", ("Food",)),
    ]
    assert items[0].created_at.isoformat() == "2025-03-01T00:00:00+00:00"
    assert items[1].source == amberfile.Source("import", "memories.txt")


def test_a_list_that_grew_adds_only_what_is_new(memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "march.txt").write_text("- one\n- two\n")
    (tmp_path / "april.txt").write_text("three\none\n* two\n")
    import_path(memory, tmp_path / "march.txt", format="list")
    done = import_path(memory, tmp_path / "april.txt", format="list")
    assert done == Imported(items=1, known=2)


def test_text_is_no_list_unless_it_is_said(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "memories.txt"
    path.write_text(PASTED)
    with pytest.raises(InvalidInput, match="--format"):
        import_path(memory, path)
    assert memory.find().items == ()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_is_taken_or_refused(memory: Memory, tmp_path: Path, text: str) -> None:
    path = tmp_path / "memories.txt"
    path.write_bytes(f"- {text}".encode("utf-8", "surrogatepass"))
    is_text = not any("\ud800" <= one <= "\udfff" for one in text)
    refused = "not UTF-8" if not is_text else None
    with pytest.raises(InvalidInput, match=refused) if refused else nullcontext():
        import_path(memory, path, format="list")


@given(text=st.text(alphabet=st.sampled_from("-*# [2025]:.)ab\n\r\t\u2028")))
def test_a_second_import_adds_nothing(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "memories.txt"
    path.write_text(text, newline="")
    with amberfile.open("ram:") as memory:
        done = import_path(memory, path, format="list")
        again = import_path(memory, path, format="list")
    assert again == Imported(known=done.items + done.known)
