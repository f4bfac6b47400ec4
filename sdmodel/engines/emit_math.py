"""exp, ln and pow as straight vector code, within one or two units in the last place.

Polynomials were fitted at Chebyshev nodes in 50 digits to the functions named beside
them; the reductions are the textbook ones (Muller, *Elementary Functions*, 3rd ed.,
chapters 4, 5 and 11).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sdmodel.engines.operations import MIX

if TYPE_CHECKING:
    from sdmodel.engines.emit_code import Code

_MAGIC = 6755399441055744.0  # 1.5 · 2^52: adding it leaves an integer in the low bits
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 21 zero bits: n · high is exact
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_LOG2_E = float.fromhex("0x1.71547652b82fep+0")

# (exp(r) - 1 - r) / r², |r| <= ln 2 / 2; error 1e-16 of a term below 0.061
_EXP = tuple(
    float.fromhex(text)
    for text in (
        "0x1.0000000000001p-1",
        "0x1.5555555555556p-3",
        "0x1.5555555553d63p-5",
        "0x1.11111111109b3p-7",
        "0x1.6c16c1788bd90p-10",
        "0x1.a01a01a7c41d5p-13",
        "0x1.a019b90d2ae7ap-16",
        "0x1.71de0dae63bb3p-19",
        "0x1.289185613a3d6p-22",
        "0x1.af38a9b0ec855p-26",
    )
)
# (2 artanh(s) / s - 2) / s² in s², |s| <= 0.1716
_LOG = tuple(
    float.fromhex(text)
    for text in (
        "0x1.5555555555558p-1",
        "0x1.99999999952d7p-2",
        "0x1.2492492df281ap-2",
        "0x1.c71c62e3f11e6p-3",
        "0x1.7462b51cb66b1p-3",
        "0x1.39fe51a7c18f9p-3",
        "0x1.2b5900de53b32p-3",
    )
)
# the same less its first term 2/3, over s²: for pow, which needs more digits
_LOG_TAIL = tuple(
    float.fromhex(text)
    for text in (
        "0x1.999999999999ap-2",
        "0x1.2492492492521p-2",
        "0x1.c71c71c6eaa10p-3",
        "0x1.745d177a96056p-3",
        "0x1.3b1395d2190c1p-3",
        "0x1.1118c7e4b0917p-3",
        "0x1.df7cc8e5fa539p-4",
        "0x1.e02e6fff27908p-4",
    )
)
_TWO_THIRDS = (2.0 / 3.0, float.fromhex("0x1.5555555555555p-55"))
_TINY = 2.0**-1022
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD


def polynomial(code: Code, x: str, coefficients: tuple[float, ...]) -> str:
    """Return c0 + c1 x + …, in two interleaved chains that run side by side."""
    if len(coefficients) < 5:
        return _horner(code, x, coefficients)
    square = code.times(x, x)
    even = _horner(code, square, coefficients[0::2])
    odd = _horner(code, square, coefficients[1::2])
    return code.fused(odd, x, even)


def _horner(code: Code, x: str, coefficients: tuple[float, ...]) -> str:
    value = code.const(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        value = code.fused(value, x, code.const(c))
    return value


def exponential(code: Code, x: str, tail: str | None = None) -> str:
    """Return exp(x), or exp(x + tail) for a small tail.

    Overflows to infinity, underflows through subnormals to zero, keeps nan.
    """
    x = code.at_least(-746.0, code.at_most(710.0, x))
    shifted = code.fused(x, code.const(_LOG2_E), code.const(_MAGIC))
    n = code.minus(shifted, code.const(_MAGIC))
    r = code.fused(n, code.const(-_LN2_HIGH), x)
    r = code.fused(n, code.const(-_LN2_LOW), r)
    if tail is not None:
        r = code.plus(r, tail)
    y = code.fused(code.times(r, r), polynomial(code, r, _EXP), r)
    y = code.plus(y, code.const(1.0))
    return _scale(code, y, n, shifted)


def _scale(code: Code, y: str, n: str, shifted: str) -> str:
    """Return y · 2^n with one rounding even where the result is subnormal."""
    if code.target.wide:
        real = code.real
        return code.wide(
            "llvm.x86.avx512.mask.scalef.pd.512",
            f"{real} {y}",
            f"{real} {n}",
            f"{real} zeroinitializer",
            "i8 -1",
            "i32 4",
        )
    # The low bits of ``shifted`` are n, biased: halve it, so that neither half of
    # the power of two leaves the range of normal numbers.
    magic = code.integer(_as_integer(_MAGIC))
    whole = code.whole_op("sub", code.bits(shifted), magic)
    # A logical shift, as AVX2 lacks the arithmetic one: bias keeps it positive.
    lifted = code.whole_op("add", whole, code.integer(4096))
    half = code.whole_op("sub", code.shift("lshr", lifted, 1), code.integer(2048))
    rest = code.whole_op("sub", whole, half)
    for part in (half, rest):
        biased = code.whole_op("add", part, code.integer(1023))
        y = code.times(y, code.real_of(code.shift("shl", biased, 52)))
    return y


def _as_integer(value: float) -> int:
    mantissa, exponent = math.frexp(value)
    fraction = int((mantissa * 2 - 1) * 2**52)
    return ((exponent - 1 + 1023) << 52) | fraction


def _reduce(code: Code, x: str) -> tuple[str, str]:
    """Return m in [√½, √2) and whole e with x = m · 2^e, for positive finite x."""
    small = code.compare("olt", x, code.const(_TINY))
    lifted = code.times(x, code.const(2.0**54))
    x = code.choose(small, lifted, x)
    offset = code.integer(0x3FF0000000000000 - _ROOT_HALF_BITS)
    biased = code.shift("lshr", code.whole_op("add", code.bits(x), offset), 52)
    power = code.shift("shl", code.whole_op("sub", biased, code.integer(1023)), 52)
    m = code.real_of(code.whole_op("sub", code.bits(x), power))
    # An integer below 2^52 turns into a double by way of the magic number's bits.
    shifted = code.real_of(
        code.whole_op("or", biased, code.integer(_as_integer(2.0**52)))
    )
    bias = code.choose(
        small, code.const(2.0**52 + 1023 + 54), code.const(2.0**52 + 1023)
    )
    return m, code.minus(shifted, bias)


def logarithm(code: Code, x: str) -> str:
    """Return ln(x): nan below zero, minus infinity at zero."""
    return _log_specials(code, x, _logarithm(code, x))


def _logarithm(code: Code, x: str) -> str:
    """Return ln(x) of a positive finite number."""
    m, e = _reduce(code, x)
    f = code.minus(m, code.const(1.0))
    s = code.over(f, code.plus(m, code.const(1.0)))
    z = code.times(s, s)
    # ln m = 2 artanh(s) and 2s = f - s f, so that f itself enters without rounding.
    r = code.times(z, polynomial(code, z, _LOG))
    half = code.times(code.times(f, f), code.const(0.5))
    low = code.fused(e, code.const(_LN2_LOW), code.times(s, code.plus(half, r)))
    y = code.minus(f, code.minus(half, low))
    return code.fused(e, code.const(_LN2_HIGH), y)


def _log_specials(code: Code, x: str, y: str) -> str:
    inf, zero = code.const(math.inf), code.const(0.0)
    y = code.choose(code.compare("olt", x, inf), y, x)  # inf and nan stay themselves
    y = code.choose(code.compare("oeq", x, zero), code.const(-math.inf), y)
    return code.choose(code.compare("olt", x, zero), code.const(math.nan), y)


def double_logarithm(code: Code, x: str) -> tuple[str, str]:
    """Return ln |x| as a sum of two doubles, good to about 1e-19 of it."""
    m, e = _reduce(code, code.call("llvm.fabs", x))
    one = code.const(1.0)
    f = code.minus(m, one)
    d = code.plus(m, one)
    d_low = code.minus(m, code.minus(d, one))
    inverse = code.over(one, d)
    s = code.times(f, inverse)
    product, error = code.product(s, d)
    rest = code.minus(code.minus(f, product), error)
    rest = code.minus(rest, code.times(s, d_low))
    s_low = code.times(rest, inverse)
    # 2s + s³ (2/3 + s² tail), with the cubic term kept in two parts as well
    z, z_low = code.product(s, s)
    z_low = code.fused(code.plus(s, s), s_low, z_low)
    tail = code.times(z, polynomial(code, z, _LOG_TAIL))
    c, c_low = _fast_sum(code, code.const(_TWO_THIRDS[0]), tail)
    c_low = code.plus(c_low, code.const(_TWO_THIRDS[1]))
    q, q_low = _product(code, (z, z_low), (c, c_low))
    w, w_low = _product(code, (s, s_low), (q, q_low))
    two = code.const(2.0)
    high, low = _fast_sum(code, code.times(s, two), w)
    low = code.plus(low, code.fused(s_low, two, w_low))
    # e · ln 2: its high part is exact
    k = code.times(e, code.const(_LN2_HIGH))
    total, error = _sum(code, k, high)
    low = code.plus(low, error)
    low = code.fused(e, code.const(_LN2_LOW), low)
    return _fast_sum(code, total, low)


def _fast_sum(code: Code, a: str, b: str) -> tuple[str, str]:
    """Return a + b and its rounding error, for |a| >= |b|."""
    total = code.plus(a, b)
    return total, code.minus(b, code.minus(total, a))


def _sum(code: Code, a: str, b: str) -> tuple[str, str]:
    """Return a + b and its rounding error."""
    total = code.plus(a, b)
    part = code.minus(total, a)
    low = code.minus(a, code.minus(total, part))
    return total, code.plus(low, code.minus(b, part))


def _product(code: Code, a: tuple[str, str], b: tuple[str, str]) -> tuple[str, str]:
    high, low = code.product(a[0], b[0])
    low = code.fused(a[0], b[1], low)
    return high, code.fused(a[1], b[0], low)


def power(
    code: Code, x: str, y: str, log: tuple[str, str], constant: float | None = None
) -> str:
    """Return x^y as C's pow, given ln |x| in two parts.

    nan for a negative x unless y is whole. ``constant`` is y where it is known, which
    spares the questions that its value answers.
    """
    # Beyond 2^64 every power but that of 1 has long over- or underflowed.
    bounded = code.at_least(-(2.0**64), code.at_most(2.0**64, y))
    t, t_low = code.product(bounded, log[0])
    t_low = code.fused(bounded, log[1], t_low)
    # The tail means nothing where the result is 0 or infinite; it may be nan there.
    size_t = code.call("llvm.fabs", t)
    sensible = code.compare("olt", size_t, code.const(800.0))
    t_low = code.choose(sensible, t_low, code.const(0.0))
    return edges_of_power(code, x, y, exponential(code, t, t_low), constant)


def edges_of_power(
    code: Code, x: str, y: str, value: str, constant: float | None = None
) -> str:
    """Return x^y, given |x|^y where x is neither zero nor infinite."""
    one, zero, inf = code.const(1.0), code.const(0.0), code.const(math.inf)
    nan = code.const(math.nan)
    size = code.call("llvm.fabs", x)
    at_zero = code.compare("oeq", size, zero)
    at_inf = code.compare("oeq", size, inf)
    edge = code.logic("or", at_zero, at_inf)
    grows = code.logic("xor", at_zero, code.compare("ogt", y, zero))
    value = code.choose(edge, code.choose(grows, inf, zero), value)
    negative = code.compare("olt", x, zero)
    fails = code.logic("and", negative, code.compare("olt", size, inf))
    if constant is None or constant == math.trunc(constant):
        whole = code.compare("oeq", code.call("llvm.trunc", y), y)
        half = code.times(y, code.const(0.5))
        even = code.compare("oeq", code.call("llvm.trunc", half), half)
        odd = code.logic("and", whole, code.logic("xor", even, "splat (i1 true)"))
        value = code.choose(odd, code.call("llvm.copysign", value, x), value)
        part = code.logic("xor", whole, "splat (i1 true)")
        fails = code.logic("and", fails, part)
    value = code.choose(fails, nan, value)
    value = code.choose(code.compare("uno", x, y), nan, value)
    if constant is None:
        trivial = code.logic(
            "or", code.compare("oeq", x, one), code.compare("oeq", y, zero)
        )
        value = code.choose(trivial, one, value)
    return value


def uniform(code: Code, key: int, parts: list[str]) -> str:
    """Return a draw from (0, 1), bit for bit that of ``operations.uniform``."""
    z = code.integer(key)
    for part in parts:
        z = code.whole_op("add", z, code.bits(code.plus(part, code.const(0.0))))
        for shift, factor in zip((30, 27), MIX, strict=True):
            z = code.whole_op("xor", z, code.shift("lshr", z, shift))
            z = code.whole_op("mul", z, code.integer(factor - 2**64))
        z = code.whole_op("xor", z, code.shift("lshr", z, 31))
    one = code.integer(0x3FF0000000000000)
    ones = code.whole_op("or", code.shift("lshr", z, 12), one)
    return code.minus(code.real_of(ones), code.const(1.0 - 2.0**-53))
