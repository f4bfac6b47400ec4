"""INVERT MATRIX: written out where it is small, else an operation of the engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.translate.nouns import EquationError, Scope
from sdmodel.translate.space import subscript_key
from sdmodel.translate.vectors import along, place_in, ranges_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.model.expr import NodeId
    from sdmodel.translate.lower import Lowering

    Tree = Any
    Args = Sequence[Tree]

MAX_MATRIX = 100
"""Rows of a matrix."""

WRITTEN_OUT = 8
"""Rows of a matrix whose inverse is written out; a larger one is a loop of the engines,
since 4 n³ operations would take minutes to compile."""


def _apart(tree: Tree, left: Sequence[str]) -> Tree:
    """Tell rows from columns in ``m[R,R]``, by the last two ranges of the left side."""
    own: Any = getattr(tree, "subscripts", None)
    given = [name.strip() for name in getattr(own, "subscripts", None) or ()]
    if len(given) < 2 or len(left) < 2:
        return tree
    last = [subscript_key(name) for name in given[-2:]]
    wanted = [subscript_key(name) for name in left[-2:]]
    if last[0] != last[1] or wanted[0] == wanted[1] or last[0] not in wanted:
        return tree
    return type(tree)(tree.reference, type(own)([*given[:-2], *left[-2:]]))


class _Itself:
    """A tree as a key: itself, not one like it; kept, so that its place is its own."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def __hash__(self) -> int:
        return id(self.tree)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.tree is self.tree


def invert(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """INVERT MATRIX over the last two ranges, by elimination with pivots."""
    matrix = _apart(args[0], scope.equation.component.subscripts)
    names = ranges_of(low, matrix)
    if len(names) < 2:
        msg = "INVERT MATRIX needs a name with two subscript ranges"
        raise EquationError(msg)
    row, column = names[-2:]
    size = len(low.space.members(row))
    if size != len(low.space.members(column)):
        msg = f"INVERT MATRIX of {row} by {column}, which differ in size"
        raise EquationError(msg)
    i, j = place_in(low, row, scope), place_in(low, column, scope)
    key, other = subscript_key(row), subscript_key(column)

    def elements() -> list[NodeId]:
        found: list[NodeId] = []
        for element in low.space.members(row):
            binding = {**scope.binding, key: element}
            inner = Scope(scope.equation, binding, scope.mode)
            found += along(low, matrix, inner, column, MAX_MATRIX)
        return found

    # All elements of the inverse share the matrix, whose ranges it runs over.
    free = {k: e for k, e in scope.binding.items() if k not in {key, other}}
    place = (scope.mode, *sorted(free.items()))
    flat = low.once(("matrix", _Itself(args[0]), place), elements)
    rows = [flat[k : k + size] for k in range(0, size**2, size)]
    if size > WRITTEN_OUT:
        whole = low.build.op("inverse", *flat, data=size)
        return low.build.op("part", whole, data=i * size + j)
    inverse = low.once(("inverse", *flat), lambda: _inverse(low, rows))
    return inverse[i * size + j]


def _inverse(low: Lowering, rows: list[list[NodeId]]) -> list[NodeId]:
    op, const, size = low.build.op, low.build.const, len(rows)
    table = [
        [*line, *(const(float(i == j)) for j in range(size))]
        for i, line in enumerate(rows)
    ]
    for k in range(size):
        # The largest element below becomes the pivot, as in LAPACK's getrf.
        for i in range(k + 1, size):
            larger = op("gt", op("abs", table[i][k]), op("abs", table[k][k]))
            for j in range(k, 2 * size):
                a, b = table[k][j], table[i][j]
                table[k][j] = op("if", larger, b, a)
                table[i][j] = op("if", larger, a, b)
        for i in range(k + 1, size):
            factor = op("div", table[i][k], table[k][k])
            for j in range(k + 1, 2 * size):
                part = op("mul", factor, table[k][j])
                table[i][j] = op("sub", table[i][j], part)
    for k in reversed(range(size)):
        for j in range(size, 2 * size):
            value = table[k][j]
            for i in range(k + 1, size):
                value = op("sub", value, op("mul", table[k][i], table[i][j]))
            table[k][j] = op("div", value, table[k][k])
    return [node for line in table for node in line[size:]]
