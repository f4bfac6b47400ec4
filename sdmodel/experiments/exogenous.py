"""What enters a model from outside: tables over Time, trends, and dated changes.

A variable reads Time directly where Time stands in its own equation, be it inside STEP
or RAMP. Its equation is followed in the graph, down to the scalars of other variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from sdmodel.model.core import Model, Variable, plain
from sdmodel.model.units import Sense, UnitTextError, parse_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sdmodel.model.expr import NodeId

Kind = Literal["table", "trend", "date"]

_NAME = re.compile(r'"[^"]*"|[^\W\d][\w\s\'$]*')
_WORD = re.compile(r'"[^"]*"|[^\W\d][\w\'$]*')
_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_STRAIGHT = frozenset({"add", "sub", "mul", "div", "neg"})


@dataclass(frozen=True)
class Exogenous:
    """A series that enters from outside.

    Attributes
    ----------
    name, unit, group, line
        The variable (or the table's element), its unit, sector and line in the file.
    kind
        "table": points over Time. "date": Time is compared with something, or its
        distance from something is bounded on both sides, so that the variable goes
        from one level to another. "trend": it moves with Time in any other way.
    used_by
        The variables whose equations name it.
    dates, pace
        Constants that Time is compared with or counted from; constants that set how
        fast or how far things move from there. Each with its value in the file.
    points, first, last
        Number of a table's points, and the times of its ends.
    """

    name: str
    kind: Kind
    used_by: tuple[str, ...]
    unit: str = ""
    group: str = ""
    line: int | None = None
    dates: Mapping[str, float] = field(default_factory=dict)
    pace: Mapping[str, float] = field(default_factory=dict)
    points: int = 0
    first: float | None = None
    last: float | None = None


def names_in(text: str, model: Model) -> set[str]:
    """Return the plain names that stand in an equation."""
    pattern = _NAME if model.path.lower().endswith(".mdl") else _WORD
    return {plain(found) for found in pattern.findall(text)}


def exogenous_series(model: Model) -> Iterator[Exogenous]:
    """Yield every series that enters a model, tables first."""
    names = {item.name: names_in(item.equation, model) for item in _modelled(model)}
    yield from _tables(model, names)
    reading = _Reading(model)
    for item in _modelled(model):
        if item.kind in {"constant", "lookup"}:
            continue
        found = reading.of(item, told="time" in names[item.name])
        if found is None:
            continue
        yield Exogenous(
            item.name,
            found,
            tuple(_users(item.name, names)),
            item.unit,
            item.group,
            item.line,
            dict(reading.dates),
            {k: v for k, v in reading.pace.items() if k not in reading.dates},
        )


def _modelled(model: Model) -> Iterator[Variable]:
    return (item for item in model.variables.values() if item.kind != "control")


def _users(name: str, names: Mapping[str, set[str]]) -> Iterator[str]:
    key = plain(name)
    return (user for user, read in names.items() if key in read and user != name)


def _tables(model: Model, names: Mapping[str, set[str]]) -> Iterator[Exogenous]:
    """Yield the tables whose argument is made of Time and constants alone."""
    timely: list[bool] = []
    stateful: list[bool] = []
    for node in model.nodes:
        timely.append(node.op == "time" or any(timely[arg] for arg in node.args))
        stateful.append(node.op == "state" or any(stateful[arg] for arg in node.args))
    tables = {
        int(node.data or 0)
        for node in model.nodes
        if node.op == "lookup" and timely[node.args[0]] and not stateful[node.args[0]]
    }
    for index in sorted(tables):
        table = model.lookups[index]
        owner = model.variables[model.find(table.name.partition("[")[0])]
        yield Exogenous(
            table.name,
            "table",
            tuple(_users(owner.name, names)) or (owner.name,),
            owner.unit,
            owner.group,
            owner.line,
            points=len(table.x),
            first=table.x[0],
            last=table.x[-1],
        )


class _Shape(NamedTuple):
    """How a node depends on Time: along a line (bounded how), or as a kind says."""

    kind: Literal["line", "trend", "date", "table"]
    bounds: frozenset[str] = frozenset()


class _Reading:
    """Follows one variable's equation; ``dates`` and ``pace`` are what it met."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.dates: dict[str, float] = {}
        self.pace: dict[str, float] = {}
        self._seen: dict[NodeId, _Shape | None] = {}
        self._stops: frozenset[NodeId] = frozenset()
        self._own: frozenset[str] = frozenset()

    @cached_property
    def fixed(self) -> list[bool]:
        """Whether a node is made of constants alone."""
        found: list[bool] = []
        for node in self.model.nodes:
            leaf = node.op not in {"time", "state"}
            found.append(leaf and all(found[arg] for arg in node.args))
        return found

    @cached_property
    def scalars(self) -> frozenset[NodeId]:
        """The nodes that are some variable's value."""
        return frozenset(self.model.scalars.values())

    def of(self, item: Variable, *, told: bool) -> Kind | None:
        """Return how a variable reads Time itself; None if it does not, or by a table.

        ``told`` says that the word stands in its text: then what it shares with another
        variable, node for node, is followed as well.
        """
        roots = {self.model.scalars[element] for element in item.elements}
        roots -= self._copied(item)
        found = self._kind(item, roots, self.scalars - roots)
        if found is None and told:
            found = self._kind(item, roots, frozenset())
        return None if found == "table" else found

    def _copied(self, item: Variable) -> set[NodeId]:
        """Return the nodes of variables that the equation names: ``a[east] = b``."""
        read = names_in(item.equation, self.model) - {plain(item.name)}
        return {
            self.model.scalars[element]
            for other in self.model.variables.values()
            if plain(other.name) in read
            for element in other.elements
            if element in self.model.scalars  # a table has no value of its own
        }

    def _kind(
        self, item: Variable, roots: set[NodeId], stops: frozenset[NodeId]
    ) -> Kind | None:
        self.dates, self.pace, self._seen = {}, {}, {}
        self._stops, self._own = stops, frozenset(item.elements)
        shapes = [self._shape(root) for root in sorted(roots)]
        kinds = {shape.kind for shape in shapes if shape is not None}
        if kinds & {"line", "trend"}:
            return "trend"
        if "date" in kinds:
            return "date"
        return "table" if kinds else None

    def _shape(self, root: NodeId) -> _Shape | None:
        """Return the shape of a node, those below it first (no recursion)."""
        stack = [root]
        while stack:
            at = stack[-1]
            below = [n for n in self._below(at) if n not in self._seen]
            if below and at not in self._seen:
                self._seen[at] = None  # a state may lead back to itself
                stack += below
                continue
            self._seen[at] = self._judge(at)
            stack.pop()
        return self._seen[root]

    def _below(self, at: NodeId) -> tuple[NodeId, ...]:
        node = self.model.nodes[at]
        if at in self._stops or self.fixed[at]:
            return ()
        if node.op == "state":
            state = self.model.states[int(node.data or 0)]
            own = state.name in self._own or state.name.rpartition(" (")[0] in self._own
            return (state.update, state.initial) if own else ()
        return node.args

    def _judge(self, at: NodeId) -> _Shape | None:
        op = self.model.nodes[at].op
        if op == "time":
            return _Shape("line")
        below = self._below(at)
        given = [self._seen.get(arg) for arg in below]
        shapes = [shape for shape in given if shape is not None]
        if not shapes:
            return None
        if op == "lookup":
            return _Shape("table") if shapes[0].kind == "line" else shapes[0]
        if op in _COMPARISONS:
            self._note([arg for arg in below if self.fixed[arg]], self.dates)
            return _Shape("date")
        lines = [shape for shape in shapes if shape.kind == "line"]
        others = {s.kind for s in shapes if s.kind != "line"}
        if len(lines) == 1 and others <= {"date"} and self._alone(below):
            return self._bent(op, lines[0], below, gated=bool(others))
        if op in {"mul", "div"} and others == {"date"}:
            self._note([arg for arg in below if self.fixed[arg]], self.pace)
        if lines or "trend" in others:
            return _Shape("trend")
        return _Shape("date" if "date" in others else "table")

    def _alone(self, nodes: tuple[NodeId, ...]) -> bool:
        """Tell whether all of these are constants or read Time."""
        return all(self.fixed[node] or self._seen.get(node) for node in nodes)

    def _bent(
        self, op: str, line: _Shape, below: tuple[NodeId, ...], *, gated: bool
    ) -> _Shape:
        """Return what an operation with constants, or a dated gate, makes of a line."""
        fixed = [arg for arg in below if self.fixed[arg]]
        if op in {"add", "sub"}:
            dates = [n for n in fixed if op == "sub" or not self._is_number(n)]
            self._note(dates, self.dates, only_times=True)
        elif op in {"mul", "div"}:
            self._note(fixed, self.pace)
        if op in _STRAIGHT and not gated:
            return line
        if op in {"min", "max", "if", "mul"}:
            bound = f"gate {len(line.bounds)}" if gated else op
            bounds = line.bounds | {bound}
            return _Shape("date") if len(bounds) > 1 else _Shape("line", bounds)
        return _Shape("trend")

    def _is_number(self, node: NodeId) -> bool:
        return self.model.nodes[node].op == "const"

    @cached_property
    def _time_unit(self) -> Sense:
        for item in self.model.variables.values():
            if item.kind == "control" and item.unit:
                return _unit(item)
        return None

    def _is_time(self, name: str) -> bool:
        """Tell whether a constant is in units of Time, or may be."""
        item = self.model.variables[self.model.find(name.partition("[")[0])]
        unit = _unit(item)
        return self._time_unit is None or unit is None or unit == self._time_unit

    def _note(
        self,
        nodes: list[NodeId],
        into: dict[str, float],
        *,
        only_times: bool = False,
    ) -> None:
        """Keep the names and values of the constants that these nodes are made of."""
        for root in nodes:
            if self._is_number(root) and into is self.dates:
                value = float(self.model.nodes[root].data or 0)
                start = value == self.model.time.start
                into["INITIAL TIME" if start else f"{value:g}"] = value
            stack = [root]
            while stack:
                node = self.model.nodes[stack.pop()]
                stack += node.args
                if node.op == "input":
                    item = self.model.inputs[int(node.data or 0)]
                    if not only_times or self._is_time(item.name):
                        into[item.name] = item.default


def _unit(item: Variable) -> Sense:
    try:
        return parse_unit(item.unit)
    except UnitTextError:
        return None
