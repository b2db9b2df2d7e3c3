"""What changed between two versions of a text: nothing is lost, and little is marked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from amberfile.cli import diff
from amberfile.cli.diff import Piece, pieces

TEXTS = st.text(alphabet="ab \n\ud800é", max_size=40)


@given(old=TEXTS, new=TEXTS)
def test_the_pieces_are_both_texts(old: str, new: str) -> None:
    found = pieces(old, new)
    assert "".join(piece.text for piece in found if piece.mark != "+") == old
    assert "".join(piece.text for piece in found if piece.mark != "-") == new
    assert all(piece.text for piece in found)


@given(text=TEXTS)
def test_an_unchanged_text_has_no_marks(text: str) -> None:
    assert all(piece.mark == "" for piece in pieces(text, text))


def test_only_the_words_that_differ_are_marked() -> None:
    assert pieces("the cat sat", "the old cat sat down") == [
        Piece("", "the "),
        Piece("+", "old "),
        Piece("", "cat sat"),
        Piece("+", " down"),
    ]


def test_a_long_part_is_compared_by_lines_and_a_longer_one_as_a_whole() -> None:
    words = "".join(f"word{number}\n" for number in range(diff.MOST - 2))
    assert pieces(f"a b\n{words}", f"a c\n{words}d") == [
        Piece("-", "a b\n"),
        Piece("+", "a c\n"),
        Piece("", words),
        Piece("+", "d"),
    ]
    old, new = "a\n" * (2 * diff.MOST), "b\n" * (2 * diff.MOST)
    assert pieces(f"same\n{old}", f"same\n{new}") == [
        Piece("", "same\n"),
        Piece("-", old),
        Piece("+", new),
    ]
