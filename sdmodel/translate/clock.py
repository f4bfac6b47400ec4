"""The time axis from the control variables: constant, moving, or led by stocks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sdmodel.model.core import TimeAxis
from sdmodel.translate.axis import (
    AxisError,
    check_time,
    dyadic,
    uneven_rows,
    walk,
)
from sdmodel.translate.build import TIME, NotConstantError, reachable
from sdmodel.translate.nouns import CONTROLS, EquationError, StockInAxisError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sdmodel.model.expr import NodeId
    from sdmodel.translate.faults import Problems
    from sdmodel.translate.lower import Lowering

_MAY_USE_STOCKS = ("final_time", "saveper")


def time_axis(low: Lowering, problems: Problems) -> TimeAxis | None:
    """Return the axis, or None where something is wrong with it, which is noted.

    Where it depends on stocks, the axis returned holds the first time only, and
    ``low.by_state`` is set: the rest is for ``axis_by_states`` to find.
    """
    nodes: dict[str, NodeId] = {}
    for control in CONTROLS:
        key = ("scalar", "control", control, ())
        if (control, ()) not in low.equations:
            shown = control.upper().replace("_", " ")
            problems.add(None, f"'{shown}' must have no subscripts")
            continue
        before = len(low.faults)
        (node,) = low.settle(key)
        new = list(low.faults)[before:]
        stocks = bool(new) and all(kind is StockInAxisError for _, _, kind in new)
        if stocks and control in _MAY_USE_STOCKS:
            for fault in new:
                del low.faults[fault]
            low.by_state = True
        elif new:
            continue
        nodes[control] = node
    if len(nodes) < len(CONTROLS):
        return None
    if low.by_state:
        return _first_moment(low, nodes)
    if any(low.build.flags[node] & TIME for node in nodes.values()):
        return _changing_axis(low, nodes, problems)
    values: dict[str, float] = {}
    for control, node in nodes.items():
        try:
            values[control] = low.constant(node, control.upper().replace("_", " "))
        except EquationError as error:
            low.fault(low.equations[control, ()], error)
    if len(values) < len(CONTROLS):
        return None
    axis = TimeAxis(
        values["initial_time"],
        values["final_time"],
        values["time_step"],
        values["saveper"],
    )
    lines = {key: low.equations[key, ()].component.line for key in CONTROLS}
    wrong = list(check_time(axis))
    for control, what in wrong:
        problems.add(lines[control], what)
    if not wrong and not dyadic(axis.step):
        low.warnings[
            f"TIME STEP = {axis.step:g} is not a power of two: PySD, which sums time, "
            "may lose saved rows that this program has; 1/8, 1/16, 1/32 … do not"
        ] = None
    if wrong:
        return None
    if not axis.even:
        low.warnings[
            f"TIME STEP = {axis.step:g} does not divide the "
            f"{axis.stop - axis.start:g} from INITIAL TIME to FINAL TIME: as in PySD, "
            f"the last step ends at {axis.last:g}"
        ] = None
    rows = uneven_rows(axis)
    if rows:
        low.warnings[
            f"SAVEPER = {axis.save_every:g} is not a multiple of TIME STEP = "
            f"{axis.step:g}: as in PySD, only the {len(rows)} steps are saved that a "
            "multiple of SAVEPER falls on"
        ] = None
    return replace(axis, rows=rows)


def _changing_axis(
    low: Lowering, nodes: Mapping[str, NodeId], problems: Problems
) -> TimeAxis | None:
    """Return the axis of control variables that change over time, walked through."""
    tables, cost = tuple(low.tables), 0
    build, graph = low.build, low.build.graph.nodes

    def at(control: str) -> Callable[[float], float]:
        nonlocal cost
        node = nodes[control]
        fixed = low.constant(node, control.upper().replace("_", " "), 0.0)
        if not build.flags[node] & TIME:
            return lambda _: fixed
        order = reachable(graph, (node,))
        cost += len(order)
        values = tuple(item.default for item in low.inputs)
        return lambda time: build.sweep(order, values, tables, time, {})[node]

    try:
        start, stop, step, save_every = (at(control) for control in CONTROLS)
        return walk(start, stop, step, save_every, cost)
    except AxisError as error:
        line = low.equations[error.control, ()].component.line
        problems.add(line, str(error))
    except EquationError as error:
        low.fault(low.equations["time_step", ()], error)
    return None


def _first_moment(low: Lowering, nodes: Mapping[str, NodeId]) -> TimeAxis | None:
    try:
        start = low.constant(nodes["initial_time"], "INITIAL TIME", 0.0)
        step = low.constant(nodes["time_step"], "TIME STEP", start)
    except EquationError as error:
        low.fault(low.equations["time_step", ()], error)
        return None
    return TimeAxis(start, start, step, step, (start,), (0,))


def axis_by_states(low: Lowering, problems: Problems) -> TimeAxis | None:
    """Return the axis of control variables that depend on stocks.

    The model is run once with the file's own values; every run has that axis.
    """
    keys = {control: ("scalar", "run", control, ()) for control in CONTROLS}
    runner = _Runner(low, {name: low.settle(key)[0] for name, key in keys.items()})
    if low.faults:
        return low.time
    start = low.time.start if low.time else 0.0

    def at(control: str) -> Callable[[float], float]:
        return lambda time: runner.value(control, time)

    try:
        stop, step, save_every = (at(name) for name in CONTROLS[1:])
        axis = walk(lambda _: start, stop, step, save_every, len(runner.order))
    except AxisError as error:
        problems.add(low.equations[error.control, ()].component.line, str(error))
        return low.time
    except NotConstantError:
        what = "the time axis must not depend on random numbers"
        low.fault(low.equations["final_time", ()], EquationError(what))
        return low.time
    low.warn(
        low.equations["final_time", ()],
        f"depends on stocks: every run goes to {axis.stop:g}, as the file's values do",
    )
    return axis


class _Runner:
    """The model run step by step, slowly, as far as its control variables need it."""

    def __init__(self, low: Lowering, controls: dict[str, NodeId]) -> None:
        self.build, self.controls = low.build, controls
        self.inputs = tuple(item.default for item in low.inputs)
        self.tables = tuple(low.tables)
        rules = {
            item.first + i: (
                low.settle(("start", item.number))[i],
                low.settle(("update", item.number))[i],
                item.rule,
            )
            for item in low.instances
            for i in range(len(item.names))
        }
        roots, needed = set(controls.values()), set[int]()
        while True:
            order = reachable(self.build.graph.nodes, tuple(roots))
            nodes = (self.build.graph.nodes[i] for i in order)
            found = {int(n.data or 0) for n in nodes if n.op == "state"}
            if found <= needed:
                break
            needed |= found
            roots |= {node for i in found for node in rules[i][:2]}
        self.order = order
        self.rules = {i: rules[i] for i in sorted(needed)}
        self.states: dict[int, float] = {}
        self.values: dict[NodeId, float] = {}
        self.time = float("nan")

    def value(self, control: str, time: float) -> float:
        """Return a control variable at a time, which may not go back."""
        if time != self.time:
            self._advance(time)
        return self.values[self.controls[control]]

    def _advance(self, time: float) -> None:
        if self.values:
            dt = self.values[self.controls["time_step"]]
            self.states = {
                i: self.values[update]
                if rule == "assign"
                else self.states[i] + dt * self.values[update]
                for i, (_, update, rule) in self.rules.items()
            }
        else:
            firsts = tuple(first for first, _, _ in self.rules.values())
            order = reachable(self.build.graph.nodes, firsts)
            begun = self.build.sweep(order, self.inputs, self.tables, time, {})
            self.states = {i: begun[rule[0]] for i, rule in self.rules.items()}
        self.time = time
        self.values = self.build.sweep(
            self.order, self.inputs, self.tables, time, self.states
        )
