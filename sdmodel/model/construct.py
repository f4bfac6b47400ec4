"""A row of the list of what model files may say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Construct:
    """One function or construct.

    ``vensim`` and ``xmile`` are how it is written (empty where the language lacks it),
    ``meaning`` says what it gives, in formulas where it can. ``beyond`` says where this
    differs from PySD 3.14 or goes past it.
    """

    keys: tuple[str, ...]
    vensim: str
    xmile: str
    meaning: str
    beyond: str = ""
