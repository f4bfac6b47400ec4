"""Sort a model's nodes by when they must be computed, and drop what nobody asked for.

A ``Plan`` depends on the model, the scalars to save and the names of the inputs that
follow a schedule, and on nothing else: it serves any number of runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.operations import OPERATIONS, Value, interpolate, inverse, uniform
from sdmodel.model.expr import Graph, Node, NodeId

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from sdmodel.model.core import Lookup, Model, TimeAxis


class Stage(IntEnum):
    """When a node's value is known."""

    CONST = 0
    """Once, when the plan is made."""
    RUN = 1
    """Once for each run: it depends on inputs only."""
    TIME = 2
    """Once for each step, the same in all runs: it depends on time only."""
    STEP = 3
    """At each step of each run."""


@dataclass(frozen=True)
class PlannedState:
    """A state that some saved scalar needs; nodes index ``Plan.nodes``."""

    name: str
    initial: NodeId
    update: NodeId
    assign: bool


@dataclass(frozen=True)
class Plan:
    """Everything an engine needs, in evaluation order.

    ``input`` nodes index ``inputs`` (positions in ``Model.inputs``), ``drive`` nodes
    index ``drives`` (inputs under a schedule, likewise), ``state`` nodes ``states`` and
    ``lookup`` nodes ``lookups``. ``saved`` has one node for each name.
    """

    model_digest: str
    names: tuple[str, ...]
    time: TimeAxis
    nodes: tuple[Node, ...]
    stages: tuple[Stage, ...]
    inputs: tuple[int, ...]
    drives: tuple[int, ...]
    states: tuple[PlannedState, ...]
    lookups: tuple[Lookup, ...]
    saved: tuple[NodeId, ...]

    def reach(self, roots: Iterable[NodeId], among: Sequence[Stage]) -> list[NodeId]:
        """Return the nodes of these stages that ``roots`` need, in order.

        The search does not go below a node of another stage.
        """
        found: set[NodeId] = set()
        pending = list(roots)
        while pending:
            node = pending.pop()
            if node not in found and self.stages[node] in among:
                found.add(node)
                pending.extend(self.nodes[node].args)
        return sorted(found)

    @cached_property
    def step_roots(self) -> tuple[NodeId, ...]:
        """Nodes whose values a step turns into the next states."""
        return tuple(state.update for state in self.states)

    @cached_property
    def initial_roots(self) -> tuple[NodeId, ...]:
        """Nodes of the initial states."""
        return tuple(state.initial for state in self.states)

    def _frontier(self, stage: Stage) -> tuple[NodeId, ...]:
        roots = {*self.saved, *self.step_roots, *self.initial_roots}
        for node, known in zip(self.nodes, self.stages, strict=True):
            if known is Stage.STEP:
                roots.update(node.args)
        return tuple(sorted(n for n in roots if self.stages[n] is stage))

    @cached_property
    def run_values(self) -> tuple[NodeId, ...]:
        """Per-run nodes that steps or outputs read directly."""
        return self._frontier(Stage.RUN)

    @cached_property
    def time_values(self) -> tuple[NodeId, ...]:
        """Time-only nodes that steps or outputs read directly."""
        return self._frontier(Stage.TIME)

    @cached_property
    def slot_of(self) -> dict[int, int]:
        """Slot in which engines find an input: its place in ``inputs``, then drives."""
        return {index: i for i, index in enumerate((*self.inputs, *self.drives))}

    @cached_property
    def digest(self) -> str:
        """Name of the plan's contents, for caches."""
        text = repr((self.nodes, self.stages, self.states, self.lookups, self.saved))
        return hashlib.sha256(f"{self.time}{text}".encode()).hexdigest()

    def times(self, steps: int) -> NDArray[np.float64]:
        """Return the times of steps 0 to ``steps``, by counting, years."""
        if self.time.clock:
            return np.array(self.time.clock[: steps + 1])
        return self.time.start + np.arange(steps + 1, dtype=np.float64) * self.time.step

    def time_table(self, steps: int) -> NDArray[np.float64]:
        """Return the time-only values, (step, entry of ``time_values``)."""
        table = self._tables.get(steps)
        if table is None:
            table = self._time_table(steps)
            table.flags.writeable = False
            self._tables.clear()  # a caller asks for one horizon again and again
            self._tables[steps] = table
        return table

    @cached_property
    def _tables(self) -> dict[int, NDArray[np.float64]]:
        return {}

    def _time_table(self, steps: int) -> NDArray[np.float64]:
        times = self.times(steps)
        values: dict[NodeId, Value] = {}
        wanted = self.time_values
        with np.errstate(all="ignore"):
            for index in self.reach(wanted, (Stage.TIME, Stage.CONST)):
                node = self.nodes[index]
                values[index] = (
                    times
                    if node.op == "time"
                    else apply(node, [values[a] for a in node.args], self.lookups)
                )
        table = np.empty((steps + 1, len(wanted)))
        for column, index in enumerate(wanted):
            table[:, column] = values[index]
        return table


def constant(node: Node) -> float:
    """Return the value of a ``const`` node."""
    assert isinstance(node.data, float)  # noqa: S101 - Node's contract
    return node.data


def apply(node: Node, args: Sequence[Value], lookups: Sequence[Lookup]) -> Value:
    """Evaluate one node that is not an input, state or time."""
    if node.op == "const":
        return np.float64(node.data)
    if node.op == "lookup":
        assert isinstance(node.data, int)  # noqa: S101 - Node's contract
        value = interpolate(lookups[node.data], args[0])
    elif node.op == "uniform":
        value = uniform(int(node.data or 0), *args)
    elif node.op == "inverse":
        value = inverse(int(node.data or 0), args)
    elif node.op == "part":
        value = args[0][..., int(node.data or 0)]
    else:
        value = OPERATIONS[node.op](*args)
    return value


def make_plan(
    model: Model, names: Sequence[str], scheduled: Iterable[str] = ()
) -> Plan:
    """Plan the computation of the scalars ``names`` of ``model``.

    Parameters
    ----------
    model
        The model; element names in ``names`` and ``scheduled`` must be its own.
    names
        Scalars to save, in the order of the output.
    scheduled
        Inputs that follow a schedule in some run.
    """
    drives = tuple(sorted(model.input_index[name] for name in set(scheduled)))
    builder = _Builder(model, drives)
    saved = tuple(builder.node(model.scalars[name]) for name in names)
    states = builder.states()
    nodes, stages = tuple(builder.graph.nodes), tuple(builder.stages)
    return _prune(
        Plan(
            model_digest=model.file_digest,
            names=tuple(names),
            time=model.time,
            nodes=nodes,
            stages=stages,
            inputs=tuple(range(len(model.inputs))),
            drives=drives,
            states=states,
            lookups=model.lookups,
            saved=saved,
        )
    )


class _Builder:
    """Copies the nodes that are needed into a new graph, folding constants."""

    def __init__(self, model: Model, drives: tuple[int, ...]) -> None:
        self.model = model
        self.drives = {index: slot for slot, index in enumerate(drives)}
        self.graph = Graph()
        self.stages: list[Stage] = []
        self._new: dict[NodeId, NodeId] = {}
        self._slots: dict[int, int] = {}
        self._met: list[int] = []

    def node(self, root: NodeId) -> NodeId:
        """Return the new index of an old node, copying what it needs."""
        old, new = self.model.nodes, self._new
        if root not in new:
            wanted, pending = set(), [root]
            while pending:
                index = pending.pop()
                if index not in wanted and index not in new:
                    wanted.add(index)
                    pending.extend(old[index].args)
            with np.errstate(all="ignore"):
                for index in sorted(wanted):
                    new[index] = self._copy(old[index])
        return new[root]

    def states(self) -> tuple[PlannedState, ...]:
        """Copy every state met so far, and those that they need in turn."""
        done: list[PlannedState] = []
        while len(done) < len(self._met):  # which grows on the way
            state = self.model.states[self._met[len(done)]]
            done.append(
                PlannedState(
                    name=state.name,
                    initial=self.node(state.initial),
                    update=self.node(state.update),
                    assign=state.rule == "assign",
                )
            )
        return tuple(done)

    def _add(self, stage: Stage, op: str, *args: NodeId, data: object = None) -> NodeId:
        index = self.graph.add(op, *args, data=data)  # type: ignore[arg-type] # a Payload
        if index == len(self.stages):
            self.stages.append(stage)
        return index

    def _const(self, value: float) -> NodeId:
        return self._add(Stage.CONST, "const", data=float(value))

    def _copy(self, node: Node) -> NodeId:
        if node.op == "const":
            return self._const(constant(node))
        if node.op == "dt":
            return self._const(self.model.time.step)
        if node.op == "time":
            return self._add(Stage.TIME, "time")
        if node.op == "input":
            assert isinstance(node.data, int)  # noqa: S101 - Node's contract
            if node.data in self.drives:
                slot = self.drives[node.data]
                return self._add(Stage.STEP, "drive", data=slot)
            return self._add(Stage.RUN, "input", data=node.data)
        if node.op == "state":
            assert isinstance(node.data, int)  # noqa: S101 - Node's contract
            if node.data not in self._slots:
                self._slots[node.data] = len(self._met)
                self._met.append(node.data)
            slot = self._slots[node.data]
            return self._add(Stage.STEP, "state", data=slot)
        args = tuple(self._new[a] for a in node.args)
        kinds = {self.stages[a] for a in args}
        if node.op == "inverse":
            # No number, so that it cannot be a constant: once a run at least.
            kinds.add(Stage.RUN)
        if kinds <= {Stage.CONST}:
            values = [np.float64(self.graph.nodes[a].data) for a in args]
            return self._const(float(apply(node, values, self.model.lookups)))
        simpler = self._simplify(node.op, args)
        if simpler is not None:
            return simpler
        if Stage.STEP in kinds or {Stage.RUN, Stage.TIME} <= kinds:
            stage = Stage.STEP
        else:
            stage = max(kinds)
        return self._add(stage, node.op, *args, data=node.data)

    def _simplify(self, op: str, args: tuple[NodeId, ...]) -> NodeId | None:
        """Return the argument that the operation equals whatever its value."""
        value = [
            constant(node) if node.op == "const" else None
            for node in (self.graph.nodes[a] for a in args)
        ]
        if op == "if" and value[0] is not None:
            return args[1] if value[0] != 0.0 else args[2]
        if op == "mul" and 1.0 in value:
            return args[1] if value[0] == 1.0 else args[0]
        if op in ("div", "pow") and value[1] == 1.0:
            return args[0]
        # x + 0.0 is x but for the sign of a zero, which nothing here can tell.
        if op == "add" and 0.0 in value:
            return args[1] if value[0] == 0.0 else args[0]
        if op == "sub" and value[1] == 0.0:
            return args[0]
        return None


def _prune(plan: Plan) -> Plan:
    """Drop nodes, inputs, states and tables that folding has left unused."""
    kept_states: set[int] = set()
    found: set[NodeId] = set()
    pending = list(plan.saved)
    while pending:
        at = pending.pop()
        if at in found:
            continue
        found.add(at)
        node = plan.nodes[at]
        pending.extend(node.args)
        slot = int(node.data or 0) if node.op == "state" else -1
        if slot >= 0 and slot not in kept_states:
            kept_states.add(slot)
            pending += (plan.states[slot].initial, plan.states[slot].update)
    kept = sorted(found)
    state_slots = {old: new for new, old in enumerate(sorted(kept_states))}
    used = {
        op: sorted(
            {int(plan.nodes[n].data or 0) for n in kept if plan.nodes[n].op == op}
        )
        for op in ("input", "lookup", "drive")
    }
    renumber = {op: {old: i for i, old in enumerate(u)} for op, u in used.items()}
    renumber["state"] = state_slots
    index = {old: new for new, old in enumerate(kept)}

    def moved(node: Node) -> Node:
        data = node.data
        if node.op in renumber:
            data = renumber[node.op][int(data or 0)]
        return Node(node.op, tuple(index[a] for a in node.args), data)

    return Plan(
        model_digest=plan.model_digest,
        names=plan.names,
        time=plan.time,
        nodes=tuple(moved(plan.nodes[n]) for n in kept),
        stages=tuple(plan.stages[n] for n in kept),
        inputs=tuple(used["input"]),
        drives=tuple(plan.drives[d] for d in used["drive"]),
        states=tuple(
            PlannedState(s.name, index[s.initial], index[s.update], s.assign)
            for s in (plan.states[old] for old in sorted(kept_states))
        ),
        lookups=tuple(plan.lookups[i] for i in used["lookup"]),
        saved=tuple(index[n] for n in plan.saved),
    )
