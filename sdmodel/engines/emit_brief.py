"""exp and x^y for a page: fewer instructions, and by how much they are then off.

Both go through powers of two. 2^t is good to 6e-16 of it, and t itself is rounded once
more than in ``emit_math``: that adds 1e-16 times the size of t, which is ln or log2 of
the result. Above 2^1023.5 the result is infinite. Polynomials were fitted at Chebyshev
nodes in 60 digits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdmodel.engines.emit_math import edges_of_power, polynomial

if TYPE_CHECKING:
    from sdmodel.engines.emit_code import Code

_BIAS = 1023.0
# Adding it leaves a whole number and the bias of an exponent in the low bits.
_MAGIC = 6755399441055744.0 + _BIAS
_LOG2_E = float.fromhex("0x1.71547652b82fep+0")
_TWO_LOG2_E = float.fromhex("0x1.71547652b82fep+1")
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
_ONE_BITS = 0x3FF0000000000000
_TINY = 2.0**-1022

# (2^f - 1) / f, |f| <= 1/2; error 6e-16 of 2^f
_EXP2 = tuple(
    float.fromhex(text)
    for text in (
        "0x1.62e42fefa39f7p-1",
        "0x1.ebfbdff82c590p-3",
        "0x1.c6b08d7044119p-5",
        "0x1.3b2ab6fba385fp-7",
        "0x1.5d87fe908f88ap-10",
        "0x1.4309130378460p-13",
        "0x1.ffcb76789860fp-17",
        "0x1.62bfe46117445p-20",
        "0x1.b6571de2f2351p-24",
        "0x1.e5e9f548e5725p-28",
    )
)
# (2 artanh(s) / s - 2) / s² / ln 2 in s², |s| <= 0.1716; error 2e-17 of the whole
_LOG2 = tuple(
    float.fromhex(text)
    for text in (
        "0x1.ec709dc3a0401p-1",
        "0x1.2776c50ef68f3p-1",
        "0x1.a61762b534b6ep-2",
        "0x1.484b091a92bb1p-2",
        "0x1.0c9e91c7d1b10p-2",
        "0x1.c4ff2c46480e7p-3",
        "0x1.afde0dd07fe15p-3",
    )
)


def brief_exponential(code: Code, x: str) -> str:
    """Return exp(x); nan stays nan."""
    return _power_of_two(code, code.times(x, code.const(_LOG2_E)))


def _power_of_two(code: Code, t: str) -> str:
    t = code.at_least(-_BIAS, code.at_most(_BIAS + 1.0, t))
    shifted = code.plus(t, code.const(_MAGIC))
    f = code.minus(t, code.minus(shifted, code.const(_MAGIC)))
    y = code.fused(f, polynomial(code, f, _EXP2), code.const(1.0))
    # The low bits of ``shifted`` are an exponent's: 0 at the lower bound, where the
    # factor is zero, all ones at the upper, where it is infinite.
    return code.times(y, code.real_of(code.shift("shl", code.bits(shifted), 52)))


def logarithm_of_two(code: Code, x: str) -> str:
    """Return log2(x) of a normal positive number; of others anything."""
    u = code.whole_op("add", code.bits(x), code.integer(_ONE_BITS - _ROOT_HALF_BITS))
    magic = code.integer(0x4330000000000000)  # the bits of 2^52
    biased = code.real_of(code.whole_op("or", code.shift("lshr", u, 52), magic))
    e = code.minus(biased, code.const(2.0**52 + _BIAS))
    fraction = code.whole_op("and", u, code.integer(2**52 - 1))
    m = code.real_of(code.whole_op("add", fraction, code.integer(_ROOT_HALF_BITS)))
    one = code.const(1.0)
    s = code.over(code.minus(m, one), code.plus(m, one))
    z = code.times(s, s)
    r = code.fused(z, polynomial(code, z, _LOG2), code.const(_TWO_LOG2_E))
    return code.fused(s, r, e)


def brief_power(code: Code, x: str, y: str, log: str) -> str:
    """Return x^y as C's pow, given log2(x) where x is a normal positive number.

    All else, and powers that are no numbers, are left to a function of its own, which
    is called where some lane needs it and gives the other lanes the very same bits.
    """
    usual = code.logic(
        "and",
        code.compare("oge", x, code.const(_TINY)),
        code.compare("olt", x, code.const(math.inf)),
    )
    finite = code.compare("olt", code.call("llvm.fabs", y), code.const(math.inf))
    value = _power_of_two(code, code.times(y, log))
    return code.unless(code.logic("and", usual, finite), value, ANY_POWER, x, y)


ANY_POWER = "any_power"
"""The function to which `brief_power` leaves what is unusual."""


def any_power(code: Code, x: str, y: str) -> str:
    """Return x^y for all numbers: the body of `ANY_POWER`."""
    size = code.call("llvm.fabs", x)
    small = code.compare("olt", size, code.const(_TINY))
    normal = code.choose(small, code.times(size, code.const(2.0**54)), size)
    lifted = code.choose(small, code.const(54.0), code.const(0.0))
    log = code.minus(logarithm_of_two(code, normal), lifted)
    bounded = code.at_least(-(2.0**64), code.at_most(2.0**64, y))
    value = _power_of_two(code, code.times(bounded, log))
    return edges_of_power(code, x, y, value)
