"""The expression graph: every scalar expression of a model, each written once.

A node is a plain tuple of operation, argument nodes and payload; equal nodes share
one index (hash-consing), and arguments always stand before the node that uses them,
so that index order is an evaluation order.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

NodeId = int
Payload = float | int | str | None


class Node(NamedTuple):
    """One scalar expression.

    ``op`` is a key of ``model.functions.OPERATIONS``. ``data`` holds the value of a
    ``const``, the index of an ``input`` (constant that a run may set), a ``state``
    (value at the step's start) or a ``lookup`` table; otherwise None.
    """

    op: str
    args: tuple[NodeId, ...] = ()
    data: Payload = None


@dataclass
class Graph:
    """An append-only list of nodes without duplicates."""

    nodes: list[Node] = field(default_factory=list)
    _index: dict[tuple[object, ...], NodeId] = field(default_factory=dict, repr=False)

    def add(self, op: str, *args: NodeId, data: Payload = None) -> NodeId:
        """Return the index of this node, adding it if it is new."""
        # Floats are keyed by their bits: 0.0 and -0.0 differ, and nan equals itself.
        key = (op, args, struct.pack("<d", data) if isinstance(data, float) else data)
        found = self._index.get(key)
        if found is None:
            found = len(self.nodes)
            self.nodes.append(Node(op, args, data))
            self._index[key] = found
        return found

    def const(self, value: float) -> NodeId:
        """Return the node of a number."""
        return self.add("const", data=float(value))
