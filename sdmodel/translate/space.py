"""Subscripts: ranges, their elements, and which element a reference means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod

Binding = Mapping[str, str]
"""Which element each range stands for, by the range's key."""


class SubscriptError(Exception):
    """A subscript that means nothing here; the message says why."""


MAX_SCALARS = 200_000
"""What the subscripts of one variable, and a whole model, may be written out as."""


def subscript_key(name: str) -> str:
    """Return the spelling under which ranges and elements are matched."""
    return " ".join(name.replace("_", " ").split()).casefold()


@dataclass
class Space:
    """The ranges of a model.

    ``ranges`` maps a range's name to its elements in order; ``mapped`` maps the key of
    a range to the keys of ranges whose elements, by position, may stand for its own.
    """

    ranges: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mapped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pairs: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """Of mappings element by element: the own element of each element of a target."""
    _names: dict[str, str] = field(default_factory=dict)
    _elements: dict[str, str] = field(default_factory=dict)
    _main: list[tuple[str, ...]] | None = None

    @classmethod
    def build(
        cls,
        definitions: Iterable[tuple[str, tuple[str, ...] | str, tuple[str, ...]]],
    ) -> Space:
        """Make the space from (name, elements or name of the copied range, mappings).

        Raises
        ------
        SubscriptError
            If a range is defined by itself, copies an unknown one or is empty.
        """
        raw = {name: (value, mapped) for name, value, mapped in definitions}
        space = cls()
        space._names = {subscript_key(name): name for name in raw}
        mapped: dict[str, list[str]] = {}
        for name, (value, targets) in raw.items():
            own = subscript_key(name)
            mapped.setdefault(own, []).extend(subscript_key(item) for item in targets)
            if isinstance(value, str):
                other = subscript_key(value)
                mapped[own].append(other)
                mapped.setdefault(other, []).append(own)
            inner = space._written_out(name, raw, ())
            space.ranges[name] = tuple(islice(inner, MAX_SCALARS + 1))
            if len(space.ranges[name]) > MAX_SCALARS:
                msg = f"the range '{name}' has more than {MAX_SCALARS} elements"
                raise SubscriptError(msg)
        space.mapped = {key: tuple(value) for key, value in mapped.items()}
        for elements in space.ranges.values():
            for element in elements:
                space._elements.setdefault(subscript_key(element), element)
        return space

    def _written_out(
        self,
        name: str,
        raw: Mapping[str, tuple[tuple[str, ...] | str, tuple[str, ...]]],
        above: tuple[str, ...],
    ) -> Iterator[str]:
        if name in above:
            msg = f"the range '{name}' contains itself: {' → '.join([*above, name])}"
            raise SubscriptError(msg)
        value = raw[name][0]
        for item in (value,) if isinstance(value, str) else value:
            inner = self._names.get(subscript_key(item))
            if inner is not None:
                yield from self._written_out(inner, raw, (*above, name))
            elif isinstance(value, str):
                msg = f"the range '{name}' copies '{value}', which is not defined"
                raise SubscriptError(msg)
            else:
                yield item

    def range_name(self, name: str) -> str | None:
        """Return the true name of a range, or None."""
        return self._names.get(subscript_key(name))

    def element_name(self, name: str) -> str | None:
        """Return the true name of an element, or None."""
        return self._elements.get(subscript_key(name))

    def members(self, name: str) -> tuple[str, ...]:
        """Return the elements that a subscript of a left-hand side stands for.

        Raises
        ------
        SubscriptError
            If it is neither a range nor an element.
        """
        element = self.element_name(name)
        if element is not None:
            return (element,)
        found = self.range_name(name)
        if found is None:
            msg = f"no subscript range or element '{name}'"
            raise SubscriptError(msg)
        return self.ranges[found]

    def bindings(
        self, subscripts: Iterable[str]
    ) -> Iterator[tuple[Binding, tuple[str, ...]]]:
        """Yield each combination of a left-hand side: binding and elements.

        Raises
        ------
        SubscriptError
            If a subscript is neither a range nor an element, or there are more
            combinations than a model may have scalars.
        """
        names = list(subscripts)
        keys = [
            None if self.element_name(name) is not None else subscript_key(name)
            for name in names
        ]
        for elements in self.combinations(names):
            binding = {
                key: element
                for key, element in zip(keys, elements, strict=True)
                if key is not None
            }
            yield binding, elements

    def combinations(self, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
        """Return all combinations of the elements of these ranges, counted first.

        Raises
        ------
        SubscriptError
            If they are more than a model may have scalars.
        """
        members = [self.members(name) for name in names]
        count = prod(len(item) for item in members)
        if count > MAX_SCALARS:
            msg = f"{count} combinations of subscripts; at most {MAX_SCALARS}"
            raise SubscriptError(msg)
        return product(*members)

    def resolve(
        self, subscript: str, binding: Binding, others: Iterable[str] = ()
    ) -> str:
        """Return the element that a subscript of a reference means.

        ``binding`` holds the ranges of the left-hand side, and those marked ``!``
        under their key with the mark. ``others`` are the subscripts beside it.

        Raises
        ------
        SubscriptError
            If it is unknown, or a range that nothing here gives an element to.
        """
        name = subscript.strip()
        if name.endswith("!"):
            key = subscript_key(name[:-1]) + "!"
            if key in binding:
                return binding[key]
            msg = f"'{name}' stands outside SUM, PROD, VMIN and VMAX"
            raise SubscriptError(msg)
        element = self.element_name(name)
        if element is not None:
            return element
        found = self.range_name(name)
        if found is None:
            msg = f"no subscript range or element '{name}'"
            raise SubscriptError(msg)
        key = subscript_key(name)
        if key in binding:
            return binding[key]
        beside = {subscript_key(other) for other in others}
        for target in self.mapped.get(key, ()):
            if target in binding and target not in beside:
                return self._by_position(found, target, binding[target])
        msg = (
            f"the range '{found}' is not one of the equation's left-hand side, nor "
            "mapped to one"
        )
        raise SubscriptError(msg)

    def pair(self, name: str, target: str, listed: Iterable[str]) -> None:
        """Map a range to another element by element, or to groups of elements.

        Raises
        ------
        SubscriptError
            If the list does not name one element or subrange for each element.
        """
        mine, found = self.ranges[name], self.range_name(target)
        groups = [self.members(item.strip()) for item in listed]
        if found is None or len(groups) != len(mine):
            msg = f"'{name}' has {len(mine)} elements, its mapping to '{target}' "
            raise SubscriptError(msg + f"{len(groups)}")
        table = {
            theirs: own
            for own, group in zip(mine, groups, strict=True)
            for theirs in group
        }
        self.pairs[subscript_key(name), subscript_key(target)] = table

    def _by_position(self, found: str, target: str, element: str) -> str:
        table = self.pairs.get((subscript_key(found), target))
        if table is not None and element in table:
            return table[element]
        other = self.ranges[self._names[target]]
        mine = self.ranges[found]
        if len(mine) != len(other):
            msg = (
                f"'{found}' has {len(mine)} elements and '{self._names[target]}', to "
                f"which it is mapped, {len(other)}"
            )
            raise SubscriptError(msg)
        return mine[other.index(element)]

    def number(self, name: str, binding: Binding) -> int | None:
        """Return the position of a subscript used as a number, or None if it is none.

        Counted from 1 in the last range of the file that holds it and is itself held
        by none, as PySD does.
        """
        if self.range_name(name) is not None:
            element = self.resolve(name, binding)
            own = set(self.ranges[self.range_name(name) or ""])
        else:
            found = self.element_name(name)
            if found is None:
                return None
            element, own = found, {found}
        homes = [home for home in self._mains() if own <= set(home)]
        return homes[-1].index(element) + 1

    def _mains(self) -> list[tuple[str, ...]]:
        """Return the ranges that no other range holds, in the file's order.

        Of several with the same elements it is the first by the alphabet.
        """
        if self._main is None:
            sets = {name: frozenset(own) for name, own in self.ranges.items()}
            first: dict[frozenset[str], str] = {}
            for name in sorted(sets, key=subscript_key, reverse=True):
                first[sets[name]] = name
            self._main = [
                self.ranges[name]
                for name, own in sets.items()
                if first[own] == name and not any(own < other for other in first)
            ]
        return self._main

    def dims(
        self, elements: Iterable[tuple[str, ...]], given: Iterable[tuple[str, ...]]
    ) -> tuple[str, ...]:
        """Return the range of each dimension of a variable from its elements.

        ``given`` are the subscripts as written in each definition: a range among them
        that fits goes before any other.
        """
        columns = [dict.fromkeys(column) for column in zip(*elements, strict=True)]
        written = [list(column) for column in zip(*given, strict=True)]
        chosen: list[str] = []
        for own, names in zip(columns, written, strict=True):
            wanted = set(own)
            preferred = [found for name in names if (found := self.range_name(name))]
            fits = [
                name
                for name in [*preferred, *self.ranges]
                if wanted <= set(self.ranges[name])
            ]
            free = [name for name in fits if name not in chosen] or fits
            exact = [name for name in free if wanted == set(self.ranges[name])]
            # sorted() is stable: among equally small ranges the first defined one.
            smallest = sorted(free, key=lambda name: len(self.ranges[name]))
            chosen.append((exact or smallest)[0])
        return tuple(chosen)
