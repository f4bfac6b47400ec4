"""A model in which chosen links can be switched off, run by run.

Where a link is off, the reader sees a course given from outside in place of the value:
the engines know no difference, since the switch and the course are constants that a run
may set or schedule.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdmodel.model.core import Input, Model
from sdmodel.model.expr import Graph, Node, NodeId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.model.web import Web

Link = tuple[str, str]
"""What is read and who reads it, both elements."""


def switch_name(cut: str) -> str:
    """Return the constant that turns a cut on with 1; it is 0 unless set."""
    return f"cut of {cut}"


def course_name(element: str) -> str:
    """Return the constant whose schedule a reader sees in place of an element."""
    return f"course of {element}"


@dataclass(frozen=True)
class CutModel:
    """A model with switches, and the elements whose courses each cut needs."""

    model: Model
    sources: Mapping[str, tuple[str, ...]]


def cut_links(web: Web, cuts: Mapping[str, Sequence[Link]]) -> CutModel:
    """Return the model with a switch for each cut.

    Parameters
    ----------
    web
        The model's dependency graph; elements in links must own their values.
    cuts
        Links of each cut, by the cut's id.

    Notes
    -----
    With every switch at 0 the model computes what it did, bit for bit: a cut wraps the
    value that is read in a choice and changes no arithmetic.
    """
    old = web.model
    graph = Graph()
    inputs = list(old.inputs)
    wrapped: dict[str, dict[str, list[str]]] = {}
    for cut, links in cuts.items():
        for source, reader in links:
            wrapped.setdefault(reader, {}).setdefault(source, []).append(cut)
    sources = {cut: tuple(dict.fromkeys(s for s, _ in ls)) for cut, ls in cuts.items()}
    at: dict[str, NodeId] = {}
    every = [switch_name(cut) for cut in cuts]
    every += [
        course_name(s) for s in dict.fromkeys(s for ss in sources.values() for s in ss)
    ]
    for name in every:
        at[name] = graph.add("input", data=len(inputs))
        inputs.append(Input(name, 0.0))
    readers = {web.equation(reader): reader for reader in wrapped}
    new: dict[NodeId, NodeId] = {}

    def wrap(source: str, cut_ids: Sequence[str], value: NodeId) -> NodeId:
        for cut in cut_ids:
            value = graph.add(
                "if", at[switch_name(cut)], at[course_name(source)], value
            )
        return value

    def rewritten(reader: str) -> NodeId:
        """Copy the equation of a reader, with its cut sources wrapped."""
        local: dict[NodeId, NodeId] = {}
        root = web.equation(reader)
        state = web.is_state(reader)
        for node in web.body(reader):
            owner = web.owner.get(node)
            if owner is not None and (node != root or state):
                local[node] = wrap(owner, wrapped[reader].get(owner, ()), new[node])
            else:
                local[node] = _copy(graph, old.nodes[node], local)
        return local[root]

    updates: dict[str, NodeId] = {}
    for index, node in enumerate(old.nodes):
        here = readers.get(index)
        if here is not None and not web.is_state(here):
            new[index] = rewritten(here)
        else:
            new[index] = _copy(graph, node, new)
    for reader in wrapped:
        if web.is_state(reader):
            updates[reader] = rewritten(reader)
    states = tuple(
        replace(
            state,
            initial=new[state.initial],
            update=updates.get(state.name, new[state.update]),
        )
        for state in old.states
    )
    text = repr(sorted((cut, tuple(links)) for cut, links in cuts.items()))
    cut_model = replace(
        old,
        digest=hashlib.sha256(f"{old.digest}|{text}".encode()).hexdigest(),
        nodes=tuple(graph.nodes),
        scalars={
            **{name: new[node] for name, node in old.scalars.items()},
            **at,
        },
        inputs=tuple(inputs),
        states=states,
    )
    return CutModel(cut_model, sources)


def _copy(graph: Graph, node: Node, new: Mapping[NodeId, NodeId]) -> NodeId:
    return graph.add(node.op, *(new[a] for a in node.args), data=node.data)
