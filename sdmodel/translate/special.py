"""Functions that engines do not have, written out in those that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdmodel.model.expr import NodeId
    from sdmodel.translate.build import Builder

# Chebyshev coefficients of erfc(z) exp(z²) / t in 2 t - 1, t = 2 / (2 + z), z >= 0;
# computed in 50 digits, the rest is below 6e-16 (form: Numerical Recipes, 3rd ed., 6.2).
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
