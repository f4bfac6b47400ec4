"""Syntax trees → nodes: names, arithmetic, functions, delays as stocks.

The order of operations is that of the code PySD generates, so that numbers agree to the
last bit wherever the functions do; see ``pysd.builders.python`` and, for structures
with states, ``pysd.py_backend.statefuls``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sdmodel.model.expr import NodeId
from sdmodel.model.functions import SMALL
from sdmodel.translate import allocate, draws, matrices, stateful, timely, vectors
from sdmodel.translate.build import NA
from sdmodel.translate.lower import Lowering
from sdmodel.translate.nouns import (
    CONTROLS,
    Equation,
    EquationError,
    LackingError,
    Scope,
    SpoiledError,
    is_lookup,
)
from sdmodel.translate.special import log_gamma
from sdmodel.translate.sums import OVER, whole

if TYPE_CHECKING:
    from sdmodel.model.core import Rule

Tree = Any
Args = Sequence[Tree]
Make = Callable[[Lowering, Args, Scope], NodeId]

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
        return low.build.const(NA if math.isnan(tree) else float(tree))
    kind = type(tree).__name__
    if low.spoiled and low.unreadable(tree):
        return low.build.const(NA)
    if kind == "ndarray":
        return low.build.const(_listed(tree, scope.equation))
    made = TREES.get(kind)
    if made is None:
        msg = UNSUPPORTED.get(kind, kind)
        raise LackingError(msg)
    return made(low, tree, scope)


def _listed(numbers: Any, equation: Equation) -> float:
    """Return the number that a list, as an initial value may be, has for an element."""
    count = len(equation.component.bindings)
    if numbers.size != count:
        msg = f"{numbers.size} numbers for {count} elements"
        raise EquationError(msg)
    return float(numbers.reshape(-1)[equation.place])


# -- names ----------------------------------------------------------------------------


def _reference(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    name = tree.reference
    given = tuple(getattr(tree.subscripts, "subscripts", None) or ())
    if name == "time":
        return timely.moment(low, scope)
    if name in CONTROLS and low.time is not None and not low.time.clock:
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
    elements = _elements(low, tree, scope)
    held = low.held.get((name, elements))
    if held is not None:
        return held
    return low.need(("scalar", _mode_of(low, name, scope), name, elements))[0]


def _mode_of(low: Lowering, name: str, scope: Scope) -> str:
    """Constants are the same in every mode, so that they are made once."""
    return "run" if name in low.constants else scope.mode


def _elements(low: Lowering, tree: Tree, scope: Scope) -> tuple[str, ...]:
    """Return the elements that a reference's subscripts mean; they must exist."""
    given = tuple(getattr(tree.subscripts, "subscripts", None) or ())
    wanted = low.dims[tree.reference]
    if not given and low.xmile:
        # XMILE names the flows of an array's stock without subscripts.
        given = low.axes.get(tree.reference, ())
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
    missing = [isinstance(arg, float) and math.isnan(arg) for arg in tree.arguments]
    if any(missing) and tree.operators[0] in {"=", "<>"} and len(missing) == 2:
        # Vensim's :NA: is a number, so that a value can be asked whether it is one.
        node = expression(low, tree.arguments[missing[0]], scope)
        return low.build.op("ne" if tree.operators[0] == "=" else "eq", node, node)
    args = [expression(low, arg, scope) for arg in tree.arguments]
    signs = [sign.upper() if sign.startswith(":") else sign for sign in tree.operators]
    if signs == [":NOT:"]:
        return low.build.op("not", args[0])
    if len(set(signs)) > 1:
        low.warn(
            scope.equation,
            "AND and OR without parentheses are read from right to left, as PySD does",
        )
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
    if arity is not None and len(tree.arguments) != arity:
        shown = name.upper().replace("_", " ")
        msg = f"{shown} takes {arity} arguments, {len(tree.arguments)} given"
        raise EquationError(msg)
    return make(low, tree.arguments, scope)


def _table_named(low: Lowering, tree: Tree, scope: Scope) -> Equation:
    """Return the equation of the table that a reference names.

    A macro's argument may be a table too: then the reference leads to another.
    """
    if low.unreadable(tree):
        raise SpoiledError
    if type(tree).__name__ != "ReferenceStructure" or tree.reference not in low.dims:
        msg = "a table is needed here, by name"
        raise EquationError(msg)
    equation = low.equations[tree.reference, _elements(low, tree, scope)]
    inner = equation.component.tree
    if low.xmile and type(inner).__name__ == "InlineLookupsStructure":
        # XMILE's table is a variable too; by LOOKUP it is read at another place.
        part = replace(equation.component, tree=inner.lookups)
        return replace(equation, component=part)
    if type(inner).__name__ == "ReferenceStructure":
        return _table_named(low, inner, Scope(equation, equation.binding, scope.mode))
    if not is_lookup(inner):
        msg = f"'{tree.reference}' is not a lookup, yet it is given an argument"
        raise EquationError(msg)
    return equation


def _lookup_call(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    equation = _table_named(low, tree.function, scope)
    if len(tree.arguments) != 1:
        msg = f"the lookup '{tree.function.reference}' takes 1 argument"
        raise EquationError(msg)
    index = low.book.table(equation.component.tree, equation.element, equation.place)
    return low.build.op("lookup", expression(low, tree.arguments[0], scope), data=index)


def _lookup_with(how: Rule) -> Make:
    """Return the maker of a function that reads a table with another rule."""

    def make(low: Lowering, args: Args, scope: Scope) -> NodeId:
        equation = _table_named(low, args[0], scope)
        tree, place = equation.component.tree, equation.place
        index = low.book.table(tree, equation.element, place, how)
        return low.build.op("lookup", expression(low, args[1], scope), data=index)

    return make


def _lookup_invert(low: Lowering, args: Args, scope: Scope) -> NodeId:
    equation = _table_named(low, args[0], scope)
    index = low.book.table(equation.component.tree, equation.element, equation.place)
    return low.build.op(
        "lookup", expression(low, args[1], scope), data=low.book.inverted(index)
    )


def _data(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    """Read the table of this element at Time."""
    if not tree.over_time:
        msg = "a lookup without an argument"
        raise EquationError(msg)
    equation = scope.equation
    if not tree.tables[equation.place][0]:
        low.warn(equation, "no data: it is missing at all times")
        return low.build.const(NA)
    index = low.book.table(tree, equation.element, equation.place)
    return low.build.op("lookup", timely.moment(low, scope), data=index)


def _with_lookup(low: Lowering, tree: Tree, scope: Scope) -> NodeId:
    index = low.book.table(tree.lookups, scope.equation.element)
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


def _gamma(low: Lowering, args: Args, scope: Scope) -> NodeId:
    return log_gamma(low.build, expression(low, args[0], scope))


def _active_initial(low: Lowering, args: Args, scope: Scope) -> NodeId:
    return expression(low, args[0] if scope.mode == "run" else args[1], scope)


def _count(low: Lowering, args: Args, scope: Scope) -> NodeId:
    found = low.space.range_name(getattr(args[0], "reference", "").strip('"'))
    if found is None:
        msg = "ELMCOUNT takes the name of a subscript range"
        raise EquationError(msg)
    return low.build.const(float(len(low.space.ranges[found])))


def _unwritten(low: Lowering, args: Args, scope: Scope) -> NodeId:
    low.warn(scope.equation, "A FUNCTION OF stands for an equation still to be written")
    return low.build.const(math.nan)


FUNCTIONS: Mapping[str, tuple[int | None, Make]] = {
    **{name: (1, _plain(name)) for name in ("abs", "exp", "ln", "sqrt", "integer")},
    **{name: (1, _plain(name)) for name in ("sin", "cos", "tan", "sinh", "cosh")},
    **{name: (1, _plain(name)) for name in ("tanh", "arcsin", "arccos", "arctan")},
    **{name: (2, _plain(name)) for name in ("min", "max", "modulo", "zidz")},
    "xidz": (3, _plain("xidz")),
    "if_then_else": (3, _plain("if")),
    "power": (2, _plain("pow")),
    "log": (2, _log),
    "quantum": (2, _quantum),
    "active_initial": (2, _active_initial),
    "step": (2, timely.step),
    "ramp": (3, timely.ramp),
    "Xramp": (2, timely.ramp),
    "pulse": (2, timely.pulse),
    "pulse_train": (4, timely.pulse_train),
    "Xpulse": (2, timely.pulse_of),
    "Xpulse_train": (3, timely.pulse_of),
    "npv": (4, stateful.net_present_value),
    "gamma_ln": (1, _gamma),
    "get_time_value": (3, timely.time_value),
    "elmcount": (1, _count),
    "pi": (0, lambda low, args, scope: low.build.const(math.pi)),
    "a_function_of": (None, _unwritten),
    "lookup_extrapolate": (2, _lookup_with("extrapolate")),
    "lookup_forward": (2, _lookup_with("hold_forward")),
    "lookup_backward": (2, _lookup_with("hold_backward")),
    "lookup_invert": (2, _lookup_invert),
    "vmin_xmile": (1, whole("min")),
    "vmax_xmile": (1, whole("max")),
    "element_at": (None, vectors.element_at),
    "element_of_rank": (None, vectors.element_of_rank),
    "random_0_1": (0, draws.standard),
    "random_uniform": (3, draws.uniform),
    "random_normal": (5, draws.normal),
    "random_exponential": (5, draws.exponential),
    "poisson": (2, draws.poisson),
    "triangular": (4, draws.triangular),
    **{name: (1, make) for name, make in OVER.items()},
    "vector_select": (5, vectors.select),
    "vector_sort_order": (2, vectors.sort_order),
    "vector_rank": (2, vectors.rank),
    "vector_reorder": (2, vectors.reorder),
    "vector_elm_map": (2, vectors.element),
    "invert_matrix": (2, matrices.invert),
}
"""Functions as PySD's parsers name them: number of arguments, and the maker."""

UNSUPPORTED: Mapping[str, str] = {
    "GetConstantsStructure": "GET CONSTANTS as a part of an equation",
    "GetDataStructure": "GET DATA as a part of an equation",
    "GetLookupsStructure": "GET LOOKUPS as a part of an equation",
}
"""Syntax trees that no engine here computes, in words."""

TREES: Mapping[str, Callable[[Lowering, Tree, Scope], NodeId]] = {
    "ReferenceStructure": _reference,
    "ArithmeticStructure": _arithmetic,
    "LogicStructure": _logic,
    "CallStructure": _call,
    "GameStructure": lambda low, tree, scope: expression(low, tree.expression, scope),
    "InlineLookupsStructure": _with_lookup,
    "Series": _data,
    "InitialStructure": stateful.initial,
    "IntegStructure": stateful.stock,
    "DelayStructure": stateful.delay,
    "DelayNStructure": stateful.delay,
    "DelayFixedStructure": stateful.delay_fixed,
    "SmoothStructure": stateful.smooth,
    "SmoothNStructure": stateful.smooth,
    "TrendStructure": stateful.trend,
    "ForecastStructure": stateful.forecast,
    "SampleIfTrueStructure": stateful.sample,
    "AllocateAvailableStructure": allocate.available,
    "AllocateByPriorityStructure": allocate.by_priority,
}
"""Makers by the class of the syntax tree (by name: this file does not import PySD)."""
