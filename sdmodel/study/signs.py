"""One minus sign in all that people read."""

from __future__ import annotations

import re

_HYPHEN = re.compile(r"(?<![\w.)\-–−])-(?=\.?\d)")


def minus(text: str) -> str:
    """Return a formatted number with a true minus, and none before zero.

    What a machine reads (JSON, CSV, a value to be typed back) keeps the hyphen.
    """
    if not text.startswith("-"):
        return text
    return "−" + text[1:] if any(c in "123456789" for c in text) else text[1:]


def minuses(text: str) -> str:
    """Return a text whose negative numbers have a true minus; ranges stay as they are.

    For texts that people wrote, such as "stays -8.07 % (-13.05 to -3.1)".
    """
    return _HYPHEN.sub("−", text)
