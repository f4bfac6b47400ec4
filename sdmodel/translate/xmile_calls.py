"""The functions of XMILE and Stella as syntax trees of what the translation knows.

Functions of arrays are left as calls: what they run over is known only once all
variables are (``xmile_arrays.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdmodel.translate import xmile_formulas as formulas
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
    return formulas.named(
        trees, "Xramp", args[0], trees.ReferenceStructure("initial_time")
    )


def _history(trees: Any, args: Sequence[Tree]) -> Tree:
    """Return what was at ``TIME - c``, or at a time that is a number; 0 beyond.

    The first is a fixed delay by c, the second is kept from the step at that time on.
    Any other time is left as a call, which is refused by its name.
    """
    when = args[1]
    if _is_fixed(when):
        return _kept_from(trees, args[0], when)
    parts = list(getattr(when, "arguments", ()))
    signs = list(getattr(when, "operators", ()))
    first = getattr(parts[0], "reference", "") if parts else ""
    if first != "time" or not signs or signs[0] != "-" or set(signs) > {"+", "-"}:
        return formulas.named(trees, "history", *args)
    ago = parts[1]
    if len(parts) > 2:
        turned = ["-" if sign == "+" else "+" for sign in signs[1:]]
        ago = trees.ArithmeticStructure(turned, tuple(parts[1:]))
    return trees.DelayFixedStructure(args[0], ago, 0)


def _is_fixed(tree: Tree) -> bool:
    """Tell whether a time is made of numbers and of the run's first and last time."""
    if isinstance(tree, int | float):
        return True
    if type(tree).__name__ == "ArithmeticStructure":
        return all(map(_is_fixed, tree.arguments))
    return getattr(tree, "reference", "") in {"starttime", "stoptime", "dt"}


def _kept_from(trees: Any, value: Tree, when: Tree) -> Tree:
    """Return 0 before a time, and from its step on what the value is there."""
    now = trees.ReferenceStructure("time")
    step = trees.ReferenceStructure("time_step")
    half = trees.ArithmeticStructure(["/"], (step, 2))
    first, last = (
        trees.LogicStructure(["<"], (now, formulas.joined(trees, sign, when, half)))
        for sign in "-+"
    )
    kept = trees.SampleIfTrueStructure(last, value, 0)
    return formulas.named(trees, "if_then_else", first, 0, kept)


_RULES: Mapping[str, tuple[tuple[int, ...], Make]] = {
    "lookup": ((2,), _lookup),
    "lookupinv": (
        (2,),
        lambda trees, args: formulas.named(trees, "lookup_invert", *args),
    ),
    "init": ((1,), lambda trees, args: trees.InitialStructure(args[0])),
    "previous": ((1, 2), _previous),
    "history": ((2,), _history),
    "ramp": ((1, 2, 3), _ramp),
    "poisson": ((1, 2), formulas.poisson),
    "triangular": ((3, 4), formulas.triangular),
    "fv": ((4,), formulas.future_value),
    "pmt": ((4,), formulas.payment),
    "pv": ((4,), formulas.present_value),
    "factorial": ((1,), formulas.factorial),
    "permutations": ((2,), formulas.permutations),
    "combinations": ((2,), formulas.combinations),
    "gammaln": ((1,), lambda trees, args: formulas.named(trees, "gamma_ln", *args)),
    "mod": ((2,), lambda trees, args: formulas.named(trees, "modulo", *args)),
    "round": ((1,), formulas.rounded),
    "rootn": ((2,), formulas.root),
    "percent": ((1,), lambda trees, args: formulas.joined(trees, "*", args[0], 100)),
    "sinwave": ((2,), formulas.wave("sin")),
    "coswave": ((2,), formulas.wave("cos")),
    "cgrowth": ((1,), formulas.growth),
    "random": ((2, 3), formulas.uniform),
    "uniform": ((2, 3), formulas.uniform),
    "normal": ((2, 3), formulas.normal),
    "exprnd": ((1, 2), formulas.exponential),
    "lognormal": ((2, 3), formulas.lognormal),
    "weibull": ((2, 3), formulas.weibull),
    "pareto": ((2, 3), formulas.pareto),
    "logistic": ((2, 3), formulas.logistic),
}
"""Functions by key: how many arguments they may have, and the maker of their tree."""
