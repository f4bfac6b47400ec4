"""The parts of one XMILE variable: equations, graphical functions, flows, limits."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from sdmodel.translate.guard import local_name
from sdmodel.translate.xmile_belts import belt_of, names_in, off_the_belt
from sdmodel.translate.xmile_calls import call
from sdmodel.translate.xmile_expr import (
    ExpressionError,
    expression,
    key_of,
    numbers_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

    from sdmodel.translate.xmile_dims import Dims

    Tree = Any

_RULES = {
    "continuous": "interpolate",
    "extrapolate": "extrapolate",
    "discrete": "hold_backward",
}
_PLAIN = re.compile(r"[^-+*/^()\[\]<>=,;:\"]+\Z")


def children(node: _Element, tag: str) -> Iterator[_Element]:
    """Yield the elements right below a node that have a tag."""
    for item in node.iterchildren("*"):
        if local_name(item) == tag:
            yield item


def child(node: _Element, tag: str) -> _Element | None:
    """Return the first element right below a node that has a tag."""
    return next(children(node, tag), None)


def text_of(node: _Element | None) -> str:
    """Return the text of an element without blanks around it."""
    return str(node.text or "").strip() if node is not None else ""


class Parts:
    """Reads the variables of one file."""

    def __init__(self, dims: Dims) -> None:
        """Take the dimensions of the file."""
        from pysd.translators.structures import abstract_expressions

        self.trees, self.dims = abstract_expressions, dims

    def of(
        self,
        node: _Element,
        axes: Sequence[str],
        behavior: _Element | None,
        source: str = "",
        stock: _Element | None = None,
    ) -> Iterator[tuple[tuple[str, ...], Tree]]:
        """Yield each part of a variable: its subscripts and its tree.

        ``source`` is what a module's input is connected to, and ``stock`` the conveyor
        whose outflow the variable is.

        Raises
        ------
        ExpressionError
            If an equation, a point or a subscript cannot be read.
        """
        if source:
            yield tuple(axes), self.trees.ReferenceStructure(f".{source}")
            return
        belt = belt_of(stock) if stock is not None else None
        if stock is not None and belt is not None:
            coming = [self._flow(text) for text in names_in(stock, "inflow")]
            name = key_of(str(stock.get("name", "")))
            yield tuple(axes), off_the_belt(belt, name, coming)
            return
        if local_name(node) == "gf":
            yield tuple(axes), self._table(node)
            return
        parts = list(children(node, "element"))
        for part in parts:
            yield self._subscripts(part, axes), self._tree(part, node, behavior)
        if parts:
            return
        several = list(children(node, "eqn"))
        if len(several) < 2 or not axes:
            yield tuple(axes), self._tree(node, node, behavior)
            return
        # One equation for each element of the first dimension, as PySD has it.
        count = len(self.dims.elements[axes[0]])
        if len(several) != count:
            msg = f"{len(several)} <eqn> for the {count} elements of '{axes[0]}'"
            raise ExpressionError(msg)
        for element, eqn in zip(self.dims.elements[axes[0]], several, strict=True):
            yield (element, *axes[1:]), self._tree(node, node, behavior, eqn)

    def limits(self, node: _Element) -> tuple[float | None, float | None]:
        """Return what a variable's values shall lie between.

        Raises
        ------
        ExpressionError
            If one of them is no number.
        """
        given = child(node, "yscale" if local_name(node) == "gf" else "range")
        if given is None:
            return (None, None)
        low, high = (
            None if text is None else _number(text, "limit")
            for text in (given.get("min"), given.get("max"))
        )
        return low, high

    def _subscripts(self, part: _Element, axes: Sequence[str]) -> tuple[str, ...]:
        given = [item.strip() for item in part.get("subscript", "").split(",")]
        if not axes:
            return tuple(given)
        if len(given) != len(axes):
            msg = f"[{', '.join(given)}] names no element of {len(axes)} dimensions"
            raise ExpressionError(msg)
        found = [
            self.dims.element(axis, item) if axis in self.dims.elements else item
            for axis, item in zip(axes, given, strict=True)
        ]
        return tuple(item or other for item, other in zip(found, given, strict=True))

    def _tree(
        self,
        part: _Element,
        node: _Element,
        behavior: _Element | None,
        eqn: _Element | None = None,
    ) -> Tree:
        """Return the tree of a variable, or of one of its elements."""
        if eqn is None:
            eqn = child(part, "eqn")
        if eqn is None:
            eqn = child(node, "eqn")
        text = text_of(eqn)
        table = child(part, "gf")
        if table is None:
            table = child(node, "gf")
        kind = local_name(node)
        if not text:
            if table is not None and kind == "aux":
                return self._table(table)
            what = "is empty" if eqn is not None else "is missing"
            msg = f"its <eqn> {what}: an equation still to be written"
            raise ExpressionError(msg)
        tree = numbers_of(text)
        if tree is None:
            tree = expression(text, call)
        first = text_of(child(part, "init_eqn"))
        if first and kind != "stock":
            function = self.trees.ReferenceStructure("active_initial")
            both = (tree, expression(first, call))
            tree = self.trees.CallStructure(function, both)
        if kind == "stock":
            never = _non_negative(node, behavior, "stock")
            return self.trees.IntegStructure(self._flows(node), tree, never)
        if table is not None:
            tree = self.trees.InlineLookupsStructure(tree, self._table(table))
        return tree

    def held(self, tree: Tree, node: _Element, behavior: _Element | None) -> Tree:
        """Return a flow's tree, held at zero where it shall not be negative."""
        if local_name(node) != "flow" or not _non_negative(node, behavior, "flow"):
            return tree
        function = self.trees.ReferenceStructure("max")
        return self.trees.CallStructure(function, (tree, 0))

    def _flows(self, node: _Element) -> Tree:
        ins, outs = (
            [self._flow(text_of(item)) for item in children(node, tag)]
            for tag in ("inflow", "outflow")
        )
        if not ins and outs:
            ins = [self.trees.ArithmeticStructure(["negative"], (outs.pop(0),))]
        if len(ins) + len(outs) < 2:
            return ins[0] if ins else 0
        signs = ["+"] * (len(ins) - 1) + ["-"] * len(outs)
        return self.trees.ArithmeticStructure(signs, tuple(ins + outs))

    def _flow(self, text: str) -> Tree:
        # A name, whose blanks some programs leave as they are.
        if _PLAIN.match(text) and not text[0].isdigit():
            return self.trees.ReferenceStructure(key_of(text))
        return expression(text, call)

    def _table(self, node: _Element) -> Tree:
        ys = _points(node, "ypts")
        scale = child(node, "xscale")
        if scale is not None:
            import numpy as np

            low, high = (_number(scale.get(end), "xscale") for end in ("min", "max"))
            xs = [float(x) for x in np.linspace(low, high, len(ys))]
        else:
            xs = _points(node, "xpts")
        if len(xs) != len(ys) or not ys:
            msg = f"a graphical function of {len(xs)} x and {len(ys)} y"
            raise ExpressionError(msg)
        rule = node.get("type", "continuous")
        if rule not in _RULES:
            msg = f"a graphical function of the type '{rule[:40]}'"
            raise ExpressionError(msg)
        points = sorted(zip(xs, ys, strict=True), key=lambda point: point[0])
        x, y = (tuple(values) for values in zip(*points, strict=True))
        ends = (min(x), max(x)), (min(y), max(y))
        return self.trees.LookupsStructure(x, y, *ends, _RULES[rule])


def _points(node: _Element, tag: str) -> list[float]:
    given = child(node, tag)
    if given is None:
        msg = f"a graphical function without <{tag}>"
        raise ExpressionError(msg)
    mark = given.get("sep", ",")
    texts = text_of(given).strip(mark).split(mark if mark.strip() else None)
    return [_number(text, tag) for text in texts]


def _number(text: str | None, what: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        msg = f"the {what} '{str(text)[:40]}' is no number"
        raise ExpressionError(msg)
    return value


def _non_negative(node: _Element, behavior: _Element | None, kind: str) -> bool:
    """Tell whether a stock or flow is held at zero, by itself or as all are."""
    own = child(node, "non_negative")
    if own is not None:
        return "false" not in text_of(own).lower()
    if behavior is None:
        return False
    if child(behavior, "non_negative") is not None:
        return True
    mine = child(behavior, kind)
    return mine is not None and child(mine, "non_negative") is not None
