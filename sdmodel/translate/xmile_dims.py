"""The dimensions of an XMILE file, and where in it an equation stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdmodel.translate.xmile_expr import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Dims:
    """The dimensions of a file: names by key, elements by name, and parts of them."""

    names: dict[str, str] = field(default_factory=dict)
    elements: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, name: str, elements: Sequence[str]) -> None:
        """Add a dimension, or a part or a double of one."""
        self.names[key_of(name)] = name
        self.elements[name] = tuple(elements)

    def part(self, name: str, elements: Sequence[str]) -> str:
        """Return the name of a range with these elements of a dimension."""
        label = f"{name} {elements[0]} to {elements[-1]}"
        self.add(label, elements)
        return label

    def double(self, name: str, taken: set[str]) -> str:
        """Return another name for a dimension that is run over twice at once."""
        if name not in taken:
            return name
        number = 2
        while f"{name} {number}" in taken:
            number += 1
        label = f"{name} {number}"
        self.add(label, self.elements[name])
        return label

    def apart(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the subscripts of a left-hand side, each dimension only once."""
        found: list[str] = []
        for name in names:
            known = name in self.elements
            found.append(self.double(name, set(found)) if known else name)
        return tuple(found)

    def element(self, name: str, given: str) -> str | None:
        """Return the element of a dimension that a name or a number means."""
        own = self.elements[name]
        for element in own:
            if key_of(element) == key_of(given):
                return element
        if given.isdigit() and 0 < int(given) <= len(own):
            return own[int(given) - 1]
        return None


@dataclass(frozen=True)
class Home:
    """Where an equation stands: its module, variable and subscripts.

    ``own`` are the subscripts on the left-hand side, dimensions or elements, and
    ``axes`` the dimension of each.
    """

    prefix: str
    name: str
    own: tuple[str, ...]
    axes: tuple[str, ...]
