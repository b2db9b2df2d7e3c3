"""Text and JSON that a terminal shows and does not obey.

Control characters move the cursor and recolour; bidirectional marks show
words in another order than they stand in. Both are written as escapes.
"""

from __future__ import annotations

import json
import re
from typing import Any

_BIDI = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_UNSEEN = re.compile(f"[\x00-\x1f\x7f-\x9f{_BIDI}\ud800-\udfff]")
_UNSEEN_IN_JSON = re.compile(f"[\x7f-\x9f{_BIDI}]")  # json escapes those below \x20


def printable(text: str) -> str:
    r"""`text` on one line, with an escape for each character that is not just shown.

    >>> print(printable("a\nb \x1b[31m \u202e \ud83d"))
    a\nb \x1b[31m \u202e \ud83d
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def json_text(value: Any) -> str:
    r"""`value` as JSON on one line. Lone surrogates stay as they are.

    >>> print(json_text({"a": "é\u202e"}))
    {"a": "é\u202e"}
    """
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
