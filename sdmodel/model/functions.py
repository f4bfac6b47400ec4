"""THE table of operations: what a node of the graph may be, and what it means.

Engines implement exactly these keys; the translation emits no others. Truth values are
1.0 and 0.0, and anything but zero (nan included) is true, as in PySD. All arithmetic is
IEEE double precision; operations follow PySD 3.14 (``pysd.py_backend.functions``) where
Vensim's own documentation leaves room.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SMALL = 1e-6
"""What Vensim takes for zero in ZIDZ, XIDZ and MODULO (PySD's SMALL_VENSIM)."""


SQUARE = -1
"""Arity of an operation on a matrix, whose number of rows is the node's data."""


@dataclass(frozen=True)
class Operation:
    """One operation.

    ``arity`` counts argument nodes, or is `SQUARE` for a matrix; ``closed_form`` is the
    meaning in a formula; ``scalar`` computes it on Python floats and is None where the
    value belongs to a run (time, states, inputs, tables).
    """

    name: str
    arity: int
    doc: str
    vensim: tuple[str, ...] = ()
    closed_form: str = ""
    scalar: Callable[..., float] | None = None


def _divide(a: float, b: float) -> float:
    """Return a / b as IEEE does, without Python's exception at zero."""
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        odd = b == math.trunc(b) and math.fmod(b, 2.0) != 0
        return -math.inf if a < 0 and odd else math.inf
    except ValueError:
        return math.inf if a == 0 else math.nan


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _ln(x: float) -> float:
    if x == 0:
        return -math.inf
    return math.log(x) if x > 0 or math.isnan(x) else math.nan


def _sqrt(x: float) -> float:
    return math.nan if x < 0 else math.sqrt(x)


def _minimum(a: float, b: float) -> float:
    return math.nan if math.isnan(a) or math.isnan(b) else min(a, b)


def _maximum(a: float, b: float) -> float:
    return math.nan if math.isnan(a) or math.isnan(b) else max(a, b)


def _integer(x: float) -> float:
    return float(math.trunc(x)) if math.isfinite(x) else math.nan


def _modulo(x: float, m: float) -> float:
    return x - (x if m < SMALL else m * _integer(_divide(x, m)))


def _xidz(a: float, b: float, x: float) -> float:
    return x if abs(b) < SMALL else _divide(a, b)


def _zidz(a: float, b: float) -> float:
    return _xidz(a, b, 0.0)


def _domain(function: Callable[[float], float]) -> Callable[[float], float]:
    """Turn Python's domain errors into nan, as IEEE has them."""

    def safe(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return math.nan

    return safe


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _cosh(x: float) -> float:
    try:
        return math.cosh(x)
    except OverflowError:
        return math.inf


def _compare(
    function: Callable[[float, float], bool],
) -> Callable[[float, float], float]:
    return lambda a, b: 1.0 if function(a, b) else 0.0


_TABLE = (
    Operation("const", 0, "A number; data holds its value.", closed_form="data"),
    Operation("time", 0, "Model time at the step's start.", ("Time",), "t"),
    Operation("dt", 0, "Length of one step.", ("TIME STEP",), "dt"),
    Operation("input", 0, "A constant that a run may set; data is its index."),
    Operation("state", 0, "A state at the step's start; data is its index."),
    Operation(
        "lookup",
        1,
        "Piecewise linear table; data is its index, the table's rule holds outside.",
        ("LOOKUP", "WITH LOOKUP"),
        "y[i] + (y[i+1] - y[i]) / (x[i+1] - x[i]) * (a - x[i])",
    ),
    Operation("add", 2, "Sum.", ("+",), "a + b", operator.add),
    Operation("sub", 2, "Difference.", ("-",), "a - b", operator.sub),
    Operation("mul", 2, "Product.", ("*",), "a * b", operator.mul),
    Operation("div", 2, "Quotient; infinite or nan at zero.", ("/",), "a / b", _divide),
    Operation("pow", 2, "Power.", ("^", "POWER"), "a ** b", _power),
    Operation("neg", 1, "Opposite.", ("-",), "-a", operator.neg),
    Operation("lt", 2, "Less.", ("<",), "a < b", _compare(operator.lt)),
    Operation("le", 2, "Less or equal.", ("<=",), "a <= b", _compare(operator.le)),
    Operation("gt", 2, "Greater.", (">",), "a > b", _compare(operator.gt)),
    Operation("ge", 2, "Greater or equal.", (">=",), "a >= b", _compare(operator.ge)),
    Operation("eq", 2, "Equal.", ("=",), "a == b", _compare(operator.eq)),
    Operation("ne", 2, "Not equal.", ("<>",), "a != b", _compare(operator.ne)),
    Operation(
        "and",
        2,
        "Both true.",
        (":AND:",),
        "a != 0 and b != 0",
        _compare(lambda a, b: a != 0 and b != 0),
    ),
    Operation(
        "or",
        2,
        "One true.",
        (":OR:",),
        "a != 0 or b != 0",
        _compare(lambda a, b: a != 0 or b != 0),
    ),
    Operation(
        "not", 1, "Not true.", (":NOT:",), "a == 0", lambda a: 1.0 if a == 0 else 0.0
    ),
    Operation(
        "if",
        3,
        "Choice; only the chosen value counts.",
        ("IF THEN ELSE",),
        "b if a != 0 else c",
        lambda a, b, c: b if a != 0 else c,
    ),
    Operation("min", 2, "Smaller; nan if one is.", ("MIN",), "min(a, b)", _minimum),
    Operation("max", 2, "Larger; nan if one is.", ("MAX",), "max(a, b)", _maximum),
    Operation("exp", 1, "Exponential.", ("EXP",), "exp(a)", _exp),
    Operation("ln", 1, "Natural logarithm.", ("LN",), "log(a)", _ln),
    Operation("sqrt", 1, "Square root.", ("SQRT",), "sqrt(a)", _sqrt),
    Operation("abs", 1, "Absolute value.", ("ABS",), "|a|", abs),
    Operation("sin", 1, "Sine.", ("SIN",), "sin(a)", _domain(math.sin)),
    Operation("cos", 1, "Cosine.", ("COS",), "cos(a)", _domain(math.cos)),
    Operation("tan", 1, "Tangent.", ("TAN",), "tan(a)", _domain(math.tan)),
    Operation("sinh", 1, "Hyperbolic sine.", ("SINH",), "sinh(a)", _sinh),
    Operation("cosh", 1, "Hyperbolic cosine.", ("COSH",), "cosh(a)", _cosh),
    Operation("tanh", 1, "Hyperbolic tangent.", ("TANH",), "tanh(a)", math.tanh),
    Operation("arcsin", 1, "Arc sine.", ("ARCSIN",), "asin(a)", _domain(math.asin)),
    Operation("arccos", 1, "Arc cosine.", ("ARCCOS",), "acos(a)", _domain(math.acos)),
    Operation("arctan", 1, "Arc tangent.", ("ARCTAN",), "atan(a)", math.atan),
    Operation("integer", 1, "Towards zero.", ("INTEGER",), "trunc(a)", _integer),
    Operation(
        "modulo",
        2,
        "Remainder with the dividend's sign; 0 where b < 1e-6.",
        ("MODULO",),
        "a - (a if b < 1e-6 else b * trunc(a / b))",
        _modulo,
    ),
    Operation(
        "zidz",
        2,
        "Quotient, or zero where |b| < 1e-6.",
        ("ZIDZ",),
        "0 if |b| < 1e-6 else a / b",
        _zidz,
    ),
    Operation(
        "xidz",
        3,
        "Quotient, or c where |b| < 1e-6.",
        ("XIDZ",),
        "c if |b| < 1e-6 else a / b",
        _xidz,
    ),
    Operation(
        "uniform",
        3,
        "Draw from (0, 1): a hash of seed, stream and time; data names the call.",
        ("RANDOM 0 1", "RANDOM UNIFORM"),
        "(hash(data, a, b, c) + 1/2) / 2**52",
    ),
    Operation(
        "inverse",
        SQUARE,
        "Inverse of a matrix, its elements row by row; no number but for its parts.",
        ("INVERT MATRIX",),
        "A^-1",
    ),
    Operation("part", 1, "Element of an inverse; data is its place.", (), "a[data]"),
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {item.name: item for item in _TABLE}
)
