"""Stocks, delays, smooths and the like as states with rules.

The equations are those of ``pysd.py_backend.statefuls``: the state of a delay is stored
times its delay time, a trend compares with a smoothed input, and so on.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from sdmodel.model.functions import SMALL
from sdmodel.translate.build import INPUT
from sdmodel.translate.nouns import EquationError, Scope
from sdmodel.translate.source import name_key
from sdmodel.translate.timely import step_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.model.expr import NodeId
    from sdmodel.translate.build import Builder
    from sdmodel.translate.lower import Lowering
    from sdmodel.translate.nouns import Instance

    Tree = Any


MAX_ORDER = 1000
"""Of delays and smooths; each order is a state of its own."""


def stock(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """INTEG: a state with a rate, or held at zero where it is non-negative."""
    number = low.instance(
        "stock", tree, scope, rule="assign" if tree.non_negative else "rate"
    )
    return _now_of(low, number, scope)


def _now_of(low: Lowering, number: int, scope: Scope, index: int = 0) -> NodeId:
    """Return a state's value: its node in the run, its initial value before."""
    if scope.mode == "run":
        return low.state(number, index)
    return low.need(("start", number))[index]


def initial(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """Hold the value that the argument of INITIAL has before the first step."""
    if scope.mode != "run":
        return low.express(tree.initial, scope)
    return _held(low, tree, scope, "initial", inner=tree.initial)


def _held(low: Lowering, place: Tree, scope: Scope, kind: str, **extra: Any) -> NodeId:
    """Return a value fixed before the first step: inline where no run can change it."""
    number = low.instance(kind, place, scope, rule="assign", part=True, **extra)
    first = low.need(("start", number))[0]
    if low.is_fixed(first):
        return first
    return low.state(number)


def _few(order: float, what: str) -> None:
    """Refuse an order that no one means."""
    if not order <= MAX_ORDER:
        msg = f"the order of a {what} is {order:g}; at most {MAX_ORDER}"
        raise EquationError(msg)


def smooth(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """SMOOTH of any order: a chain of first-order adjustments."""
    before = scope.at("init")
    order = low.constant(low.express(tree.order, before), "the order of a SMOOTH")
    _few(order, "SMOOTH")
    if order != int(order) or order < 1:
        msg = f"the order of a SMOOTH must be a whole number from 1 on, not {order:g}"
        raise EquationError(msg)
    number = low.instance("smooth", tree, scope, count=int(order))
    return _now_of(low, number, scope, int(order) - 1)


def _delay_times(low: Lowering, tree: Tree, scope: Scope) -> list[NodeId]:
    """Return the delay times of all elements of the definition, before the first step.

    PySD takes the shortest of them for the order of all.
    """
    part = scope.equation.component
    bindings = part.bindings if scope.binding == scope.equation.binding else ()
    scopes = [Scope(scope.equation, binding, "init") for binding in bindings] or [
        scope.at("init")
    ]
    nodes = [low.express(tree.delay_time, item) for item in scopes]
    return list(dict.fromkeys(nodes))


def delay(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """DELAY of any order; its order falls where a run shortens its delay time."""
    before = scope.at("init")
    asked = low.constant(low.express(tree.order, before), "the order of a DELAY")
    _few(asked, "DELAY")
    if asked < 1:
        msg = f"the order of a DELAY must be 1 or more, not {asked:g}"
        raise EquationError(msg)
    times = _delay_times(low, tree, scope)
    step = low.time.step if low.time else 0.0
    shortest = min(low.default(node, "the first delay time") for node in times)
    order = int(asked)
    while order and order * step > shortest:
        order -= 1
    if order < 1:
        msg = f"a delay time of {shortest:g} is shorter than TIME STEP ({step:g})"
        raise EquationError(msg)
    fixed = all(low.is_fixed(node) for node in times)
    if order < int(asked):
        # PySD lowers the order; Vensim's published numbers show that it does not.
        fixed = True
        low.warn(
            scope.equation,
            f"a delay of order {asked:g} over {shortest:g}, shorter than {asked:g} "
            f"steps of {step:g}: kept as it is, as in Vensim; PySD lowers the order",
        )
    delay_time = low.express(tree.delay_time, scope)
    count = int(asked)
    number = low.instance("delay", tree, scope, count=count, times=times, fixed=fixed)
    if scope.mode != "run":
        return low.build.op("div", low.need(("start", number))[0], delay_time)
    if type(tree).__name__ == "DelayNStructure" and _varies(low, delay_time):
        # What leaves a stage does so after the time that held when it came in.
        lag = low.instance("delay times", tree, scope, count, "assign", part=True)
        delay_time = low.state(lag, 0)
    state = low.state(number, count - 1)
    if not fixed and count > 1:
        # Where a run shortens the delay time, its order falls, as at load time.
        now = _held(low, tree, scope, "order", delay=number)
        state = _chosen(low, number, count, now)
    return low.build.op("div", state, delay_time)


def _varies(low: Lowering, node: NodeId) -> bool:
    low.is_fixed(node)  # waits until the node is known
    return bool(low.build.flags[node] & ~INPUT)


def _chosen(low: Lowering, number: int, count: int, order: NodeId) -> NodeId:
    """Return the state at the end of a delay of the order in force."""
    state = low.state(number, 0)
    for index in range(1, count):
        longer = low.build.op("gt", order, low.build.const(float(index)))
        state = low.build.op("if", longer, low.state(number, index), state)
    return state


def _order(low: Lowering, times: list[NodeId], count: int) -> NodeId:
    """Return the order a run's own delay times leave, nan where none is left."""
    b, step = low.build, low.time.step if low.time else 0.0
    shortest = reduce(lambda x, y: b.op("min", x, y), times)
    order = b.const(float("nan"))
    for k in range(1, count + 1):
        too_long = b.op("gt", b.const(k * step), shortest)
        order = b.op("if", too_long, order, b.const(float(k)))
    return order


def delay_fixed(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """DELAY FIXED: a pipe, one state for each step."""
    before = low.express(tree.delay_time, scope.at("init"))
    length = low.constant(before, "the delay time of a DELAY FIXED")
    if name_key(scope.equation.component.variable) in low.belts:
        later = low.express(tree.delay_time, scope.at("run"))
        low.constant(later, "the transit time of a conveyor")
    step = low.time.step if low.time else 1.0
    steps = max(length / step, 1.0)
    if not steps < 100_000:
        msg = f"a DELAY FIXED over {steps:g} steps; at most 100000"
        raise EquationError(msg)
    count = round(steps + SMALL)
    if abs(count - steps) > SMALL:
        low.warn(
            scope.equation, f"a fixed delay of {length:g} is rounded to {count} steps"
        )
    number = low.instance("fixed delay", tree, scope, count=count, rule="assign")
    return _now_of(low, number, scope)


def trend(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """TREND: relative growth against a smoothed input."""
    op = low.build.op
    number = low.instance("trend", tree, scope)
    state = _now_of(low, number, scope)
    value = low.express(tree.input, scope)
    average = low.express(tree.average_time, scope)
    return op("zidz", op("sub", value, state), op("mul", average, op("abs", state)))


def forecast(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """FORECAST: the input extrapolated by its trend."""
    op, b = low.build.op, low.build
    number = low.instance("forecast", tree, scope)
    state = _now_of(low, number, scope)
    value = low.express(tree.input, scope)
    average = low.express(tree.average_time, scope)
    ratio = op("zidz", op("sub", value, state), op("mul", average, state))
    growth = op("mul", ratio, low.express(tree.horizon, scope))
    return op("mul", value, op("add", b.const(1.0), growth))


def sample(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """SAMPLE IF TRUE: the input while the condition holds, then what it last was.

    Where it is a variable's whole equation, that variable's name inside it means what
    is held, as in the running minimum ``m = SAMPLE IF TRUE(x < m, x, x)``.
    """
    number = low.instance("sample", tree, scope, rule="assign", own=low.current)
    kept = _now_of(low, number, scope)
    own = low.instances[number].extra["own"]
    if own is not None and scope.equation.component.tree is tree:
        low.held[own] = kept
    try:
        parts = [low.express(part, scope) for part in (tree.condition, tree.input)]
    finally:
        low.held.pop(own, None)
    return low.build.op("if", *parts, kept)


def net_present_value(low: Lowering, args: Sequence[Tree], scope: Scope) -> NodeId:
    """NPV(stream, rate, start, factor): what has come so far, discounted to the start.

    Its states are the sum and the discount factor, which falls by 1 + rate · TIME STEP.
    """
    op = low.build.op
    number = low.instance("npv", args, scope, count=2)
    total, share = (_now_of(low, number, scope, i) for i in (0, 1))
    now = op("mul", low.express(args[0], scope), step_of(low, scope))
    value = op("add", total, op("mul", now, share))
    return op("mul", value, low.express(args[3], scope))


def start(low: Lowering, item: Instance) -> tuple[NodeId, ...]:
    """Return the initial values of a structure's states, free of states."""
    tree, scope, count = item.tree, item.scope.at("init"), len(item.names)
    op, b = low.build.op, low.build
    if item.kind == "order":
        times = low.instances[item.extra["delay"]].extra["times"]
        return (_order(low, times, len(low.instances[item.extra["delay"]].names)),)
    if item.kind == "initial":
        return (low.express(item.extra["inner"], scope),)
    if item.kind == "delay times":
        return (low.express(tree.delay_time, scope),) * count
    if item.kind == "delay":
        value = op(
            "mul",
            low.express(tree.initial, scope),
            low.express(tree.delay_time, scope),
        )
        if not item.extra["fixed"]:
            left = _order(low, item.extra["times"], count)
            value = op("if", op("ge", left, b.const(1.0)), value, left)
        return (value,) * count
    if item.kind == "npv":
        return (low.express(tree[2], scope), b.const(1.0))
    if item.kind in {"trend", "forecast"}:
        rise = low.express(tree.initial_trend, scope)
        if item.kind == "trend":
            rise = op("mul", rise, low.express(tree.average_time, scope))
        value = low.express(tree.input, scope)
        return (op("div", value, op("add", b.const(1.0), rise)),)
    return (low.express(tree.initial, scope),) * count


def update(low: Lowering, item: Instance) -> tuple[NodeId, ...]:
    """Return what each state's rule asks for: a rate of change, or the next value."""
    tree, scope, count = item.tree, item.scope.at("run"), len(item.names)
    number = item.number
    op, b = low.build.op, low.build
    if item.kind in {"initial", "order"}:
        return (low.state(number),)
    if item.kind == "delay times":
        kept = [low.state(number, i) for i in range(count - 1)]
        return (low.express(tree.delay_time, scope), *kept)
    if item.kind == "stock":
        flow = low.express(tree.flow, scope)
        if item.rule == "rate":
            return (flow,)
        dt = step_of(low, scope)
        after = op("add", low.state(number), op("mul", flow, dt))
        return (op("max", after, b.const(0.0)),)
    if item.kind == "sample":
        return (sample(low, tree, scope),)
    if item.kind == "npv":
        share, rate = low.state(number, 1), low.express(tree[1], scope)
        falls = op("add", b.const(1.0), op("mul", rate, step_of(low, scope)))
        fall = op("div", op("mul", op("neg", share), rate), falls)
        return (op("mul", low.express(tree[0], scope), share), fall)
    value = low.express(tree.input, scope)
    states = [low.state(number, i) for i in range(count)]
    if item.kind == "fixed delay":
        return (*states[1:], value)
    if item.kind in {"trend", "forecast"}:
        average = low.express(tree.average_time, scope)
        return (op("div", op("sub", value, states[0]), average),)
    if item.kind == "smooth":
        length = low.express(tree.smooth_time, scope)
        return tuple(
            op(
                "div",
                _times(b, op("sub", target, state), b.const(float(count))),
                length,
            )
            for target, state in zip([value, *states[:-1]], states, strict=True)
        )
    length = low.express(tree.delay_time, scope)
    order = b.const(float(count))
    if not item.extra["fixed"] and count > 1:
        order = _held(low, tree, item.scope.at("run"), "order", delay=number)
    lengths = [length] * count
    if type(tree).__name__ == "DelayNStructure" and _varies(low, length):
        lag = low.instance("delay times", tree, scope, count, "assign", part=True)
        lengths = [length, *(low.state(lag, i) for i in range(count - 1))]
    outflows = [
        op("div", state, each) for state, each in zip(states, lengths, strict=True)
    ]
    return tuple(
        _times(b, op("sub", inflow, outflow), order)
        for inflow, outflow in zip([value, *outflows[:-1]], outflows, strict=True)
    )


def _times(b: Builder, node: NodeId, factor: NodeId) -> NodeId:
    """Multiply, unless by one, which changes no bit."""
    return node if b.graph.nodes[factor].data == 1.0 else b.op("mul", node, factor)
