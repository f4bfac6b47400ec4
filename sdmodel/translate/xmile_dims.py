"""The dimensions of an XMILE file, and where in it an equation stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdmodel.errors import did_you_mean
from sdmodel.translate.guard import local_name
from sdmodel.translate.source import MAX_DEFINITIONS
from sdmodel.translate.space import MAX_SCALARS
from sdmodel.translate.xmile_expr import ExpressionError, key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element


@dataclass
class Dims:
    """The dimensions of a file: names by key, elements by name, and parts of them."""

    names: dict[str, str] = field(default_factory=dict)
    elements: dict[str, tuple[str, ...]] = field(default_factory=dict)
    guessed: set[str] = field(default_factory=set)
    """Dimensions of which nobody can tell what elements they should have."""

    def add(self, name: str, elements: Sequence[str]) -> None:
        """Add a dimension, or a part or a double of one."""
        self.names[key_of(name)] = name
        self.elements[name] = tuple(elements)

    def read(self, node: _Element) -> str:
        """Add the dimension of a ``<dim>``; return what is wrong with it, or nothing.

        A dimension that is wrong is added all the same, so that what uses it can be
        looked at; where it names no elements, it is a guess.
        """
        name, size = node.get("name", ""), node.get("size", "").strip()
        elements = [
            item.get("name", "")
            for item in node.iterchildren("*")
            if local_name(item) == "elem"
        ]
        number = (
            int(size) if size.isascii() and size.isdigit() and len(size) < 10 else 0
        )
        allowed = f"a whole number from 1 to {MAX_DEFINITIONS}"
        problem = ""
        if key_of(name) in self.names:
            self.guessed.add(self.names[key_of(name)])
            return f"the dimension '{name}' is defined again"
        if size and not 0 < number <= MAX_DEFINITIONS:
            problem = f"the dimension '{name}': size '{size[:40]}'; allowed: {allowed}"
        elif elements and size and number != len(elements):
            problem = (
                f"the dimension '{name}': size '{size}', yet it names "
                f"{len(elements)} elements; leave one of the two out"
            )
        elif len({key_of(item) for item in elements}) < len(elements):
            unique = {key_of(item): item for item in reversed(elements)}
            twice = next(item for item in elements if item not in unique.values())
            problem = (
                f"the dimension '{name}': the element '{twice}' stands in it twice"
            )
            elements = [item for item in elements if item in unique.values()]
        elif len(elements) > MAX_DEFINITIONS:
            problem = (
                f"the dimension '{name}': {len(elements)} elements; at most "
                f"{MAX_DEFINITIONS} are read"
            )
        elif not elements and not size:
            problem = (
                f"the dimension '{name}' has no elements; give it <elem name=…/> or "
                f"size=…, {allowed}"
            )
        have = sum(map(len, self.elements.values()))
        if not problem and have + (len(elements) or number) > MAX_SCALARS:
            problem = f"the dimensions have more than {MAX_SCALARS} elements in all"
            elements = []
        if problem and (not elements or len(elements) > MAX_DEFINITIONS):
            self.guessed.add(name)
            elements = []
        if not elements:
            elements = [str(i + 1) for i in range(number if not problem else 1)]
        self.add(name, elements)
        return problem

    def sure(self, axes: Sequence[str]) -> bool:
        """Tell whether the elements of all these dimensions are known."""
        return all(axis in self.elements and axis not in self.guessed for axis in axes)

    def require(self, axes: Sequence[str]) -> None:
        """Ask whether the file has all these dimensions.

        Raises
        ------
        ExpressionError
            If it lacks one.
        """
        for axis in axes:
            if axis not in self.elements:
                msg = f"no dimension '{axis}'{did_you_mean(axis, self.elements)}"
                raise ExpressionError(msg)

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
