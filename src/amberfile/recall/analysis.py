"""Text to terms: what an entry is found by, and what a question asks for.

The words come from FTS5's unicode61 tokenizer (case and accents folded) and
its Porter stemmer, reached through apsw. Ours on top: irregular forms,
identifiers whole and in their parts, two-character pieces of scripts that
write without spaces, emoji. Both sides pass through here, so they meet.

`VERSION` names the rules. Stores hold terms made by them; a change of the
rules is a change of the version and a migration.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from itertools import chain
from typing import cast

import apsw

from amberfile.recall.english import IRREGULAR, STOP_WORDS

VERSION = 1

MAX_TERM = 64
"""Characters of a term; longer ones are cut, on both sides alike."""

MAX_QUERY_TERMS = 64
"""A question's first so many different terms count; it may be a pasted page."""

_TOKENIZE = apsw.FTS5_TOKENIZE_DOCUMENT
_MAX_KNOWN = 50_000

# "favorite_language", "net-30", "ana@example.com", "14:00", "C++", "C#"
_IDENTIFIER = re.compile(r"(?<![^\W_])[^\W_]++(?:(?:[-_./@+:#]++[^\W_]++)++[+#]*+|[+#]++)")
_CAMEL_CASE = re.compile(r"[a-z0-9][A-Z]")
_CAMEL_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]++|[0-9]++")

# Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese: no spaces between words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")


def terms(text: str, *, stop_words: bool = False) -> list[str]:
    """The terms of `text`, with repeats, in no particular order.

    Args:
        stop_words: keep them. Without, they go unless nothing else is left,
            so that a band called The Who has terms.

    Never fails: what no word can be made of (marks, control characters, lone
    surrogates) separates words. [] when there is none.

    >>> terms("When is the deploy window?")
    ['deploy', 'window']
    >>> sorted(terms("net-30"))
    ['30', 'net', 'net-30']
    """
    words = text.split()
    if not words:
        return []
    if stop_words:
        return list(chain.from_iterable(map(_full_lexicon.__getitem__, words)))
    return list(chain.from_iterable(map(_lexicon.__getitem__, words))) or terms(
        text, stop_words=True
    )


def query_terms(query: str, *, stop_words: bool = False) -> list[str]:
    """The different terms of a question, sorted; at most `MAX_QUERY_TERMS`."""
    distinct = dict.fromkeys(terms(query, stop_words=stop_words))
    return sorted(list(distinct)[:MAX_QUERY_TERMS])


def only_stop_words(query: str) -> bool:
    """Whether `query` has words, and all of them are stop words."""
    words = query.split()
    return not any(_lexicon[word] for word in words) and bool(terms(query))


def query_words(query: str) -> list[str]:
    """The different words of a question before stemming, sorted, for a search by their parts."""
    spaced, pieces = _unspaced_pieces(query)
    words = [word for word in _surface(spaced) if word not in STOP_WORDS] + pieces
    return sorted(set(words))[:MAX_QUERY_TERMS]


def _terms_of(word: str, *, stop_words: bool) -> tuple[str, ...]:
    """The terms of what stands between two spaces."""
    spaced, pieces = _unspaced_pieces(word)
    plain = [w for w in _surface(spaced) if stop_words or w not in STOP_WORDS]
    names = [_fold(name) for name in _IDENTIFIER.findall(word)]
    return (*map(_stem, plain), *names, *_camel_parts(word), *pieces)


def _unspaced_pieces(text: str) -> tuple[str, list[str]]:
    """`text` without what the tokenizer cannot part, and the pieces of that."""
    if text.isascii():
        return text, []
    text = unicodedata.normalize("NFKC", text)
    pieces = [piece for run in _UNSPACED.findall(text) for piece in _pairs(run)]
    return _UNSPACED.sub(" ", text), pieces + _EMOJI.findall(text)


def _pairs(run: str) -> list[str]:
    """Every two neighbouring characters; a single one stays as it is.

    >>> _pairs("東京都")
    ['東京', '京都']
    """
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _camel_parts(word: str) -> list[str]:
    """The stems of the parts of `camelCase`; [] for other words."""
    if not _CAMEL_CASE.search(word):
        return []
    parts = [part.lower() for part in _CAMEL_PARTS.findall(word)]
    return [_stem(part) for part in parts if part not in STOP_WORDS]


def _fold(name: str) -> str:
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name)
        name = "".join(c for c in decomposed if not unicodedata.combining(c))
    return name.lower()[:MAX_TERM]


class _Tokenizers(threading.local):
    """FTS5's tokenizers, on a connection of this thread's own: they are not to be shared."""

    def __init__(self) -> None:
        self.connection = apsw.Connection(":memory:")
        words = ["unicode61", "remove_diacritics", "2"]
        self.words = self.connection.fts5_tokenizer(words[0], words[1:])
        self.stems = self.connection.fts5_tokenizer("porter", words)


_tokenizers = _Tokenizers()


def _surface(text: str) -> list[str]:
    """Words as written, case and accents folded."""
    return _run(_tokenizers.words, text)


def _run(tokenizer: apsw.FTS5Tokenizer, text: str) -> list[str]:
    utf8 = text.encode("utf-8", "replace")
    words = tokenizer(utf8, _TOKENIZE, None, include_offsets=False, include_colocated=False)
    return cast("list[str]", words)


def _stem(word: str) -> str:
    """The term of one folded word, stop word or not."""
    word = IRREGULAR.get(word, word)
    stems = _run(_tokenizers.stems, word)
    stem = stems[0] if len(stems) == 1 else word
    if len(stem) > 2 and stem[-1] == "i" and stem[-2] in "aeou":
        stem = stem[:-1] + "y"  # Porter parts deploy (deploi) from deployment (deploy)
    return stem[:MAX_TERM]


class _Lexicon(dict[str, tuple[str, ...]]):
    """The terms of each word met so far.

    A text is mostly words that were met before, so analysing one is a few
    look-ups: 3 µs for a sentence instead of 20.
    """

    def __init__(self, *, stop_words: bool) -> None:
        super().__init__()
        self._stop_words = stop_words

    def __missing__(self, word: str) -> tuple[str, ...]:
        found = _terms_of(word, stop_words=self._stop_words)
        if len(word) <= MAX_TERM:
            if len(self) >= _MAX_KNOWN:
                self.clear()
            self[word] = found
        return found


_lexicon = _Lexicon(stop_words=False)
_full_lexicon = _Lexicon(stop_words=True)
