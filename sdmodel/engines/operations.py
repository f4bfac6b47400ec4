"""What each operation of the graph computes, in NumPy: the meaning engines share.

Functions take float64 scalars or arrays and broadcast. They never raise: as in IEEE
arithmetic, a division by zero is infinite and a root of a negative number is not a
number. ``CONSTANT`` operations (leaves) are evaluated by the engines themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sdmodel.model.core import Lookup

Value = Any
"""A float64 scalar or an array of them: NumPy's types cannot tell the two apart."""

Function = Callable[..., Value]

# Vensim calls anything smaller than this zero (manual, ZIDZ); PySD keeps the figure.
SMALL = 1e-6

LEAVES = frozenset({"const", "input", "state", "time", "dt"})


def _xidz(numerator: Value, denominator: Value, otherwise: Value) -> Value:
    zero = np.abs(denominator) < SMALL
    return np.where(zero, otherwise, numerator / np.where(zero, 1.0, denominator))


def _zidz(numerator: Value, denominator: Value) -> Value:
    return _xidz(numerator, denominator, np.float64(0.0))


def _modulo(x: Value, m: Value) -> Value:
    # x - QUANTUM(x, m): Vensim keeps the sign of x, unlike Python's remainder.
    small = m < SMALL
    part = m * np.trunc(x / np.where(small, 1.0, m))
    return x - np.where(small, x, part)


def _truth(function: Callable[..., Any]) -> Function:
    return lambda *args: np.where(function(*args), 1.0, 0.0)


OPERATIONS: Mapping[str, Function] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "neg": np.negative,
    "lt": _truth(np.less),
    "le": _truth(np.less_equal),
    "gt": _truth(np.greater),
    "ge": _truth(np.greater_equal),
    "eq": _truth(np.equal),
    "ne": _truth(np.not_equal),
    "and": _truth(np.logical_and),
    "or": _truth(np.logical_or),
    "not": _truth(np.logical_not),
    "if": lambda c, a, b: np.where(c != 0.0, a, b),
    "min": np.minimum,
    "max": np.maximum,
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "integer": np.trunc,
    "modulo": _modulo,
    "zidz": _zidz,
    "xidz": _xidz,
}


MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""Multipliers of the 64-bit mixer (Stafford's variant 13, as in splitmix64)."""


def _mixed(z: Value) -> Value:
    for shift, factor in zip((30, 27), MIX, strict=True):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return z ^ (z >> np.uint64(31))


def uniform(key: int, seed: Value, stream: Value, time: Value) -> Value:
    """Draw from (0, 1): the bits of all arguments, mixed one after the other."""
    # Adding zero gives both zeros the same bits.
    bits = [
        (np.asarray(a, dtype=np.float64) + 0.0).view(np.uint64)
        for a in (seed, stream, time)
    ]
    with np.errstate(over="ignore"):
        z = np.uint64(key)
        for part in bits:
            z = _mixed(z + part)
    ones = (z >> np.uint64(12)) | np.uint64(0x3FF0000000000000)
    return np.asarray(ones).view(np.float64) - (1.0 - 2.0**-53)


def inverse(size: int, elements: Sequence[Value]) -> Value:
    """Invert matrices given by their elements, row by row.

    Returns
    -------
    Value
        The elements of the inverse likewise, along a last axis.
    """
    given = np.stack(np.broadcast_arrays(*elements), axis=-1)
    shape = (*given.shape[:-1], size, size)
    unit = np.broadcast_to(np.eye(size), shape)
    table = np.concatenate([given.reshape(shape), unit], axis=-1)
    for k in range(size):
        # The largest element below becomes the pivot, as in LAPACK's getrf.
        for i in range(k + 1, size):
            larger = np.abs(table[..., i, k]) > np.abs(table[..., k, k])
            one, other = table[..., k, :].copy(), table[..., i, :].copy()
            table[..., k, :] = np.where(larger[..., None], other, one)
            table[..., i, :] = np.where(larger[..., None], one, other)
        factor = table[..., k + 1 :, k] / table[..., k, None, k]
        part = factor[..., None] * table[..., k, None, k + 1 :]
        table[..., k + 1 :, k + 1 :] -= part
    for k in reversed(range(size)):
        for i in range(k + 1, size):
            table[..., k, size:] -= table[..., k, i, None] * table[..., i, size:]
        table[..., k, size:] /= table[..., k, k, None]
    return table[..., size:].reshape(given.shape)


def interpolate(table: Lookup, x: Value) -> Value:
    """Read a table at ``x``: numpy.interp inside, the table's rule outside."""
    xp, fp = np.asarray(table.x), np.asarray(table.y)
    if table.rule == "hold_backward":
        at = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 1)
        return np.where(np.isnan(x), x, fp[at])
    if table.rule == "hold_forward":
        at = np.clip(np.searchsorted(xp, x, side="left"), 0, len(xp) - 1)
        return np.where(np.isnan(x), x, fp[at])
    if table.rule == "exact":
        at = np.clip(np.searchsorted(xp, x, side="left"), 0, len(xp) - 1)
        return np.where(xp[at] == x, fp[at], np.nan)
    if len(xp) == 1:  # numpy.interp answers nan with the one value there is
        return np.where(np.isnan(x), x, fp[0])
    inside = np.interp(x, xp, fp)
    if table.rule == "clamp":
        return inside
    low = (fp[1] - fp[0]) / (xp[1] - xp[0])
    high = (fp[-1] - fp[-2]) / (xp[-1] - xp[-2])
    inside = np.where(x < xp[0], fp[0] + low * (x - xp[0]), inside)
    return np.where(x > xp[-1], fp[-1] + high * (x - xp[-1]), inside)
