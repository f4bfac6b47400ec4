"""Syntax trees → nodes: arithmetic, functions, sums over subscripts, delays as stocks.

The order of operations is that of the code PySD generates, so that numbers agree to the
last bit wherever the functions do; see ``pysd.builders.python`` and, for structures
with states, ``pysd.py_backend.statefuls``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

from sdmodel.model.functions import SMALL
from sdmodel.translate.build import INPUT
from sdmodel.translate.lower import (
    CONTROLS,
    EquationError,
    Instance,
    LackingError,
    Lowering,
    Scope,
    number_at,
)
from sdmodel.translate.space import subscript_key

if TYPE_CHECKING:
    from sdmodel.model.expr import NodeId
    from sdmodel.translate.build import Builder

Tree = Any
Args = Sequence[Tree]

_ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow"}
_LOGIC = {
    "=": "eq",
    "<>": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    ":AND:": "and",
    ":OR:": "or",
    "and": "and",
    "or": "or",
}


def expression(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """Return the node of a syntax tree in one place.

    Raises
    ------
    EquationError
        If a name, subscript or function in it means nothing here.
    """
    if isinstance(tree, int | float):
        return low.build.const(float(tree))
    kind = type(tree).__name__
    if kind == "ndarray":
        return low.build.const(number_at(scope.equation))
    made = _TREES.get(kind)
    if made is None:
        msg = UNSUPPORTED.get(kind, kind)
        raise LackingError(msg)
    return made(low, tree, scope)


# -- names ----------------------------------------------------------------------------


def _reference(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    name = tree.reference
    given = tuple(getattr(tree.subscripts, "subscripts", None) or ())
    if name == "time":
        if scope.mode == "control":
            msg = "the time axis must not depend on Time"
            raise LackingError(msg)
        if scope.mode == "init" and low.time is not None:
            return low.build.const(low.time.start)
        return low.build.op("time")
    if name in CONTROLS and low.time is not None:
        if name == "time_step":
            return low.build.op("dt")
        axis = low.time
        values = {
            "initial_time": axis.start,
            "final_time": axis.stop,
            "saveper": axis.save_every,
        }
        return low.build.const(values[name])
    if name not in low.dims:
        number = None if given else low.space.number(name.strip('"'), scope.binding)
        if number is None:
            msg = f"no variable '{name}'"
            raise EquationError(msg)
        return low.build.const(float(number))
    return low.need(
        ("scalar", _mode_of(low, name, scope), name, _elements(low, tree, scope))
    )[0]


def _mode_of(low: Lowering, name: str, scope: Scope) -> str:
    """Constants are the same in every mode, so that they are made once."""
    return "run" if name in low.constants else scope.mode


def _elements(low: Lowering, tree: Tree, scope: Scope) -> tuple[str, ...]:
    """Return the elements that a reference's subscripts mean; they must exist."""
    given = tuple(getattr(tree.subscripts, "subscripts", None) or ())
    wanted = low.dims[tree.reference]
    if len(given) != wanted:
        have = f"{len(given)}" if given else "none"
        msg = f"'{tree.reference}' has {wanted} subscripts, {have} given"
        raise EquationError(msg)
    elements = tuple(
        low.space.resolve(sub, scope.binding, (*given[:i], *given[i + 1 :]))
        for i, sub in enumerate(given)
    )
    if (tree.reference, elements) not in low.equations:
        msg = f"'{tree.reference}[{','.join(elements)}]' has no equation"
        raise EquationError(msg)
    return elements


# -- arithmetic -----------------------------------------------------------------------


def _arithmetic(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    args = [expression(low, arg, scope) for arg in tree.arguments]
    if tree.operators == ["negative"]:
        return low.build.op("neg", args[0])
    if tree.operators[0] == "^":
        # Right-associative, as in Vensim's and Python's grammar; the sign of a number
        # in front (the parser takes it into the number) belongs to the whole power.
        power = args[-1]
        for node, arg in zip(args[-2::-1], tree.arguments[-2::-1], strict=True):
            if isinstance(arg, int | float) and math.copysign(1.0, arg) < 0:
                positive = low.build.const(-float(arg))
                power = low.build.op("neg", low.build.op("pow", positive, power))
            else:
                power = low.build.op("pow", node, power)
        return power
    total = args[0]
    for sign, arg in zip(tree.operators, args[1:], strict=True):
        total = low.build.op(_ARITHMETIC[sign], total, arg)
    return total


def _logic(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    args = [expression(low, arg, scope) for arg in tree.arguments]
    signs = [sign.upper() if sign.startswith(":") else sign for sign in tree.operators]
    if signs == [":NOT:"]:
        return low.build.op("not", args[0])
    if len(set(signs)) > 1:
        msg = "AND and OR in one expression without parentheses"
        raise LackingError(msg)
    total = args[-1]
    for sign, arg in zip(signs[::-1], args[-2::-1], strict=True):
        total = low.build.op(_LOGIC[sign], arg, total)
    return total


# -- functions ------------------------------------------------------------------------


def _call(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    name = tree.function.reference
    if name in low.dims:
        return _lookup_call(low, tree, scope)
    rule = FUNCTIONS.get(name)
    if rule is None:
        msg = f"the function {name.upper().replace('_', ' ')}"
        raise LackingError(msg)
    arity, make = rule
    if len(tree.arguments) != arity:
        shown = name.upper().replace("_", " ")
        msg = f"{shown} takes {arity} arguments, {len(tree.arguments)} given"
        raise EquationError(msg)
    return make(low, tree.arguments, scope)


def _lookup_call(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    elements = _elements(low, tree.function, scope)
    equation = low.equations[tree.function.reference, elements]
    table = equation.component.tree
    if type(table).__name__ != "LookupsStructure":
        msg = (
            f"'{tree.function.reference}' is not a lookup, yet it is given an argument"
        )
        raise EquationError(msg)
    if len(tree.arguments) != 1:
        msg = f"the lookup '{tree.function.reference}' takes 1 argument"
        raise EquationError(msg)
    index = low.table(table, equation.element)
    return low.build.op("lookup", expression(low, tree.arguments[0], scope), data=index)


def _with_lookup(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    if tree.lookups.type != "interpolate":
        msg = (
            f"a graphical function of the kind '{tree.lookups.type}' inside a variable"
        )
        raise LackingError(msg)
    index = low.table(tree.lookups, scope.equation.element)
    return low.build.op("lookup", expression(low, tree.argument, scope), data=index)


def _plain(name: str, *order: int) -> Callable[[Lowering, Args, Scope], NodeId]:
    def make(low: Lowering, args: Args, scope: Scope) -> NodeId:
        nodes = [expression(low, arg, scope) for arg in args]
        return low.build.op(name, *nodes)

    return make


def _log(low: Lowering, args: Args, scope: Scope) -> NodeId:
    value, base = (low.build.op("ln", expression(low, arg, scope)) for arg in args)
    return low.build.op("div", value, base)


def _quantum(low: Lowering, args: Args, scope: Scope) -> NodeId:
    op = low.build.op
    a, b = (expression(low, arg, scope) for arg in args)
    whole = op("mul", b, op("integer", op("div", a, b)))
    return op("if", op("lt", b, low.build.const(SMALL)), a, whole)


def _active_initial(low: Lowering, args: Args, scope: Scope) -> NodeId:
    return expression(low, args[0] if scope.mode == "run" else args[1], scope)


def _now(low: Lowering, scope: Scope) -> NodeId:
    if scope.mode == "init" and low.time is not None:
        return low.build.const(low.time.start)
    if scope.mode == "control":
        msg = "the time axis must not depend on Time"
        raise LackingError(msg)
    return low.build.op("time")


def _step(low: Lowering, args: Args, scope: Scope) -> NodeId:
    op = low.build.op
    height, start = (expression(low, arg, scope) for arg in args)
    half = op("div", op("dt"), low.build.const(2.0))
    return op("mul", height, op("gt", op("add", _now(low, scope), half), start))


def _ramp(low: Lowering, args: Args, scope: Scope) -> NodeId:
    op, now = low.build.op, _now(low, scope)
    slope, start = (expression(low, arg, scope) for arg in args[:2])
    final = now
    if len(args) > 2:
        final = op("min", expression(low, args[2], scope), now)
    begun = op("gt", op("add", now, low.build.const(SMALL)), start)
    return op("mul", op("mul", begun, slope), op("sub", final, start))


def _one_pulse(b: Builder, now: NodeId, start: NodeId, width: NodeId) -> NodeId:
    return b.op(
        "and",
        b.op("le", b.op("sub", start, b.const(SMALL)), now),
        b.op("lt", now, b.op("add", start, width)),
    )


def _pulses(
    b: Builder, now: NodeId, start: NodeId, interval: NodeId, width: NodeId
) -> NodeId:
    """Return whether a pulse that comes again after each interval is on."""
    since = b.op("add", b.op("sub", now, start), b.const(SMALL))
    on = b.op("lt", b.op("modulo", since, interval), width)
    again = b.op("and", b.op("le", start, now), on)
    once = _one_pulse(b, now, start, width)
    return b.op("if", b.op("eq", interval, b.const(0.0)), once, again)


def _pulse(low: Lowering, args: Args, scope: Scope) -> NodeId:
    start, width = (expression(low, arg, scope) for arg in args)
    return _one_pulse(low.build, _now(low, scope), start, width)


def _pulse_train(low: Lowering, args: Args, scope: Scope) -> NodeId:
    op, now = low.build.op, _now(low, scope)
    start, interval, width, end = (expression(low, arg, scope) for arg in args)
    again = op(
        "and", _pulses(low.build, now, start, interval, width), op("lt", now, end)
    )
    once = _one_pulse(low.build, now, start, width)
    return op("if", op("eq", interval, low.build.const(0.0)), once, again)


def _pulse_of(low: Lowering, args: Args, scope: Scope) -> NodeId:
    """XMILE's PULSE(magnitude, start[, interval]): the volume of one step."""
    op, b, now = low.build.op, low.build, _now(low, scope)
    start = expression(low, args[0], scope)
    magnitude = expression(low, args[-1], scope)
    width = op("mul", b.const(0.5), op("dt"))
    if len(args) == 3:
        on = _pulses(b, now, start, expression(low, args[1], scope), width)
    else:
        on = _one_pulse(b, now, start, width)
    return op("if", on, op("div", magnitude, op("dt")), b.const(0.0))


def _time_value(low: Lowering, args: Args, scope: Scope) -> NodeId:
    if args[0] != 0 or args[2] != 0:
        msg = "GET TIME VALUE other than (0, offset, 0)"
        raise LackingError(msg)
    return low.build.op("add", _now(low, scope), expression(low, args[1], scope))


def _count(low: Lowering, args: Args, scope: Scope) -> NodeId:
    found = low.space.range_name(getattr(args[0], "reference", "").strip('"'))
    if found is None:
        msg = "ELMCOUNT takes the name of a subscript range"
        raise EquationError(msg)
    return low.build.const(float(len(low.space.ranges[found])))


# -- over subscripts ------------------------------------------------------------------


def _marked(low: Lowering, tree: Tree) -> dict[str, str]:
    """Return the ranges marked ``!``, in order, that no inner sum has taken."""
    found: dict[str, str] = {}
    stack = [tree]
    while stack:
        item = stack.pop()
        name = type(item).__name__
        if name == "CallStructure" and item.function.reference in _OVER:
            continue
        if name == "SubscriptsReferenceStructure":
            for sub in item.subscripts:
                if sub.strip().endswith("!"):
                    bare = sub.strip()[:-1].strip()
                    found.setdefault(subscript_key(bare) + "!", bare)
            continue
        stack.extend(reversed(list(children(item))))
    return found


def children(tree: Tree) -> Iterator[Tree]:
    """Yield the parts of a syntax tree, in order."""
    if isinstance(tree, list | tuple):
        yield from tree
    elif hasattr(tree, "__dataclass_fields__"):
        for name in tree.__dataclass_fields__:
            yield getattr(tree, name)


def _over(
    fold: Callable[[Lowering, list[NodeId], tuple[int, ...]], NodeId],
) -> Callable[[Lowering, Args, Scope], NodeId]:
    def make(low: Lowering, args: Args, scope: Scope) -> NodeId:
        marked = _marked(low, args[0])
        if not marked:
            msg = "a sum over subscripts needs one marked with !, as in SUM(x[range!])"
            raise EquationError(msg)
        members = [low.space.members(name) for name in marked.values()]
        nodes = [
            expression(
                low,
                args[0],
                Scope(
                    scope.equation,
                    {**scope.binding, **dict(zip(marked, chosen, strict=True))},
                    scope.mode,
                ),
            )
            for chosen in product(*members)
        ]
        return fold(low, nodes, tuple(len(names) for names in members))

    return make


def pairwise(nodes: list[NodeId], add: Callable[[NodeId, NodeId], NodeId]) -> NodeId:
    """Add in the order of numpy's pairwise summation.

    Fewer than 8 terms one after the other; up to 128 in eight interleaved chains; more
    in two halves, the first a multiple of 8 long (numpy/_core/src/umath/loops_utils).
    """
    count = len(nodes)
    if count < 8:
        return reduce(add, nodes)
    if count <= 128:
        chains = list(nodes[:8])
        for start in range(8, count - count % 8, 8):
            chains = [add(chains[i], nodes[start + i]) for i in range(8)]
        low, high = (
            add(add(a, b), add(c, d)) for a, b, c, d in (chains[:4], chains[4:])
        )
        return reduce(add, nodes[count - count % 8 :], add(low, high))
    half = count // 2
    half -= half % 8
    return add(pairwise(nodes[:half], add), pairwise(nodes[half:], add))


def _sum(low: Lowering, nodes: list[NodeId], sizes: tuple[int, ...]) -> NodeId:
    return pairwise(nodes, lambda a, b: low.build.op("add", a, b))


def _chain(
    name: str,
) -> Callable[[Lowering, list[NodeId], tuple[int, ...]], NodeId]:
    def fold(low: Lowering, nodes: list[NodeId], sizes: tuple[int, ...]) -> NodeId:
        return reduce(lambda a, b: low.build.op(name, a, b), nodes)

    return fold


# -- structures with states -----------------------------------------------------------


def _stock(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    number = low.instance(
        "stock", tree, scope, rule="assign" if tree.non_negative else "rate"
    )
    return _now_of(low, number, scope)


def _now_of(low: Lowering, number: int, scope: Scope, index: int = 0) -> NodeId:
    """Return a state's value: its node in the run, its initial value before."""
    if scope.mode == "run":
        return low.state(number, index)
    return low.need(("start", number))[index]


def _initial(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    if scope.mode != "run":
        return expression(low, tree.initial, scope)
    return _held(low, tree, scope, "initial", inner=tree.initial)


def _held(low: Lowering, place: Tree, scope: Scope, kind: str, **extra: Any) -> NodeId:
    """Return a value fixed before the first step: inline where no run can change it."""
    number = low.instance(kind, place, scope, rule="assign", part=True, **extra)
    first = low.need(("start", number))[0]
    if low.is_fixed(first):
        return first
    return low.state(number)


def _smooth(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    before = scope.at("init")
    order = low.constant(expression(low, tree.order, before), "the order of a SMOOTH")
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
    nodes = [expression(low, tree.delay_time, item) for item in scopes]
    return list(dict.fromkeys(nodes))


def _delay(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    before = scope.at("init")
    asked = low.constant(expression(low, tree.order, before), "the order of a DELAY")
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
    if order < asked:
        # PySD lowers the order; Vensim's published numbers show that it does not.
        msg = (
            f"a delay of order {asked:g} over a time of {shortest:g}, which is shorter "
            f"than {asked:g} steps of {step:g}"
        )
        raise LackingError(msg)
    delay_time = expression(low, tree.delay_time, scope)
    varies = scope.mode == "run" and low.build.flags[delay_time] & ~INPUT
    if type(tree).__name__ == "DelayNStructure" and varies:
        msg = "DELAY N with a delay time that changes over time"
        raise LackingError(msg)
    fixed = all(low.is_fixed(node) for node in times)
    count = int(asked)
    number = low.instance("delay", tree, scope, count=count, times=times, fixed=fixed)
    if scope.mode != "run":
        return low.build.op("div", low.need(("start", number))[0], delay_time)
    state = low.state(number, count - 1)
    if not fixed and count > 1:
        # Where a run shortens the delay time, its order falls, as at load time.
        now = _held(low, tree, scope, "order", delay=number)
        state = _chosen(low, number, count, now)
    return low.build.op("div", state, delay_time)


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


def _delay_fixed(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    before = expression(low, tree.delay_time, scope.at("init"))
    length = low.constant(before, "the delay time of a DELAY FIXED")
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


def _trend(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    op = low.build.op
    number = low.instance("trend", tree, scope)
    state = _now_of(low, number, scope)
    value = expression(low, tree.input, scope)
    average = expression(low, tree.average_time, scope)
    return op("zidz", op("sub", value, state), op("mul", average, op("abs", state)))


def _forecast(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    op, b = low.build.op, low.build
    number = low.instance("forecast", tree, scope)
    state = _now_of(low, number, scope)
    value = expression(low, tree.input, scope)
    average = expression(low, tree.average_time, scope)
    ratio = op("zidz", op("sub", value, state), op("mul", average, state))
    growth = op("mul", ratio, expression(low, tree.horizon, scope))
    return op("mul", value, op("add", b.const(1.0), growth))


def _sample(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    number = low.instance("sample", tree, scope, rule="assign")
    return low.build.op(
        "if",
        expression(low, tree.condition, scope),
        expression(low, tree.input, scope),
        _now_of(low, number, scope),
    )


def start(low: Lowering, item: Instance) -> tuple[NodeId, ...]:
    """Return the initial values of a structure's states, free of states."""
    tree, scope, count = item.tree, item.scope.at("init"), len(item.names)
    op, b = low.build.op, low.build
    if item.kind == "order":
        times = low.instances[item.extra["delay"]].extra["times"]
        return (_order(low, times, len(low.instances[item.extra["delay"]].names)),)
    if item.kind == "initial":
        return (expression(low, item.extra["inner"], scope),)
    if item.kind == "delay":
        value = op(
            "mul",
            expression(low, tree.initial, scope),
            expression(low, tree.delay_time, scope),
        )
        if not item.extra["fixed"]:
            left = _order(low, item.extra["times"], count)
            value = op("if", op("ge", left, b.const(1.0)), value, left)
        return (value,) * count
    if item.kind in {"trend", "forecast"}:
        rise = expression(low, tree.initial_trend, scope)
        if item.kind == "trend":
            rise = op("mul", rise, expression(low, tree.average_time, scope))
        value = expression(low, tree.input, scope)
        return (op("div", value, op("add", b.const(1.0), rise)),)
    return (expression(low, tree.initial, scope),) * count


def update(low: Lowering, item: Instance) -> tuple[NodeId, ...]:
    """Return what each state's rule asks for: a rate of change, or the next value."""
    tree, scope, count = item.tree, item.scope.at("run"), len(item.names)
    number = item.number
    op, b = low.build.op, low.build
    if item.kind in {"initial", "order"}:
        return (low.state(number),)
    if item.kind == "stock":
        flow = expression(low, tree.flow, scope)
        if item.rule == "rate":
            return (flow,)
        after = op("add", low.state(number), op("mul", flow, op("dt")))
        return (op("max", after, b.const(0.0)),)
    if item.kind == "sample":
        return (_sample(low, tree, scope),)
    value = expression(low, tree.input, scope)
    states = [low.state(number, i) for i in range(count)]
    if item.kind == "fixed delay":
        return (*states[1:], value)
    if item.kind in {"trend", "forecast"}:
        average = expression(low, tree.average_time, scope)
        return (op("div", op("sub", value, states[0]), average),)
    if item.kind == "smooth":
        length = expression(low, tree.smooth_time, scope)
        return tuple(
            op(
                "div",
                _times(b, op("sub", target, state), b.const(float(count))),
                length,
            )
            for target, state in zip([value, *states[:-1]], states, strict=True)
        )
    length = expression(low, tree.delay_time, scope)
    order = b.const(float(count))
    if not item.extra["fixed"] and count > 1:
        order = _held(low, tree, item.scope.at("run"), "order", delay=number)
    outflows = [op("div", state, length) for state in states]
    return tuple(
        _times(b, op("sub", inflow, outflow), order)
        for inflow, outflow in zip([value, *outflows[:-1]], outflows, strict=True)
    )


def _times(b: Builder, node: NodeId, factor: NodeId) -> NodeId:
    """Multiply, unless by one, which changes no bit."""
    return node if b.graph.nodes[factor].data == 1.0 else b.op("mul", node, factor)


_OVER = frozenset({"sum", "prod", "vmin", "vmax"})

FUNCTIONS: Mapping[str, tuple[int, Callable[[Lowering, Args, Scope], NodeId]]] = {
    **{
        name: (1, _plain(name))
        for name in (
            [
                "abs",
                "exp",
                "ln",
                "sqrt",
                "sin",
                "cos",
                "tan",
                "arcsin",
                "arccos",
                "arctan",
                "integer",
            ]
        )
    },
    **{name: (2, _plain(name)) for name in ("min", "max", "modulo", "zidz")},
    "xidz": (3, _plain("xidz")),
    "if_then_else": (3, _plain("if")),
    "power": (2, _plain("pow")),
    "log": (2, _log),
    "quantum": (2, _quantum),
    "active_initial": (2, _active_initial),
    "step": (2, _step),
    "ramp": (3, _ramp),
    "Xramp": (2, _ramp),
    "pulse": (2, _pulse),
    "pulse_train": (4, _pulse_train),
    "Xpulse": (2, _pulse_of),
    "Xpulse_train": (3, _pulse_of),
    "get_time_value": (3, _time_value),
    "elmcount": (1, _count),
    "sum": (1, _over(_sum)),
    "prod": (1, _over(_chain("mul"))),
    "vmin": (1, _over(_chain("min"))),
    "vmax": (1, _over(_chain("max"))),
}
"""Functions as PySD's parsers name them: number of arguments, and the maker."""

UNSUPPORTED: Mapping[str, str] = {
    "AllocateAvailableStructure": "ALLOCATE AVAILABLE",
    "AllocateByPriorityStructure": "ALLOCATE BY PRIORITY",
    "DataStructure": "data from another run (a DATA variable)",
    "GetConstantsStructure": "GET XLS or DIRECT CONSTANTS (data in another file)",
    "GetDataStructure": "GET XLS or DIRECT DATA (data in another file)",
    "GetLookupsStructure": "GET XLS or DIRECT LOOKUPS (data in another file)",
}
"""Syntax trees that no engine here computes, in words."""

_TREES: Mapping[str, Callable[[Lowering, Tree, Scope], NodeId]] = {
    "ReferenceStructure": _reference,
    "ArithmeticStructure": _arithmetic,
    "LogicStructure": _logic,
    "CallStructure": _call,
    "GameStructure": lambda low, tree, scope: expression(low, tree.expression, scope),
    "InlineLookupsStructure": _with_lookup,
    "InitialStructure": _initial,
    "IntegStructure": _stock,
    "DelayStructure": _delay,
    "DelayNStructure": _delay,
    "DelayFixedStructure": _delay_fixed,
    "SmoothStructure": _smooth,
    "SmoothNStructure": _smooth,
    "TrendStructure": _trend,
    "ForecastStructure": _forecast,
    "SampleIfTrueStructure": _sample,
}
"""Makers by the class of the syntax tree (by name: this file does not import PySD)."""
