"""Syntax trees as PySD's parsers make them: their parts, copies, and one spelling.

Trees are known by the names of their classes, so that this file does not import PySD
before a model is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    Tree = Any

_XMILE_NAMES = {
    "dt": "time_step",
    "starttime": "initial_time",
    "stoptime": "final_time",
}


def _has_parts(tree: Tree) -> bool:
    """Tell whether a tree has parts; the points of a table are none."""
    table = type(tree).__name__ == "LookupsStructure"
    return hasattr(tree, "__dataclass_fields__") and not table


def children(tree: Tree) -> Iterator[Tree]:
    """Yield the parts of a syntax tree, in order."""
    if isinstance(tree, list | tuple):
        yield from tree
    elif _has_parts(tree):
        for name in tree.__dataclass_fields__:
            yield getattr(tree, name)


def rewrite(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """Return a copy of a syntax tree with every part changed, inner parts first."""
    if isinstance(tree, list | tuple):
        return type(tree)(rewrite(item, change) for item in tree)
    if _has_parts(tree):
        parts = {
            name: rewrite(getattr(tree, name), change)
            for name in tree.__dataclass_fields__
        }
        return change(type(tree)(**parts))
    return tree


def in_one_spelling(tree: Tree, names: Collection[str], *, xmile: bool) -> Tree:
    """Return a tree in which what PySD's parsers leave aside has its usual form.

    ``names`` are the keys of the model's own variables, which go before any other
    meaning of a name.
    """
    from pysd.translators.structures import abstract_expressions as trees

    def change(item: Tree) -> Tree:
        kind = type(item).__name__
        if kind == "CallStructure":
            if type(item.function).__name__ == "CallStructure":
                # The name in PI() was made a call of its own, like any other PI.
                return trees.CallStructure(item.function.function, item.arguments)
            name = item.function.reference
            if name == "delay_material" and len(item.arguments) == 4:
                # With a delay time that is fixed something arrives at every step, so
                # that the fourth argument, for when nothing does, is never asked for.
                return trees.DelayFixedStructure(*item.arguments[:3])
            if xmile and name == "log10" and len(item.arguments) == 1:
                return trees.CallStructure(
                    trees.ReferenceStructure("log"), (*item.arguments, 10)
                )
        elif kind == "ReferenceStructure" and xmile and item.reference not in names:
            name = item.reference
            if name in _XMILE_NAMES:
                return trees.ReferenceStructure(_XMILE_NAMES[name])
            if name == "pi":
                return trees.CallStructure(trees.ReferenceStructure("pi"), ())
        return item

    return rewrite(tree, change)
