"""Arguments of XMILE's macros that a call may leave out: ``<parm default="3">``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.translate.guard import line_of
from sdmodel.translate.source import name_key
from sdmodel.translate.trees import rewrite
from sdmodel.translate.xmile_calls import call
from sdmodel.translate.xmile_expr import ExpressionError, expression, key_of
from sdmodel.translate.xmile_parts import children

if TYPE_CHECKING:
    from lxml.etree import _Element

    from sdmodel.translate.faults import Problems

    Tree = Any


class Defaults:
    """What stands for the arguments that calls of a file's macros leave out."""

    def __init__(self, root: _Element, problems: Problems) -> None:
        """Read the macros of a file; a default that cannot be read is a problem."""
        self.known: dict[str, list[Tree]] = {}
        for macro in children(root, "macro"):
            given = [
                (node, node.get("default", "")) for node in children(macro, "parm")
            ]
            trees: list[Tree] = []
            for node, text in given:
                try:
                    trees.append(expression(text, call) if text.strip() else None)
                except ExpressionError as error:
                    trees.append(None)
                    name = macro.get("name", "")
                    what = (
                        f"the macro '{name}': the default '{text[:60]}' of "
                        f"'{node.text}' cannot be read ({error})"
                    )
                    problems.add(line_of(node), what)
                    problems.spoiled.add(name_key(name))
            self.known[key_of(macro.get("name", ""))] = trees

    def filled(self, tree: Tree) -> Tree:
        """Return a tree in which every call of a macro has all arguments it can have.

        A call that leaves out one without a default stays as it is, to be refused.
        """
        return rewrite(tree, self._fill) if self.known else tree

    def _fill(self, item: Tree) -> Tree:
        if type(item).__name__ != "CallStructure":
            return item
        defaults = self.known.get(key_of(item.function.reference), [])
        missing = defaults[len(item.arguments) :]
        if not missing or any(tree is None for tree in missing):
            return item
        return type(item)(item.function, (*item.arguments, *missing))
