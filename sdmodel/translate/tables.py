"""Tables of a model: from syntax trees and files to points with a rule, each once."""

from __future__ import annotations

from typing import Any, get_args

from sdmodel.model.core import Lookup, Rule
from sdmodel.translate.nouns import EquationError, LackingError


class Tables:
    """The tables met so far; ``all`` holds them by index."""

    def __init__(self) -> None:
        self.all: list[Lookup] = []
        self._index: dict[tuple[object, ...], int] = {}

    def table(
        self, tree: Any, name: str, place: int = 0, how: Rule | None = None
    ) -> int:
        """Return the index of a lookup table; of several, that of one element.

        ``how`` is the rule outside its points, where it is not the table's own.

        Raises
        ------
        EquationError
            If the points are fewer than one, not finite, or share the first x or any
            in a table that does not go along straight lines.
        """
        if type(tree).__name__ == "Series":
            (x, y), rule = tree.tables[place], tree.rule
        else:
            x, y = (tuple(float(v) for v in values) for values in (tree.x, tree.y))
            rule = {"interpolate": "clamp"}.get(tree.type, tree.type)
        rule = how or rule
        if rule not in get_args(Rule):
            msg = f"a lookup of the kind '{rule}'"
            raise LackingError(msg)
        if not x:
            msg = "empty lookup"
            raise EquationError(msg)
        # Two points at one x are a step, but where the table begins.
        steps = rule == "clamp" and list(x) == sorted(x) and x.count(x[0]) == 1
        if len(set(x)) < len(x) and not steps:
            twice = next(v for v in x if x.count(v) > 1)
            msg = f"the lookup has two points at x = {twice:g}"
            raise EquationError(msg)
        if any(v != v or v in (float("inf"), float("-inf")) for v in (*x, *y)):
            msg = "the lookup has a point that is not finite"
            raise EquationError(msg)
        if len(x) == 1 and rule != "exact":
            rule = "clamp"
        return self._keep(name, x, y, rule)

    def _keep(
        self, name: str, x: tuple[float, ...], y: tuple[float, ...], rule: Rule
    ) -> int:
        key = (x, y, rule)
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self.all)
            self.all.append(Lookup(name, x, y, rule))
        return found

    def inverted(self, index: int) -> int:
        """Return the index of the table that leads back from y to x.

        Raises
        ------
        EquationError
            If the values neither rise nor fall all along.
        """
        table = self.all[index]
        points = sorted(zip(table.y, table.x, strict=True))
        back = [x for _, x in points]
        if len(set(table.y)) < len(table.y) or back not in (
            list(table.x),
            list(table.x[::-1]),
        ):
            msg = "LOOKUP INVERT of a table whose values do not rise or fall all along"
            raise EquationError(msg)
        y = tuple(value for value, _ in points)
        return self._keep(f"{table.name} inverted", y, tuple(back), "clamp")
