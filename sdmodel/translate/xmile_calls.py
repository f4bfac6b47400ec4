"""The functions of XMILE and Stella as syntax trees of what the translation knows.

Functions of arrays are left as calls: what they run over is known only once all
variables are (``xmile_arrays.py``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sdmodel.translate.xmile_expr import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Tree = Any
    Make = Callable[[Any, Sequence[Tree]], Tree]

_FROM_PYSD = frozenset(
    {"delay", "delay1", "delay3", "delayn", "smth1", "smth3", "smthn", "trend"}
    | {"forcst", "safediv", "if_then_else", "pulse", "int"}
)
"""Functions whose trees are those of PySD's own table."""

_FAR = 40.0
"""Standard deviations beyond which no draw of double precision lies."""


def call(name: str, arguments: Sequence[Tree]) -> Tree:
    """Return the tree of a function's call; what is unknown stays a call by its name.

    Raises
    ------
    ExpressionError
        If a known function is given too few or too many arguments.
    """
    from pysd.translators.structures import abstract_expressions as trees

    rule = _RULES.get(name)
    if rule is not None:
        counts, make = rule
        _count(name, arguments, counts)
        return make(trees, arguments)
    if name in _FROM_PYSD:
        return _pysd(name, arguments)
    return trees.CallStructure(trees.ReferenceStructure(name), tuple(arguments))


def _count(name: str, arguments: Sequence[Tree], counts: Sequence[int]) -> None:
    if len(arguments) not in counts:
        wanted = " or ".join(map(str, counts))
        msg = f"{name.upper()} takes {wanted} arguments, {len(arguments)} given"
        raise ExpressionError(msg)


def _pysd(name: str, arguments: Sequence[Tree]) -> Tree:
    from pysd.translators.xmile.xmile_structures import structures

    rule = structures[name]
    if isinstance(rule, dict):
        _count(name, arguments, sorted(rule))
        return rule[len(arguments)](*arguments)
    _count(name, arguments, (3 if name == "if_then_else" else 1,))
    return rule(*arguments)


def _named(trees: Any, name: str, *arguments: Tree) -> Tree:
    return trees.CallStructure(trees.ReferenceStructure(name), arguments)


def _sum(trees: Any, sign: str, *parts: Tree) -> Tree:
    return trees.ArithmeticStructure([sign] * (len(parts) - 1), parts)


def _lookup(trees: Any, args: Sequence[Tree]) -> Tree:
    if not isinstance(args[0], trees.ReferenceStructure):
        msg = "LOOKUP takes a graphical function by its name"
        raise ExpressionError(msg)
    return trees.CallStructure(args[0], (args[1],))


def _previous(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return what was one step ago: a fixed delay of one step."""
    step = trees.ReferenceStructure("time_step")
    return trees.DelayFixedStructure(args[0], step, args[-1])


def _ramp(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return a ramp; without a time it begins where the run does, as in Stella."""
    if len(args) > 1:
        return _pysd("ramp", args)
    return _named(trees, "Xramp", args[0], trees.ReferenceStructure("initial_time"))


def _history(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return what was at ``TIME - c``: a fixed delay by c, 0 before there was anything.

    Any other time is left as a call, which is refused by its name.
    """
    when = args[1]
    parts = list(getattr(when, "arguments", ()))
    signs = list(getattr(when, "operators", ()))
    first = getattr(parts[0], "reference", "") if parts else ""
    if first != "time" or not signs or signs[0] != "-" or set(signs) > {"+", "-"}:
        return _named(trees, "history", *args)
    ago = parts[1]
    if len(parts) > 2:
        turned = ["-" if sign == "+" else "+" for sign in signs[1:]]
        ago = trees.ArithmeticStructure(turned, tuple(parts[1:]))
    return trees.DelayFixedStructure(args[0], ago, 0)


def _rounded(trees: Any, args: Sequence[Tree]) -> Tree:
    half = _sum(trees, "+", _named(trees, "abs", args[0]), 0.5)
    size = _named(trees, "integer", half)
    less = trees.LogicStructure(["<"], (args[0], 0))
    minus = trees.ArithmeticStructure(["negative"], (size,))
    return _named(trees, "if_then_else", less, minus, size)


def _wave(shape: str) -> Make:
    def make(trees: Any, args: Sequence[Tree]) -> Tree:
        turns = trees.ArithmeticStructure(
            ["*", "/"], (2 * math.pi, trees.ReferenceStructure("time"), args[1])
        )
        return _sum(trees, "*", args[0], _named(trees, shape, turns))

    return make


def _growth(trees: Any, args: Sequence[Tree]) -> Tree:
    step = trees.ReferenceStructure("time_step")
    ratio = _sum(trees, "+", 1, _sum(trees, "/", args[0], 100))
    power = trees.ArithmeticStructure(["^"], (ratio, step))
    return _sum(trees, "/", _sum(trees, "-", power, 1), step)


def _root(trees: Any, args: Sequence[Tree]) -> Tree:
    return trees.ArithmeticStructure(["^"], (args[0], _sum(trees, "/", 1, args[1])))


def _seed(args: Sequence[Tree], place: int) -> Tree:
    return args[place] if len(args) > place else 0


def _random(trees: Any, args: Sequence[Tree]) -> Tree:
    return _named(trees, "random_uniform", args[0], args[1], _seed(args, 2))


def _normal(trees: Any, args: Sequence[Tree]) -> Tree:
    mean, deviation = args[:2]
    far = _sum(trees, "*", _FAR, deviation)
    ends = _sum(trees, "-", mean, far), _sum(trees, "+", mean, far)
    return _named(trees, "random_normal", *ends, mean, deviation, _seed(args, 2))


def _exponential(trees: Any, args: Sequence[Tree]) -> Tree:
    far = _sum(trees, "*", 25.0 * _FAR, args[0])
    return _named(trees, "random_exponential", 0, far, 0, args[0], _seed(args, 1))


def _lognormal(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return e to a normal draw, so that the result has the mean and deviation."""
    mean, deviation = args[:2]
    ratio = _sum(trees, "/", deviation, mean)
    spread = _named(trees, "ln", _sum(trees, "+", 1, _sum(trees, "*", ratio, ratio)))
    middle = _sum(trees, "-", _named(trees, "ln", mean), _sum(trees, "/", spread, 2))
    inner = _normal(trees, [middle, _named(trees, "sqrt", spread), _seed(args, 2)])
    return _named(trees, "exp", inner)


def _weibull(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return scale · E^(1/shape), E exponential of mean 1."""
    drawn = _exponential(trees, [1, _seed(args, 2)])
    return _sum(trees, "*", args[1], _root(trees, [drawn, args[0]]))


def _pareto(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return scale · e^(E/shape), E exponential of mean 1."""
    drawn = _exponential(trees, [1, _seed(args, 2)])
    power = _named(trees, "exp", _sum(trees, "/", drawn, args[0]))
    return _sum(trees, "*", args[1], power)


def _logistic(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return mean - scale · ln(1/U - 1)."""
    drawn = _random(trees, [0, 1, _seed(args, 2)])
    odds = _sum(trees, "-", _sum(trees, "/", 1, drawn), 1)
    part = _sum(trees, "*", args[1], _named(trees, "ln", odds))
    return _sum(trees, "-", args[0], part)


_RULES: Mapping[str, tuple[tuple[int, ...], Make]] = {
    "lookup": ((2,), _lookup),
    "lookupinv": ((2,), lambda trees, args: _named(trees, "lookup_invert", *args)),
    "init": ((1,), lambda trees, args: trees.InitialStructure(args[0])),
    "previous": ((1, 2), _previous),
    "history": ((2,), _history),
    "ramp": ((1, 2, 3), _ramp),
    "mod": ((2,), lambda trees, args: _named(trees, "modulo", *args)),
    "round": ((1,), _rounded),
    "rootn": ((2,), _root),
    "percent": ((1,), lambda trees, args: _sum(trees, "*", args[0], 100)),
    "sinwave": ((2,), _wave("sin")),
    "coswave": ((2,), _wave("cos")),
    "cgrowth": ((1,), _growth),
    "random": ((2, 3), _random),
    "uniform": ((2, 3), _random),
    "normal": ((2, 3), _normal),
    "exprnd": ((1, 2), _exponential),
    "lognormal": ((2, 3), _lognormal),
    "weibull": ((2, 3), _weibull),
    "pareto": ((2, 3), _pareto),
    "logistic": ((2, 3), _logistic),
}
"""Functions by key: how many arguments they may have, and the maker of their tree."""
