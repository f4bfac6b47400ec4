"""Tables as vector code, to the last bit what numpy.interp computes."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdmodel.engines.emit_code import Code
    from sdmodel.model.core import Lookup

_PAIR = 16  # the longest table that two AVX-512 registers hold


def segments(table: Lookup) -> list[tuple[float, float, float]]:
    """Return (slope, x, y) of the line that starts at each point.

    The last has no slope, so that the end value comes out exactly, unless the table
    extrapolates.
    """
    x, y = table.x, table.y
    slopes = [0.0] * len(x)
    if table.rule in ("clamp", "extrapolate"):
        for i in range(len(x) - 1):
            if x[i] == x[i + 1]:
                continue  # a step: no argument lies between
            slopes[i] = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
        if table.rule == "extrapolate" and len(x) > 1:
            slopes[-1] = slopes[-2]
    return list(zip(slopes, x, y, strict=True))


def lookup(code: Code, table: Lookup, x: str) -> str:
    """Return the table's value at ``x``; nan stays nan."""
    lines = segments(table)
    if table.rule == "extrapolate" and len(lines) > 1:
        # Infinite arguments would meet a zero slope as nan, as they do in NumPy.
        at = x
    else:
        at = code.at_least(table.x[0], code.at_most(table.x[-1], x))
    if table.rule == "hold_forward":
        # Each value reaches back to the point before: strictly beyond it counts.
        held = [(0.0, here[1], after[2]) for here, after in itertools.pairwise(lines)]
        slope, x0, y0 = _chain(code, [lines[0], *held], at, "ogt")
    elif code.target.wide and 1 < len(lines) <= _PAIR:
        slope, x0, y0 = _permute(code, lines, at)
    else:
        slope, x0, y0 = _chain(code, [lines[0], *lines[1:]], at, "oge")
    return code.plus(code.times(slope, code.minus(at, x0)), y0)


def _chain(
    code: Code, lines: list[tuple[float, float, float]], x: str, how: str
) -> tuple[str, str, str]:
    """Find the line by comparing with every point: any processor can do this."""
    slope, x0, y0 = (code.const(value) for value in lines[0])
    for line in lines[1:]:
        beyond = code.compare(how, x, code.const(line[1]))
        slope = code.choose(beyond, code.const(line[0]), slope)
        x0 = code.choose(beyond, code.const(line[1]), x0)
        y0 = code.choose(beyond, code.const(line[2]), y0)
    return slope, x0, y0


def _permute(
    code: Code, lines: list[tuple[float, float, float]], x: str
) -> tuple[str, str, str]:
    """Find the line by halving, with tables held in registers."""
    size = 2
    while size < len(lines):
        size *= 2
    width = max(size, 8)
    knots = [line[1] for line in lines]
    knots += [math.inf] * (2 * width - len(knots))
    step = size // 2
    beyond = code.compare("oge", x, code.const(knots[step]))
    index = _pick(code, beyond, step, 0)
    while step > 1:
        step //= 2
        ahead = knots[step : step + width]  # the knot to try from each index
        beyond = code.compare("oge", x, _read(code, ahead, index))
        further = code.whole_op("or", index, code.integer(step))
        index = code.add(
            f"select {code.truth} {beyond}, {code.whole} {further}, "
            f"{code.whole} {index}"
        )
    columns = []
    for part in range(3):
        entries = [line[part] for line in lines]
        entries += [0.0] * (width - len(entries))
        columns.append(_read(code, entries, index))
    return columns[0], columns[1], columns[2]


def _pick(code: Code, truth: str, a: int, b: int) -> str:
    return code.add(
        f"select {code.truth} {truth}, {code.whole} {code.integer(a)}, "
        f"{code.whole} {code.integer(b)}"
    )


def _read(code: Code, entries: list[float], index: str) -> str:
    """Return ``entries[index]`` in each lane, for 8 or 16 entries."""
    low = f"{code.real} {code.table(entries[:8])}"
    at = f"{code.whole} {index}"
    if len(entries) == 8:
        return code.wide("llvm.x86.avx512.permvar.df.512", low, at)
    high = f"{code.real} {code.table(entries[8:])}"
    return code.wide("llvm.x86.avx512.vpermi2var.pd.512", low, at, high)
