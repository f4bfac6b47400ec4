"""The loops around a page's code: over steps, and in each function over pairs of runs.

A step is a hundred kilobytes of straight code, which a processor has to fetch anew each
time: for one pair of runs that takes longer than to compute. So every function takes
several pairs in turn before the next function begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdmodel.engines.emit import Module

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sdmodel.engines.emit_body import Body
    from sdmodel.engines.plan import Plan
    from sdmodel.engines.target import Target

PIECE = 800
"""Nodes in one function: fewer values are handed on than with the native kernel's."""

EXPORT = "sd_run"
_BASES = ("src", "dst", "run", "slots", "cross")
_SIGNATURE = (
    ", ".join(f"ptr noalias %{name}_0" for name in _BASES)
    + ", ptr noalias %out_0, ptr noalias %row, i32 %pairs, i32 %stride, i32 %out_stride"
)


class PairsModule(Module):
    """A module whose functions run through all pairs, from one block to the next."""

    def __init__(self, plan: Plan, target: Target, piece: int = PIECE) -> None:
        super().__init__(plan, target, piece)

    def _begin(self, *, prologue: bool = False) -> Body:
        body = super()._begin(prologue=prologue)
        body.code.block = "pair"
        return body

    def _end(self, name: str, body: Body) -> str:
        places = "\n".join(
            f"  %{base} = getelementptr i8, ptr %{base}_0, i32 %at" for base in _BASES
        )
        lines = "\n".join(body.code.lines)
        self.functions.append(f"""\
define internal void @{name}({_SIGNATURE}) #0 {{
  br label %pair
pair:
  %p = phi i32 [ 0, %0 ], [ %p1, %{body.code.block} ]
  %at = phi i32 [ 0, %0 ], [ %at1, %{body.code.block} ]
  %out_at = phi i32 [ 0, %0 ], [ %out_at1, %{body.code.block} ]
{places}
  %out = getelementptr i8, ptr %out_0, i32 %out_at
{lines}
  %p1 = add i32 %p, 1
  %at1 = add i32 %at, %stride
  %out_at1 = add i32 %out_at, %out_stride
  %more = icmp ult i32 %p1, %pairs
  br i1 %more, label %pair, label %end
end:
  ret void
}}""")
        return name


def driver(
    plan: Plan, calls: Mapping[str, Sequence[str]], lanes: int, run: int, fine: int
) -> str:
    """Write ``sd_run``; see `wasm.WasmKernel` for what it takes."""
    real = f"<{lanes} x double>"
    states = len(plan.states)

    def call(phase: str, src: str, dst: str, row: str, out: str, stride: str) -> str:
        return "\n".join(
            f"  call void @{name}(ptr {src}, ptr {dst}, ptr %run, ptr %slots, "
            f"ptr %cross, ptr {out}, ptr {row}, i32 %pairs, i32 %stride, i32 {stride})"
            for name in calls[phase]
        )

    return f"""\
define ptr @{EXPORT}(ptr %slots, ptr %moves, i32 %n_moves, ptr %pool, ptr %table, \
ptr %saves, ptr %out, ptr %fine, ptr %work, i32 %from, i32 %to, i32 %pairs, \
i32 %stride, i32 %out_stride, i32 %fine_stride) #0 {{
entry:
  %second = getelementptr {real}, ptr %work, i32 {states}
  %run = getelementptr {real}, ptr %work, i32 {2 * states}
  %cross = getelementptr {real}, ptr %work, i32 {2 * states + run}
{call("prologue", "null", "%run", "null", "null", "0")}
  %fresh = icmp eq i32 %from, 0
  br label %step
step:
  %k = phi i32 [ %from, %entry ], [ %k1, %advance ]
  %now = phi ptr [ %work, %entry ], [ %next, %advance ]
  %next = phi ptr [ %second, %entry ], [ %now, %advance ]
  %out_k = phi ptr [ %out, %entry ], [ %out_k1, %advance ]
  %fine_k = phi ptr [ %fine, %entry ], [ %fine_k1, %advance ]
  %more = icmp ult i32 %k, %to
  br i1 %more, label %move, label %end
move:
  %m = phi i32 [ 0, %step ], [ %m1, %moving ]
  %moves_left = icmp ult i32 %m, %n_moves
  br i1 %moves_left, label %moving, label %moved
moving:
  %pair = getelementptr [2 x i32], ptr %moves, i32 %m
  %slot = load i32, ptr %pair, align 4
  %source_at = getelementptr i32, ptr %pair, i32 1
  %source = load i32, ptr %source_at, align 4
  %entry_k = add i32 %source, %k
  %from_at = getelementptr double, ptr %pool, i32 %entry_k
  %value = load double, ptr %from_at, align 8
  %to_at = getelementptr double, ptr %slots, i32 %slot
  store double %value, ptr %to_at, align 8
  %m1 = add i32 %m, 1
  br label %move
moved:
  %offset = mul i32 %k, {len(plan.time_values)}
  %row = getelementptr double, ptr %table, i32 %offset
  %zeroth = icmp eq i32 %k, 0
  %begin = and i1 %fresh, %zeroth
  br i1 %begin, label %initial, label %ask
initial:
{call("initial", "null", "%work", "%row", "null", "0")}
  br label %ask
ask:
  %due_at = getelementptr i8, ptr %saves, i32 %k
  %due = load i8, ptr %due_at, align 1
  %is_due = icmp ne i8 %due, 0
  br i1 %is_due, label %save, label %advance
save:
{call("save", "%now", "null", "%row", "%out_k", "%out_stride")}
  %out_next = getelementptr {real}, ptr %out_k, i32 {len(plan.saved)}
  br label %advance
advance:
  %out_k1 = phi ptr [ %out_k, %ask ], [ %out_next, %save ]
{call("step", "%now", "%next", "%row", "%fine_k", "%fine_stride")}
  %fine_k1 = getelementptr {real}, ptr %fine_k, i32 {fine}
  %k1 = add i32 %k, 1
  br label %step
end:
  ret ptr %now
}}"""
