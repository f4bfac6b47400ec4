"""Which element of a model reads which: the dependency graph behind its equations.

A node of the expression graph that is some element's value belongs to that element; an
equation is followed down to such nodes and no further. What two elements share node for
node belongs to the first of them that is more than another name for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sdmodel.model.core import Model
    from sdmodel.model.expr import NodeId

_ALIAS = re.compile(r"[^\W\d][\w\s]*(?:\[[^\]]*\])?")
_HIDDEN = re.compile(r" \([^()]*\d\)$")


def with_states(model: Model) -> Model:
    """Return the model with its hidden states (of delays and smooths) among the names.

    They can then be saved like any stock.
    """
    nodes = {n.data: i for i, n in enumerate(model.nodes) if n.op == "state"}
    hidden = {
        state.name: nodes[i]
        for i, state in enumerate(model.states)
        if state.name not in model.scalars and i in nodes
    }
    if not hidden:
        return model
    return replace(
        model,
        digest=f"{model.digest}+states",
        scalars={**model.scalars, **hidden},
    )


@dataclass(frozen=True)
class Web:
    """Elements and what their equations read. ``model`` names its hidden states."""

    model: Model

    @cached_property
    def owner(self) -> Mapping[NodeId, str]:
        """The element that a node's value belongs to; numbers and Time have none."""
        model = self.model
        states = {state.name for state in model.states}
        best: dict[NodeId, tuple[int, str]] = {}
        for element, node in model.scalars.items():
            op = model.nodes[node].op
            if op in {"const", "time", "dt"}:
                continue
            rank = 2 if self._is_alias(element) else 1
            if element in states or element in model.input_index:
                rank = 0
            if node not in best or rank < best[node][0]:
                best[node] = (rank, element)
        return {node: element for node, (_, element) in best.items()}

    def _is_alias(self, element: str) -> bool:
        variable = self.model.variables.get(self.variable(element))
        if variable is None:
            return False
        lines = variable.equation.split("\n")
        return all(_ALIAS.fullmatch(line.strip()) for line in lines if line.strip())

    def variable(self, element: str) -> str:
        """Return the variable that an element, or the state of a delay, belongs to."""
        return self._variables.get(element) or _HIDDEN.sub("", element)

    @cached_property
    def _variables(self) -> Mapping[str, str]:
        return {
            element: variable.name
            for variable in self.model.variables.values()
            for element in variable.elements
        }

    def canonical(self, element: str) -> str:
        """Return the element that owns this one's value: itself, unless it is an alias.

        Numbers own nothing; they are returned as they are.
        """
        return self.owner.get(self.model.scalars[element], element)

    @cached_property
    def _updates(self) -> Mapping[str, NodeId]:
        return {state.name: state.update for state in self.model.states}

    def is_state(self, element: str) -> bool:
        """Say whether an element is carried from step to step."""
        return element in self._updates

    def equation(self, element: str) -> NodeId:
        """Return the node of its equation: of a state what it is updated by."""
        return self._updates.get(element, self.model.scalars[element])

    def body(self, element: str) -> tuple[NodeId, ...]:
        """Return the nodes of an element's own equation, ascending, ends included.

        Nodes that belong to other elements end the walk; its own value counts as such
        only in a state, whose rate may read its level.
        """
        root = self.equation(element)
        state = self.is_state(element)
        seen: set[NodeId] = set()
        pending = [root]
        while pending:
            node = pending.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.owner and (node != root or state):
                continue
            pending.extend(self.model.nodes[node].args)
        return tuple(sorted(seen))

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """What each element's equation reads, in the order of the graph.

        Constants are there too; the initial value of a state is not.
        """
        found: dict[str, tuple[str, ...]] = {}
        for element in self.owner.values():
            root = self.equation(element)
            state = self.is_state(element)
            if element in self.model.input_index:
                found[element] = ()
                continue
            found[element] = tuple(
                self.owner[node]
                for node in self.body(element)
                if node in self.owner and (node != root or state)
            )
        return found

    @cached_property
    def elements(self) -> Mapping[str, tuple[str, ...]]:
        """The elements of each variable that have an equation or are set."""
        found: dict[str, list[str]] = {}
        for element in self.parents:
            found.setdefault(self.variable(element), []).append(element)
        return {variable: tuple(members) for variable, members in found.items()}

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """What reads each element."""
        found: dict[str, list[str]] = {element: [] for element in self.parents}
        for element, read in self.parents.items():
            for parent in read:
                found[parent].append(element)
        return {element: tuple(users) for element, users in found.items()}

    def path(self, start: str, end: str) -> tuple[str, ...] | None:
        """Return a shortest way from one element to another, both included.

        Of ways of one length the one that the file's order makes first; None if there
        is none. From an element to itself the way goes around.
        """
        came: dict[str, str] = {}
        layer = [start]
        while layer:
            following: list[str] = []
            for element in layer:
                for user in self.children[element]:
                    if user in came or (user == start and user != end):
                        continue
                    came[user] = element
                    if user == end:
                        return tuple(self._back(came, start, end))
                    following.append(user)
            layer = following
        return None

    @staticmethod
    def _back(came: Mapping[str, str], start: str, end: str) -> Iterator[str]:
        way = [end]
        while way[-1] != start or len(way) == 1:
            way.append(came[way[-1]])
        return reversed(way)
