"""The colon in a call of a Vensim macro, ``M(a : y)``, made fit for PySD's parser.

Its grammar knows no colon there. A mark of ours stands in its place as one more
argument, which no file can hold, and is taken out again where calls are written out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = '"\x01:"'
"""A name in quotation marks; no model file may hold its sign, which is no space."""

_SIGN = re.compile(r'"[^"]*"|:(?:AND|OR|NOT|NA):|[():]', re.IGNORECASE)


def marked_calls(text: str, macros: Iterable[str]) -> str:
    """Return an equation with the mark for the colon in calls of these macros."""
    if ":" not in text:
        return text
    names = "|".join(
        r"[\s_]+".join(map(re.escape, re.split(r"[\s_]+", name.strip())))
        for name in macros
    )
    calls = re.compile(rf'"[^"]*"|(?<!\w)(?:{names})\s*\(', re.IGNORECASE)
    places: set[int] = set()
    for call in calls.finditer(text):
        if call[0].startswith('"'):
            continue
        depth = 1
        for sign in _SIGN.finditer(text, call.end()):
            depth += (sign[0] == "(") - (sign[0] == ")")
            if depth == 0:
                break
            if depth == 1 and sign[0] == ":":
                places.add(sign.start())
    parts = (f", {MARK}, " if i in places else char for i, char in enumerate(text))
    return "".join(parts) if places else text
