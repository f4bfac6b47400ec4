"""Functions of XMILE and Stella that are formulas of others, as syntax trees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Tree = Any
    Make = Callable[[Any, Sequence[Tree]], Tree]

_FAR = 40.0
"""Standard deviations beyond which no draw of double precision lies."""


def named(trees: Any, name: str, *arguments: Tree) -> Tree:
    """Return the call of a function by its name."""
    return trees.CallStructure(trees.ReferenceStructure(name), arguments)


def joined(trees: Any, sign: str, *parts: Tree) -> Tree:
    """Return parts joined by one sign of arithmetic."""
    return trees.ArithmeticStructure([sign] * (len(parts) - 1), parts)


def rounded(trees: Any, args: Sequence[Tree]) -> Tree:
    """ROUND(x): halves away from zero."""
    half = joined(trees, "+", named(trees, "abs", args[0]), 0.5)
    size = named(trees, "integer", half)
    less = trees.LogicStructure(["<"], (args[0], 0))
    minus = trees.ArithmeticStructure(["negative"], (size,))
    return named(trees, "if_then_else", less, minus, size)


def wave(shape: str) -> Make:
    """Return the maker of a wave of one shape."""

    def make(trees: Any, args: Sequence[Tree]) -> Tree:
        turns = trees.ArithmeticStructure(
            ["*", "/"], (2 * math.pi, trees.ReferenceStructure("time"), args[1])
        )
        return joined(trees, "*", args[0], named(trees, shape, turns))

    return make


def growth(trees: Any, args: Sequence[Tree]) -> Tree:
    """CGROWTH(q): the rate at which a stock grows by q per cent in a unit of time."""
    step = trees.ReferenceStructure("time_step")
    ratio = joined(trees, "+", 1, joined(trees, "/", args[0], 100))
    power = trees.ArithmeticStructure(["^"], (ratio, step))
    return joined(trees, "/", joined(trees, "-", power, 1), step)


def root(trees: Any, args: Sequence[Tree]) -> Tree:
    """ROOTN(x, n)."""
    return trees.ArithmeticStructure(["^"], (args[0], joined(trees, "/", 1, args[1])))


def _seed(args: Sequence[Tree], place: int) -> Tree:
    return args[place] if len(args) > place else 0


def uniform(trees: Any, args: Sequence[Tree]) -> Tree:
    """RANDOM(least, most)."""
    return named(trees, "random_uniform", args[0], args[1], _seed(args, 2))


def normal(trees: Any, args: Sequence[Tree]) -> Tree:
    """NORMAL(mean, deviation)."""
    mean, deviation = args[:2]
    far = joined(trees, "*", _FAR, deviation)
    ends = joined(trees, "-", mean, far), joined(trees, "+", mean, far)
    return named(trees, "random_normal", *ends, mean, deviation, _seed(args, 2))


def exponential(trees: Any, args: Sequence[Tree]) -> Tree:
    """EXPRND(mean)."""
    far = joined(trees, "*", 25.0 * _FAR, args[0])
    return named(trees, "random_exponential", 0, far, 0, args[0], _seed(args, 1))


def lognormal(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return e to a normal draw, so that the result has the mean and deviation."""
    mean, deviation = args[:2]
    ratio = joined(trees, "/", deviation, mean)
    spread = named(trees, "ln", joined(trees, "+", 1, joined(trees, "*", ratio, ratio)))
    middle = joined(trees, "-", named(trees, "ln", mean), joined(trees, "/", spread, 2))
    inner = normal(trees, [middle, named(trees, "sqrt", spread), _seed(args, 2)])
    return named(trees, "exp", inner)


def weibull(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return scale · E^(1/shape), E exponential of mean 1."""
    drawn = exponential(trees, [1, _seed(args, 2)])
    return joined(trees, "*", args[1], root(trees, [drawn, args[0]]))


def pareto(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return scale · e^(E/shape), E exponential of mean 1."""
    drawn = exponential(trees, [1, _seed(args, 2)])
    power = named(trees, "exp", joined(trees, "/", drawn, args[0]))
    return joined(trees, "*", args[1], power)


def logistic(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return mean - scale · ln(1/U - 1)."""
    drawn = uniform(trees, [0, 1, _seed(args, 2)])
    odds = joined(trees, "-", joined(trees, "/", 1, drawn), 1)
    part = joined(trees, "*", args[1], named(trees, "ln", odds))
    return joined(trees, "-", args[0], part)


def poisson(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return a draw of what arrives in a step, at so many in a unit of time."""
    step = trees.ReferenceStructure("time_step")
    return named(trees, "poisson", joined(trees, "*", args[0], step), _seed(args, 1))


def triangular(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return a draw between two ends, most often near the mode between them."""
    return named(trees, "triangular", *args[:3], _seed(args, 3))


def _interest(trees: Any, rate: Tree, periods: Tree) -> tuple[Tree, Tree]:
    """Return what one becomes, and what one a period becomes, after some periods."""
    grown = trees.ArithmeticStructure(["^"], (joined(trees, "+", 1, rate), periods))
    paid = joined(trees, "/", joined(trees, "-", grown, 1), rate)
    none = trees.LogicStructure(["="], (rate, 0))
    return grown, named(trees, "if_then_else", none, periods, paid)


def _minus(trees: Any, tree: Tree) -> Tree:
    return trees.ArithmeticStructure(["negative"], (tree,))


def future_value(trees: Any, args: Sequence[Tree]) -> Tree:
    """FV(rate, periods, payment, present value); all these sum to zero with it."""
    grown, paid = _interest(trees, *args[:2])
    parts = joined(trees, "*", args[3], grown), joined(trees, "*", args[2], paid)
    return _minus(trees, joined(trees, "+", *parts))


def payment(trees: Any, args: Sequence[Tree]) -> Tree:
    """PMT(rate, periods, present value, future value)."""
    grown, paid = _interest(trees, *args[:2])
    due = joined(trees, "+", joined(trees, "*", args[2], grown), args[3])
    return _minus(trees, joined(trees, "/", due, paid))


def present_value(trees: Any, args: Sequence[Tree]) -> Tree:
    """PV(rate, periods, payment, future value)."""
    grown, paid = _interest(trees, *args[:2])
    due = joined(trees, "+", args[3], joined(trees, "*", args[2], paid))
    return _minus(trees, joined(trees, "/", due, grown))


def _counted(trees: Any, over: Tree, *under: Tree) -> Tree:
    """Return over! / (the product of under!), a whole number."""
    logs = [
        named(trees, "gamma_ln", joined(trees, "+", item, 1)) for item in (over, *under)
    ]
    value = named(trees, "exp", joined(trees, "-", *logs) if under else logs[0])
    return named(trees, "integer", joined(trees, "+", value, 0.5))


def factorial(trees: Any, args: Sequence[Tree]) -> Tree:
    """FACTORIAL(n)."""
    return _counted(trees, args[0])


def permutations(trees: Any, args: Sequence[Tree]) -> Tree:
    """PERMUTATIONS(n, r): ordered choices of r out of n."""
    return _counted(trees, args[0], joined(trees, "-", *args))


def combinations(trees: Any, args: Sequence[Tree]) -> Tree:
    """COMBINATIONS(n, r): choices of r out of n."""
    return _counted(trees, args[0], args[1], joined(trees, "-", *args))
