"""A graph that folds constants and knows what each node depends on."""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdmodel.model.expr import Graph, Node, NodeId, Payload
from sdmodel.model.functions import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sdmodel.model.core import Lookup

# Folded here: what IEEE fixes to the last bit. exp, ln, pow and the trigonometric
# functions are left to the engines, whose own last bit they are.
_FOLDED_NAMES = """
add sub mul div neg lt le gt ge eq ne and or not min max sqrt abs integer modulo
zidz xidz
"""
_FOLDED = frozenset(_FOLDED_NAMES.split())

INPUT, TIME, STATE = 1, 2, 4
"""Flags of what a node depends on."""

_OWN_FLAG = {"input": INPUT, "time": TIME, "state": STATE}


NA: float = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000A11))[0]
"""What ``:NA:`` stands for: not a number, told from others by its bits."""


class NotConstantError(Exception):
    """A value that the model's structure needs depends on time or a state."""


@dataclass
class Builder:
    """Adds nodes, folding what is constant; ``flags`` runs beside the graph's nodes."""

    graph: Graph = field(default_factory=Graph)
    flags: list[int] = field(default_factory=list)

    def op(self, name: str, *args: NodeId, data: Payload = None) -> NodeId:
        """Return the node of an operation, or of its value where that is constant."""
        nodes = self.graph.nodes
        if name == "if" and nodes[args[0]].op == "const":
            return args[1] if nodes[args[0]].data != 0 else args[2]
        if name in _FOLDED and all(nodes[arg].op == "const" for arg in args):
            function = OPERATIONS[name].scalar
            if function is not None:
                values = [float(nodes[arg].data or 0.0) for arg in args]
                return self.const(function(*values))
        node = self.graph.add(name, *args, data=data)
        if node == len(self.flags):
            flag = _OWN_FLAG.get(name, 0)
            for arg in args:
                flag |= self.flags[arg]
            self.flags.append(flag)
        return node

    def const(self, value: float) -> NodeId:
        """Return the node of a number."""
        return self.op("const", data=float(value))

    def value(
        self,
        node: NodeId,
        *,
        inputs: tuple[float, ...] = (),
        step: float | None = None,
        tables: tuple[Lookup, ...] = (),
        time: float | None = None,
    ) -> float:
        """Return the number a node has with every input at its default.

        Raises
        ------
        NotConstantError
            If it depends on time or a state.
        """
        values: dict[NodeId, float] = {}
        for index in reachable(self.graph.nodes, (node,)):
            item = self.graph.nodes[index]
            if item.op == "time" and time is not None:
                values[index] = time
            else:
                values[index] = self._one(item, values, inputs, step, tables)
        return values[node]

    def sweep(
        self,
        order: list[NodeId],
        inputs: tuple[float, ...],
        tables: tuple[Lookup, ...],
        time: float,
        states: Mapping[int, float],
    ) -> dict[NodeId, float]:
        """Return the values of nodes in their order, at a time and with these states.

        Raises
        ------
        NotConstantError
            If one of them draws random numbers.
        """
        values: dict[NodeId, float] = {}
        for index in order:
            item = self.graph.nodes[index]
            if item.op == "time":
                values[index] = time
            elif item.op == "state":
                values[index] = states[int(item.data or 0)]
            else:
                values[index] = self._one(item, values, inputs, None, tables)
        return values

    def _one(
        self,
        item: Node,
        values: dict[NodeId, float],
        inputs: tuple[float, ...],
        step: float | None,
        tables: tuple[Lookup, ...],
    ) -> float:
        if item.op == "const":
            return float(item.data or 0.0)
        if item.op == "input":
            return inputs[int(item.data or 0)]
        if item.op == "dt" and step is not None:
            return step
        if item.op == "lookup":
            return _table_value(tables[int(item.data or 0)], values[item.args[0]])
        function = OPERATIONS[item.op].scalar
        if function is None:
            raise NotConstantError
        return function(*(values[arg] for arg in item.args))

    def inputs_of(self, node: NodeId) -> set[int]:
        """Return the indices of the inputs that a node depends on."""
        nodes = self.graph.nodes
        return {
            int(nodes[index].data or 0)
            for index in reachable(nodes, (node,))
            if nodes[index].op == "input"
        }


def reachable(nodes: list[Node], roots: tuple[NodeId, ...]) -> list[NodeId]:
    """Return the nodes that the roots need, arguments before their users."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for arg in nodes[stack.pop()].args:
            if arg not in seen:
                seen.add(arg)
                stack.append(arg)
    return sorted(seen)


def _table_value(table: Lookup, x: float) -> float:
    xs, ys, last = table.x, table.y, len(table.x) - 1
    after = bisect_left(xs, x)
    if after <= last and xs[after] == x:
        return ys[after]
    if table.rule == "exact" or math.isnan(x):
        return math.nan
    if table.rule == "hold_forward":
        return ys[min(after, last)]
    if table.rule == "hold_backward":
        return ys[max(after - 1, 0)]
    if table.rule == "clamp" and not 0 < after <= last:
        return ys[0] if after == 0 else ys[last]
    after = min(max(after, 1), last)
    x0, x1, y0, y1 = *xs[after - 1 : after + 1], *ys[after - 1 : after + 1]
    slope = (y1 - y0) / (x1 - x0)
    return y1 + slope * (x - x1) if x > x1 else y0 + slope * (x - x0)
