"""Sums along the links of a graph, in native code: two loops, whatever the graph.

NumPy would be called for every link; ``experiments.differences`` does that where
``llvmlite`` is missing.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sdmodel.engines.native import load_text, missing

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

WIDTH = 8
"""Columns are filled up to a multiple of this many doubles: a vector."""

_REAL = f"<{WIDTH} x double>"


# What both loops are made of: taking a link, its rows, adding, and the way back.
_LINK = """\
test:
  %i = phi i64 [ 0, %entry ], [ %i1, %next ]
  %more = icmp ult i64 %i, %links
  br i1 %more, label %link, label %end
link:
  %s_at = getelementptr i64, ptr %source, i64 %i
  %s = load i64, ptr %s_at
  %t_at = getelementptr i64, ptr %target, i64 %i
  %t = load i64, ptr %t_at
  %w_at = getelementptr double, ptr %slope, i64 %i
  %w = load double, ptr %w_at
"""
_ROWS = f"""\
  %w0 = insertelement {_REAL} poison, double %w, i64 0
  %ws = shufflevector {_REAL} %w0, {_REAL} poison, <{WIDTH} x i32> zeroinitializer
  %s_row = mul i64 %s, %size
  %t_row = mul i64 %t, %size
"""
_ENDS = """\
  %from = getelementptr double, ptr %values, i64 %s_row
  %to = getelementptr double, ptr %values, i64 %t_row
"""
_ADD = f"""\
  %a_at = getelementptr {_REAL}, ptr %from, i64 %v
  %a = load {_REAL}, ptr %a_at, align 8
  %b_at = getelementptr {_REAL}, ptr %to, i64 %v
  %b = load {_REAL}, ptr %b_at, align 8
  %p = fmul {_REAL} %a, %ws
  %sum = fadd {_REAL} %b, %p
  store {_REAL} %sum, ptr %b_at, align 8
"""
_CLOSE = """\
  %v1 = add i64 %v, 1
  %again = icmp ult i64 %v1, %vectors
  br i1 %again, label %vector, label %next
next:
  %i1 = add i64 %i, 1
  br label %test
end:
  ret void
}
"""

TEXT = f"""
; values[target] += slope * values[source], link by link in their order
define void @spread(i64 %links, ptr %source, ptr %target, ptr %slope, ptr %values,
                    i64 %vectors) {{
entry:
  %size = mul i64 %vectors, {WIDTH}
  br label %test
{_LINK}{_ROWS}{_ENDS}  br label %vector
vector:
  %v = phi i64 [ 0, %link ], [ %v1, %vector ]
{_ADD}{_CLOSE}
; the same, and carried[link, part] += slope * values[source] * parts[target, part]
define void @gather(i64 %links, ptr %source, ptr %target, ptr %slope, ptr %values,
                    i64 %vectors, ptr %parts, i64 %count, i64 %row, ptr %carried) {{
entry:
  %size = mul i64 %vectors, {WIDTH}
  %block = mul i64 %size, %count
  br label %test
{_LINK}  %idle = fcmp oeq double %w, 0.0
  br i1 %idle, label %next, label %busy
busy:
{_ROWS}  %p_row = mul i64 %t, %row
  %c_row = mul i64 %i, %block
{_ENDS}  %own = getelementptr double, ptr %parts, i64 %p_row
  %kept = getelementptr double, ptr %carried, i64 %c_row
  br label %vector
vector:
  %v = phi i64 [ 0, %busy ], [ %v1, %parts_done ]
{_ADD}  br label %part
part:
  %k = phi i64 [ 0, %vector ], [ %k1, %part ]
  %x_at = getelementptr double, ptr %own, i64 %k
  %x = load double, ptr %x_at
  %x0 = insertelement {_REAL} poison, double %x, i64 0
  %xs = shufflevector {_REAL} %x0, {_REAL} poison, <{WIDTH} x i32> zeroinitializer
  %k_row = mul i64 %k, %vectors
  %c_place = add i64 %k_row, %v
  %c_at = getelementptr {_REAL}, ptr %kept, i64 %c_place
  %c = load {_REAL}, ptr %c_at, align 8
  %add = fmul {_REAL} %p, %xs
  %c1 = fadd {_REAL} %c, %add
  store {_REAL} %c1, ptr %c_at, align 8
  %k1 = add i64 %k, 1
  %k_more = icmp ult i64 %k1, %count
  br i1 %k_more, label %part, label %parts_done
parts_done:
{_CLOSE}"""

_SIZES, _PLACES = ctypes.c_int64, ctypes.c_void_p


@dataclass(frozen=True)
class Sweeps:
    """The two loops; arrays are contiguous, rows as long as a multiple of `WIDTH`."""

    _spread: Callable[..., None] = field(repr=False)
    _gather: Callable[..., None] = field(repr=False)
    _engine: Any = field(repr=False)  # keeps the code in memory

    def spread(
        self,
        source: NDArray[np.int64],
        target: NDArray[np.int64],
        slope: NDArray[np.float64],
        values: NDArray[np.float64],
    ) -> None:
        """Add, link by link, slope times a row of ``values`` to another row.

        ``source``, ``target`` and ``slope`` are (link,), ``values`` is (row, column).
        """
        self._spread(
            len(slope),
            source.ctypes.data,
            target.ctypes.data,
            slope.ctypes.data,
            values.ctypes.data,
            values.shape[1] // WIDTH,
        )

    def gather(
        self,
        source: NDArray[np.int64],
        target: NDArray[np.int64],
        slope: NDArray[np.float64],
        values: NDArray[np.float64],
        parts: NDArray[np.float64],
        carried: NDArray[np.float64],
    ) -> None:
        """Do as `spread` does, and keep what each link brings times the target's parts.

        ``parts`` is (row, part); ``carried`` (link, part, column) is added to.
        """
        self._gather(
            len(slope),
            source.ctypes.data,
            target.ctypes.data,
            slope.ctypes.data,
            values.ctypes.data,
            values.shape[1] // WIDTH,
            parts.ctypes.data,
            carried.shape[1],
            parts.shape[1],
            carried.ctypes.data,
        )


@cache
def sweeps() -> Sweeps | None:
    """Return the loops, compiled for this machine; None without ``llvmlite``."""
    if missing():
        return None
    engine = load_text(TEXT)
    spread = ctypes.CFUNCTYPE(None, _SIZES, *[_PLACES] * 4, _SIZES)
    gather = ctypes.CFUNCTYPE(
        None, _SIZES, *[_PLACES] * 4, _SIZES, _PLACES, _SIZES, _SIZES, _PLACES
    )
    return Sweeps(
        spread(engine.get_function_address("spread")),
        gather(engine.get_function_address("gather")),
        engine,
    )
