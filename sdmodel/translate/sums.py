"""SUM and its like: what marks a range with ``!``, and in which order terms are added.

The order is numpy's, in which PySD's generated code adds.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from sdmodel.translate.nouns import EquationError, LackingError, Scope, SpoiledError
from sdmodel.translate.space import subscript_key
from sdmodel.translate.trees import children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sdmodel.model.expr import NodeId
    from sdmodel.translate.lower import Lowering

    Tree = Any
    Args = Sequence[Tree]
    Fold = Callable[[Lowering, list[NodeId], tuple[int, ...]], NodeId]
    Make = Callable[[Lowering, Args, Scope], NodeId]


def marked(tree: Tree) -> dict[str, str]:
    """Return the ranges marked ``!``, in order, that no inner sum has taken."""
    found: dict[str, str] = {}
    stack = [tree]
    while stack:
        item = stack.pop()
        name = type(item).__name__
        if name == "CallStructure" and item.function.reference in OVER:
            continue
        if name == "SubscriptsReferenceStructure":
            for sub in item.subscripts:
                if sub.strip().endswith("!"):
                    bare = sub.strip()[:-1].strip()
                    found.setdefault(subscript_key(bare) + "!", bare)
            continue
        stack.extend(reversed(list(children(item))))
    return found


def _parts(tree: Tree) -> Iterator[Tree]:
    """Yield a syntax tree and all parts of it."""
    stack = [tree]
    while stack:
        item = stack.pop()
        yield item
        stack.extend(children(item))


def _over(fold: Fold) -> Make:
    def make(low: Lowering, args: Args, scope: Scope) -> NodeId:
        ranges = marked(args[0])
        if not ranges and _is_whole(low, args[0]):
            return fold(low, all_elements(low, args[0], scope), ())
        if not ranges:
            if low.spoiled and any(map(low.unreadable, _parts(args[0]))):
                raise SpoiledError
            msg = "a sum over subscripts needs one marked with !, as in SUM(x[range!])"
            raise EquationError(msg)
        sizes = tuple(len(low.space.members(name)) for name in ranges.values())
        key = _same_for(low, args, scope)
        known = low.sums.get(key)
        if known is not None:
            return known
        nodes = [
            low.express(
                args[0],
                Scope(
                    scope.equation,
                    {**scope.binding, **dict(zip(ranges, chosen, strict=True))},
                    scope.mode,
                ),
            )
            for chosen in low.space.combinations(ranges.values())
        ]
        if not nodes:
            msg = f"nothing to run over: {', '.join(ranges.values())} has no elements"
            raise EquationError(msg)
        value = fold(low, nodes, sizes)
        if key and not low.waits:
            low.sums[key] = value
        return value

    return make


_PLAIN = frozenset({"ReferenceStructure", "ArithmeticStructure"})


def _same_for(low: Lowering, args: Args, scope: Scope) -> tuple[Any, ...]:
    """Return what names a sum that is the same for many elements of its equation.

    Nothing where it may hold draws, states or conditions, which belong to one element.
    """
    names: set[str] = set()
    stack: list[Any] = list(args)
    while stack:
        item = stack.pop()
        if isinstance(item, int | float):
            continue
        if type(item).__name__ not in _PLAIN or low.held:
            return ()
        if type(item).__name__ == "ArithmeticStructure":
            stack.extend(item.arguments)
            continue
        given = getattr(item.subscripts, "subscripts", None) or ()
        if not given and low.dims.get(item.reference, 0):
            return ()
        names |= {subscript_key(sub) for sub in (*given, item.reference.strip('"'))}
    names |= {target for name in names for target in low.space.mapped.get(name, ())}
    own = sorted((k, v) for k, v in scope.binding.items() if k in names)
    return (id(args), scope.mode, *own)


def _is_whole(low: Lowering, tree: Tree) -> bool:
    """Tell whether an argument is an array named without subscripts, as in XMILE."""
    bare = type(tree).__name__ == "ReferenceStructure" and not tree.subscripts
    return bare and low.dims.get(tree.reference, 0) > 0


def all_elements(low: Lowering, tree: Tree, scope: Scope) -> list[NodeId]:
    """Return all elements of an array that a name with its subscripts leaves open."""
    if low.unreadable(tree):
        raise SpoiledError
    if type(tree).__name__ != "ReferenceStructure" or tree.reference not in low.dims:
        msg = "MAX and MIN of one argument take the name of an array"
        raise LackingError(msg)
    name = tree.reference
    given = getattr(tree.subscripts, "subscripts", None) or ()
    allowed = [set(low.space.members(sub.strip())) for sub in given]
    mode = "run" if name in low.constants else scope.mode
    found = [
        low.need(("scalar", mode, name, elements))[0]
        for variable, elements in low.equations
        if variable == name
        and all(e in a for e, a in zip(elements, allowed, strict=False))
    ]
    if not found:
        msg = f"no element of '{name}' is meant"
        raise EquationError(msg)
    return found


def whole(name: str) -> Make:
    """Return the maker of XMILE's MIN or MAX over an array."""

    def make(low: Lowering, args: Args, scope: Scope) -> NodeId:
        nodes = all_elements(low, args[0], scope)
        return reduce(lambda a, b: low.build.op(name, a, b), nodes)

    return make


def pairwise(nodes: list[NodeId], add: Callable[[NodeId, NodeId], NodeId]) -> NodeId:
    """Add in the order of numpy's pairwise summation.

    Fewer than 8 terms one after the other; up to 128 in eight interleaved chains; more
    in two halves, the first a multiple of 8 long (numpy/_core/src/umath/loops_utils).
    """
    count = len(nodes)
    if count < 8:
        return reduce(add, nodes)
    if count <= 128:
        chains = list(nodes[:8])
        for start in range(8, count - count % 8, 8):
            chains = [add(chains[i], nodes[start + i]) for i in range(8)]
        low, high = (
            add(add(a, b), add(c, d)) for a, b, c, d in (chains[:4], chains[4:])
        )
        return reduce(add, nodes[count - count % 8 :], add(low, high))
    half = count // 2
    half -= half % 8
    return add(pairwise(nodes[:half], add), pairwise(nodes[half:], add))


def _sum(low: Lowering, nodes: list[NodeId], sizes: tuple[int, ...]) -> NodeId:
    return pairwise(nodes, lambda a, b: low.build.op("add", a, b))


def _chain(name: str) -> Fold:
    def fold(low: Lowering, nodes: list[NodeId], sizes: tuple[int, ...]) -> NodeId:
        return reduce(lambda a, b: low.build.op(name, a, b), nodes)

    return fold


OVER: Mapping[str, Make] = {
    "sum": _over(_sum),
    "prod": _over(_chain("mul")),
    "vmin": _over(_chain("min")),
    "vmax": _over(_chain("max")),
}
"""Functions over subscripts, as PySD's parsers name them."""
