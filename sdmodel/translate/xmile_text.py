"""The text of an XMILE equation, brought into what PySD's grammar reads.

XMILE reads keywords in any case, leaves out what stands in braces, and lets one choice
follow another (``ELSE IF``); PySD's grammar wants capitals and parentheses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sdmodel.translate.source import keep_signs, without_remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r'"[^"]*"|\b(?:if|then|else)\b|\bmod\b(?!\s*\()|[(),]|[^"(),]', re.IGNORECASE
)
_ENDS = frozenset({")", ",", "THEN", "ELSE"})


def xmile_equation(text: str) -> str:
    """Return an equation with capitals, without remarks, each choice in parentheses."""
    tokens = _tokens(keep_signs(without_remarks(text)))
    reader = _Reader(list(tokens))
    parts: list[str] = []
    while reader.left:
        parts += [reader.expression(), reader.take()]
    return "".join(parts)


def _tokens(text: str) -> Iterator[str]:
    for word in _TOKEN.findall(text):
        upper = word.upper()
        if upper in {"IF", "THEN", "ELSE"}:
            yield upper
        else:
            yield "mod" if upper == "MOD" else word


class _Reader:
    """Reads tokens from left to right; what does not fit is passed on as it is."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0

    @property
    def left(self) -> bool:
        return self.at < len(self.tokens)

    def take(self) -> str:
        """Return the next word, nothing at the end."""
        word = self.tokens[self.at] if self.left else ""
        self.at += 1
        return word

    def expression(self) -> str:
        """Return what stands before the next end of an expression."""
        parts: list[str] = []
        while self.left and self.tokens[self.at] not in _ENDS:
            word = self.take()
            if word == "(":
                parts += [word, self.inner()]
            elif word == "IF":
                parts += ["(IF", self.expression(), self.take()]
                parts += [self.expression(), self.take(), self.expression(), ")"]
            else:
                parts.append(word)
        return "".join(parts)

    def inner(self) -> str:
        """Return the rest of what stands in parentheses, with their end."""
        parts: list[str] = []
        while self.left:
            parts.append(self.expression())
            word = self.take()
            parts.append(word)
            if word == ")":
                break
        return "".join(parts)
