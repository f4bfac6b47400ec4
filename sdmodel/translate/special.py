"""Functions that engines do not have, written out in those that they have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdmodel.model.expr import NodeId
    from sdmodel.translate.build import Builder

# Chebyshev coefficients of erfc(z) exp(z²) / t in 2 t - 1, t = 2 / (2 + z), z >= 0;
# fitted at 200 Chebyshev nodes in 50 digits; what is left out is below 6e-16.
_ERFC = tuple(
    float.fromhex(text)
    for text in (
        "0x1.2770f75817bb2p+0",
        "0x1.6bf7a80297435p-2",
        "0x1.0aa138a4c2d24p-4",
        "0x1.e12f190ee33d6p-9",
        "-0x1.23b9bf1ce7086p-10",
        "-0x1.51227465cb5d2p-13",
        "0x1.12fb3128fc639p-15",
        "0x1.6d3c6f7daba6ep-18",
        "-0x1.96ce1195d19a2p-20",
        "-0x1.3309eea629150p-23",
        "0x1.61ac7b47792b4p-24",
        "-0x1.6451ece6c79ebp-30",
        "-0x1.1d82a2ca0d7aep-28",
        "0x1.5ceee770180afp-31",
        "0x1.3aeb1095f58b1p-33",
        "-0x1.0eefd39298cc3p-34",
        "0x1.22170e3c8ddc8p-39",
        "0x1.f6a49a09f55f3p-39",
        "-0x1.e35f64f08b30cp-41",
        "-0x1.14c5f24aace89p-44",
        "0x1.4e1c15a352ee5p-44",
        "-0x1.d097c6d9cbec0p-47",
        "-0x1.53eda4da2f0aap-49",
        "0x1.c55e1ced4dc5ep-50",
        "-0x1.06ab729580ddap-52",
    )
)


def erfc(b: Builder, z: NodeId) -> NodeId:
    """Return the complementary error function, to some 1e-15 of its value."""
    op, const = b.op, b.const
    size = op("abs", z)
    t = op("div", const(2.0), op("add", const(2.0), size))
    x = op("sub", op("mul", const(2.0), t), const(1.0))
    twice = op("mul", const(2.0), x)
    before, now = const(0.0), const(0.0)
    for coefficient in reversed(_ERFC[1:]):
        more = op("sub", op("mul", twice, now), before)
        before, now = now, op("add", more, const(coefficient))
    sum_ = op("sub", op("mul", x, now), op("sub", before, const(_ERFC[0] / 2)))
    fall = op("exp", op("neg", op("mul", z, z)))
    value = op("mul", op("mul", t, fall), sum_)
    return op("if", op("lt", z, const(0.0)), op("sub", const(2.0), value), value)


# Wichura (1988), Applied Statistics 37, algorithm AS 241 (PPND16): the numerators and
# denominators of its three rational functions.
_CENTRE = (
    3.3871328727963665,
    133.14166789178438,
    1971.5909503065513,
    13731.69376550946,
    45921.95393154987,
    67265.7709270087,
    33430.57558358813,
    2509.0809287301227,
)
_CENTRE_UNDER = (
    1.0,
    42.31333070160091,
    687.1870074920579,
    5394.196021424751,
    21213.794301586597,
    39307.89580009271,
    28729.085735721943,
    5226.495278852854,
)
_TAIL = (
    1.4234371107496835,
    4.630337846156546,
    5.769497221460691,
    3.6478483247632045,
    1.2704582524523684,
    0.2417807251774506,
    0.022723844989269184,
    0.0007745450142783414,
)
_TAIL_UNDER = (
    1.0,
    2.053191626637759,
    1.6763848301838038,
    0.6897673349851,
    0.14810397642748008,
    0.015198666563616457,
    0.0005475938084995345,
    1.0507500716444169e-09,
)
_FAR = (
    6.657904643501103,
    5.463784911164114,
    1.7848265399172913,
    0.29656057182850487,
    0.026532189526576124,
    0.0012426609473880784,
    2.7115555687434876e-05,
    2.0103343992922881e-07,
)
_FAR_UNDER = (
    1.0,
    0.599832206555888,
    0.1369298809227358,
    0.014875361290850615,
    0.0007868691311456133,
    1.8463183175100548e-05,
    1.421511758316446e-07,
    2.0442631033899397e-15,
)


def _ratio(
    b: Builder, over: tuple[float, ...], under: tuple[float, ...], x: NodeId
) -> NodeId:
    def polynomial(coefficients: tuple[float, ...]) -> NodeId:
        value = b.const(coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            value = b.op("add", b.op("mul", value, x), b.const(coefficient))
        return value

    return b.op("div", polynomial(over), polynomial(under))


def normal_quantile(b: Builder, p: NodeId) -> NodeId:
    """Return the standard normal's quantile of a probability, to some 1e-15 of it."""
    op, const = b.op, b.const
    q = op("sub", p, const(0.5))
    near = op("sub", const(0.180625), op("mul", q, q))
    centre = op("mul", q, _ratio(b, _CENTRE, _CENTRE_UNDER, near))
    left = op("lt", q, const(0.0))
    tail = op("if", left, p, op("sub", const(1.0), p))
    r = op("sqrt", op("neg", op("ln", tail)))
    mid = _ratio(b, _TAIL, _TAIL_UNDER, op("sub", r, const(1.6)))
    far = _ratio(b, _FAR, _FAR_UNDER, op("sub", r, const(5.0)))
    out = op("if", op("le", r, const(5.0)), mid, far)
    out = op("if", left, op("neg", out), out)
    return op("if", op("le", op("abs", q), const(0.425)), centre, out)


# Of Stirling's series: B(2k) / (2k (2k - 1)), k = 1 … 7.
_STIRLING = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
)
_SHIFT = 10
"""Added to the argument first: from 10 on the series above is good to 1e-16."""


def log_gamma(b: Builder, x: NodeId) -> NodeId:
    """Return ln Γ(x), x > 0, to some 1e-14; no number otherwise."""
    op, const = b.op, b.const
    product, z = x, x
    for _ in range(_SHIFT - 1):
        z = op("add", z, const(1.0))
        product = op("mul", product, z)
    z = op("add", z, const(1.0))
    square = op("mul", z, z)
    series = const(_STIRLING[-1])
    for coefficient in _STIRLING[-2::-1]:
        series = op("add", op("div", series, square), const(coefficient))
    value = op("mul", op("sub", z, const(0.5)), op("ln", z))
    value = op("add", op("sub", value, z), const(0.5 * math.log(2 * math.pi)))
    value = op("add", value, op("div", series, z))
    value = op("sub", value, op("ln", product))
    return op("if", op("gt", x, const(0.0)), value, const(math.nan))
