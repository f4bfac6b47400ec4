"""Everything wrong with a file, gathered over all stages and told at once.

What one stage finds must not hide what the next would find: a definition that cannot be
read is left out, and its name is kept among the spoiled ones, of which nothing more is
said where others use them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sdmodel.errors import ModelFileError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable

Problem = tuple[int | None, str]
"""A line, where there is one, and a sentence."""


@dataclass
class Problems:
    """Everything wrong with a file; unsupported constructs are kept apart."""

    wrong: list[Problem] = field(default_factory=list)
    unsupported: list[Problem] = field(default_factory=list)
    spoiled: set[str] = field(default_factory=set)
    """Keys of what is named in the file, yet could not be read."""
    belts: set[str] = field(default_factory=set)
    """Keys of what leaves conveyors: delays whose time must not change."""
    warned: list[str] = field(default_factory=list)
    """What is no fault, yet should be known."""
    whole: bool = True
    """Whether enough could be read to look at what the equations name."""
    names_only: list[Any] = field(default_factory=list)
    """Components of spoiled variables of which no more than the names can be judged."""

    def __bool__(self) -> bool:
        """Return whether anything is wrong."""
        return bool(self.wrong or self.unsupported)

    def add(self, line: int | None, what: str, *, unsupported: bool = False) -> None:
        """Add one problem with its line."""
        (self.unsupported if unsupported else self.wrong).append((line, what))

    def stop(self, path: str) -> None:
        """Raise what there is, all at once."""
        lacking = [(line, f"{what} (not supported)") for line, what in self.unsupported]
        if self.wrong:
            raise ModelFileError(told(path, [*self.wrong, *lacking]))
        if lacking:
            raise UnsupportedError(told(path, lacking))


def told(path: str, problems: Iterable[Problem]) -> list[str]:
    """Return problems as sentences with file and line, in the file's order."""
    unique = dict.fromkeys(problems)
    ordered = sorted(unique, key=lambda item: item[0] or 0)
    return [
        f"{path}, line {line}: {what}" if line else f"{path}: {what}"
        for line, what in ordered
    ]
