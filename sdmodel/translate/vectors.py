"""Vector functions: sort, rank, reorder, select, in comparisons and choices.

As in PySD, a vector runs along the last range of the first subscripted name in the
argument, and positions in SORT ORDER and REORDER count from 0, ranks from 1.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Any

from sdmodel.translate.nouns import EquationError, LackingError, Scope
from sdmodel.translate.space import subscript_key
from sdmodel.translate.sums import marked, pairwise
from sdmodel.translate.trees import children

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.model.expr import NodeId
    from sdmodel.translate.lower import Lowering

    Tree = Any
    Args = Sequence[Tree]

MAX_VECTOR = 300
"""Elements of a vector."""


def ranges_of(low: Lowering, tree: Tree) -> list[str]:
    """Return the ranges in the subscripts of the first name in a tree that has some."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if type(item).__name__ == "ReferenceStructure":
            given = getattr(item.subscripts, "subscripts", None) or ()
            space = low.space
            found = [
                name.strip()
                for name in given
                if space.element_name(name) is None
                and space.range_name(name) is not None
            ]
            if found:
                return found
        stack.extend(reversed(list(children(item))))
    msg = "a vector function needs a name with a subscript range"
    raise EquationError(msg)


def along(
    low: Lowering, tree: Tree, scope: Scope, name: str, limit: int = MAX_VECTOR
) -> list[NodeId]:
    """Return the nodes of a tree for each element of a range."""
    key = subscript_key(name)
    members = low.space.members(name)
    if len(members) > limit:
        msg = f"a vector of {len(members)} elements; at most {limit}"
        raise LackingError(msg)
    return [
        low.express(
            tree, Scope(scope.equation, {**scope.binding, key: element}, scope.mode)
        )
        for element in members
    ]


def place_in(low: Lowering, name: str, scope: Scope) -> int:
    """Return the position that the equation's own element has in a range."""
    element = low.space.resolve(name, scope.binding)
    return low.space.members(name).index(element)


def chosen(low: Lowering, index: NodeId, nodes: Sequence[NodeId]) -> NodeId:
    """Return the node at a position that is computed; nan where there is none."""
    op, const = low.build.op, low.build.const
    value = const(float("nan"))
    for i, node in enumerate(nodes):
        value = op("if", op("eq", index, const(float(i))), node, value)
    return value


def ranks(low: Lowering, nodes: Sequence[NodeId]) -> list[NodeId]:
    """Return how many elements stand before each, in ascending order; ties as given."""

    def make() -> list[NodeId]:
        op = low.build.op
        return [
            reduce(
                lambda a, b: op("add", a, b),
                [
                    op("le" if j < i else "lt", other, node)
                    for j, other in enumerate(nodes)
                    if j != i
                ],
                low.build.const(0.0),
            )
            for i, node in enumerate(nodes)
        ]

    return low.once(("ranks", *nodes), make)


def _ascending(low: Lowering, args: Args, scope: Scope) -> NodeId:
    direction = low.express(args[1], scope)
    return low.build.op("gt", direction, low.build.const(0.0))


def sort_order(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """VECTOR SORT ORDER: which element stands at this place when sorted."""
    name = ranges_of(low, args[0])[-1]
    place = place_in(low, name, scope)
    nodes = along(low, args[0], scope, name)
    order, op = ranks(low, nodes), low.build.op

    def at(position: int) -> NodeId:
        value = low.build.const(0.0)
        for i, rank in enumerate(order):
            here = op("eq", rank, low.build.const(float(position)))
            value = op("if", here, low.build.const(float(i)), value)
        return value

    up, down = at(place), at(len(nodes) - 1 - place)
    return op("if", _ascending(low, args, scope), up, down)


def rank(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """VECTOR RANK: the place of this element when sorted, from 1."""
    name = ranges_of(low, args[0])[-1]
    place = place_in(low, name, scope)
    nodes = along(low, args[0], scope, name)
    own, op = ranks(low, nodes)[place], low.build.op
    up = op("add", own, low.build.const(1.0))
    down = op("sub", low.build.const(float(len(nodes))), own)
    return op("if", _ascending(low, args, scope), up, down)


def reorder(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """VECTOR REORDER: the element that the order names for this place."""
    name = ranges_of(low, args[0])[-1]
    nodes = along(low, args[0], scope, name)
    order = ranges_of(low, args[1])[-1]
    places = along(low, args[1], scope, order)
    index = places[place_in(low, order, scope)]
    return chosen(low, low.build.op("integer", index), nodes)


def element(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """VECTOR ELM MAP: the element so many places after the one that is named."""
    tree = args[0]
    given = getattr(getattr(tree, "subscripts", None), "subscripts", None) or ()
    axis = low.axes.get(getattr(tree, "reference", ""), ())[-1:]
    if not given or not axis:
        msg = "VECTOR ELM MAP needs the name of an array with its first element"
        raise EquationError(msg)
    members = low.space.members(axis[0])
    if len(members) > MAX_VECTOR:
        msg = f"a vector of {len(members)} elements; at most {MAX_VECTOR}"
        raise LackingError(msg)
    own = low.space.resolve(given[-1], scope.binding)
    marks = type(tree.subscripts)
    nodes = [
        low.express(type(tree)(tree.reference, marks([*given[:-1], name])), scope)
        for name in members
    ]
    op, const = low.build.op, low.build.const
    # Rounded, as offsets are computed; counted from 1 here, so that all below is one.
    first = const(members.index(own) + 1.5)
    index = op("integer", op("add", low.express(args[1], scope), first))
    return chosen(low, op("sub", index, const(1.0)), nodes)


def element_at(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """XMILE's computed subscript: the element of a number from 1; 0 beyond."""
    op, const = low.build.op, low.build.const
    index = op("integer", low.express(args[0], scope))
    value = const(0.0)
    for i, tree in enumerate(args[1:], start=1):
        here = op("eq", index, const(float(i)))
        value = op("if", here, low.express(tree, scope), value)
    return value


def element_of_rank(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """XMILE's RANK: the flat number, from 1, of the element of a rank; 0 beyond.

    A third argument is an array by which equal elements are put in order.
    """
    nodes, *ties = (_flat(low, tree, scope) for tree in (args[0], *args[2:]))
    if any(len(others) != len(nodes) for others in ties):
        msg = "RANK of two arrays that differ in size"
        raise EquationError(msg)
    for others in ties:
        # Among all places by the second array, those by the first: the order is kept.
        second = ranks(low, others)
        nodes = _merged(low, nodes, second)
    op, const = low.build.op, low.build.const
    wanted = op("sub", low.express(args[1], scope), const(1.0))
    value = const(0.0)
    for i, rank_of in enumerate(ranks(low, nodes), start=1):
        value = op("if", op("eq", rank_of, wanted), const(float(i)), value)
    return value


def _flat(low: Lowering, tree: Tree, scope: Scope) -> list[NodeId]:
    """Return all elements of an array that is marked as run over."""
    ranges = marked(tree)
    if not ranges:
        msg = "RANK takes an array"
        raise EquationError(msg)
    nodes = [
        low.express(
            tree,
            Scope(
                scope.equation,
                {**scope.binding, **dict(zip(ranges, elements, strict=True))},
                scope.mode,
            ),
        )
        for elements in low.space.combinations(ranges.values())
    ]
    if len(nodes) > MAX_VECTOR:
        msg = f"a vector of {len(nodes)} elements; at most {MAX_VECTOR}"
        raise LackingError(msg)
    return nodes


def _merged(
    low: Lowering, nodes: Sequence[NodeId], ties: Sequence[NodeId]
) -> list[NodeId]:
    """Return numbers in the order of nodes, equal ones in that of their ties."""
    op, const = low.build.op, low.build.const
    size = const(float(len(nodes)))
    return [
        op(
            "add",
            op(
                "mul",
                size,
                reduce(
                    lambda a, b: op("add", a, b),
                    [op("lt", other, node) for other in nodes],
                ),
            ),
            tie,
        )
        for node, tie in zip(nodes, ties, strict=True)
    ]


def select(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """VECTOR SELECT: one number of those elements whose selection is not zero."""
    ranges = {**marked(args[0]), **marked(args[1])}
    if not ranges:
        msg = "VECTOR SELECT needs a range marked with !"
        raise EquationError(msg)
    scopes = [
        Scope(
            scope.equation,
            {**scope.binding, **dict(zip(ranges, elements, strict=True))},
            scope.mode,
        )
        for elements in low.space.combinations(ranges.values())
    ]
    picks, values = (
        [low.express(tree, item) for item in scopes] for tree in (args[0], args[1])
    )
    missing, action, error = (low.express(tree, scope) for tree in args[2:])
    op, const = low.build.op, low.build.const
    there = [op("ne", pick, const(0.0)) for pick in picks]
    count = pairwise(there, lambda a, b: op("add", a, b))
    number = low.build.graph.nodes[action]
    data = float(number.data or 0.0) if number.op == "const" else math.nan
    if not math.isnan(data):
        if not -1 < data < 11:
            msg = f"the numerical action of VECTOR SELECT is {data:.10g}; it is 0 to 10"
            raise EquationError(msg)
        value = _acted(low, int(data), picks, values, there, count)
    else:
        ways = [_acted(low, k, picks, values, there, count) for k in range(11)]
        value = chosen(low, action, ways)
    none, several = op("eq", count, const(0.0)), op("gt", count, const(1.0))
    value = op("if", none, missing, value)
    # An error that is asked for makes a bad run, with its time and variable.
    few = op("and", none, _either(low, error, 1.0, 3.0))
    many = op("and", several, _either(low, error, 2.0, 3.0))
    return op("if", op("or", few, many), const(float("nan")), value)


def _either(low: Lowering, node: NodeId, a: float, b: float) -> NodeId:
    op, const = low.build.op, low.build.const
    return op("or", op("eq", node, const(a)), op("eq", node, const(b)))


def _acted(
    low: Lowering,
    action: int,
    picks: list[NodeId],
    values: list[NodeId],
    there: list[NodeId],
    count: NodeId,
) -> NodeId:
    op, const = low.build.op, low.build.const
    if action <= 4:
        terms = [op("mul", s, e) for s, e in zip(picks, values, strict=True)]
    elif action == 5:
        # Vensim raises the expression to the selection, whatever its manual says.
        terms = [op("pow", e, s) for s, e in zip(picks, values, strict=True)]
    else:
        terms = values
    kind = {0: "sum", 6: "sum", 4: "mean", 10: "mean", 2: "min", 8: "min"}.get(
        action, "max" if action in {3, 9} else "prod"
    )
    empty = {"min": float("inf"), "max": float("-inf"), "prod": 1.0}.get(kind, 0.0)
    kept = [
        op("if", is_in, term, const(empty))
        for is_in, term in zip(there, terms, strict=True)
    ]
    if kind in {"sum", "mean"}:
        total = pairwise(kept, lambda a, b: op("add", a, b))
        return total if kind == "sum" else op("div", total, count)
    name = {"prod": "mul"}.get(kind, kind)
    return reduce(lambda a, b: op(name, a, b), kept)
