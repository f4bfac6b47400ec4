"""The loops around a plan's code: over groups of runs, over steps, and into the output.

``sd_run`` takes, in order: number of groups; number of runs; slots (group, slot, lane);
schedule rows (group, drive, lane) as offsets into the pool, -1 for none; the pool; the
time table (step, entry); saved steps; how many; output (run, time, name); flags (run),
nan for a bad run; working memory; and null, or where to write the first bad step and
index of each lane of a single group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def driver(
    *,
    lanes: int,
    calls: Mapping[str, Sequence[str]],
    states: int,
    run: int,
    cross: int,
    saved: int,
    slots: int,
    drives: int,
    table: int,
) -> str:
    """Write ``sd_run`` and its helpers; all sizes count vectors of ``lanes``."""
    real = f"<{lanes} x double>"
    align = f"align {8 * lanes}"

    def call(phase: str, src: str, dst: str, row: str, k: str) -> str:
        return "\n".join(
            f"  call void @{name}(ptr {src}, ptr {dst}, ptr %run, ptr {row}, "
            f"ptr %slots_g, ptr %cross, ptr %pool, ptr %rows_g, ptr %buffer, "
            f"i64 {k})"
            for name in calls[phase]
        )

    return f"""\
define internal void @scan(ptr %values, i64 %n, i64 %k, i64 %base, ptr %trace) #0 {{
entry:
  %many = mul i64 %n, {lanes}
  br label %test
test:
  %i = phi i64 [ 0, %entry ], [ %i1, %next ]
  %more = icmp ult i64 %i, %many
  br i1 %more, label %look, label %end
look:
  %at = getelementptr double, ptr %values, i64 %i
  %x = load double, ptr %at
  %d = fsub double %x, %x
  %bad = fcmp uno double %d, %d
  %lane = urem i64 %i, {lanes}
  %first = getelementptr i64, ptr %trace, i64 %lane
  %was = load i64, ptr %first
  %new = icmp slt i64 %was, 0
  %both = and i1 %bad, %new
  br i1 %both, label %note, label %next
note:
  store i64 %k, ptr %first
  %which0 = udiv i64 %i, {lanes}
  %which = add i64 %which0, %base
  %second = getelementptr i64, ptr %first, i64 {lanes}
  store i64 %which, ptr %second
  br label %next
next:
  %i1 = add i64 %i, 1
  br label %test
end:
  ret void
}}

{watch(lanes)}

{flush(lanes, saved)}

define void @sd_run(i64 %groups, i64 %runs, ptr %slots, ptr %rows, ptr %pool, \
ptr %table, ptr %saves, i64 %nsaves, ptr %out, ptr %flags, ptr %work, ptr %trace) #0 {{
entry:
  %second = getelementptr {real}, ptr %work, i64 {states}
  %run = getelementptr {real}, ptr %work, i64 {2 * states}
  %cross = getelementptr {real}, ptr %work, i64 {2 * states + run}
  %buffer = getelementptr {real}, ptr %work, i64 {2 * states + run + cross}
  %tracing = icmp ne ptr %trace, null
  %stride = mul i64 %nsaves, {saved}
  br label %group
group:
  %g = phi i64 [ 0, %entry ], [ %g1, %finish ]
  %more = icmp ult i64 %g, %groups
  br i1 %more, label %begin, label %end
begin:
  %r0 = mul i64 %g, {lanes}
  %left = sub i64 %runs, %r0
  %short = icmp ult i64 %left, {lanes}
  %lanes = select i1 %short, i64 %left, i64 {lanes}
  %s0 = mul i64 %g, {slots}
  %slots_g = getelementptr {real}, ptr %slots, i64 %s0
  %d0 = mul i64 %g, {drives * lanes}
  %rows_g = getelementptr i64, ptr %rows, i64 %d0
  %o0 = mul i64 %r0, %stride
  %out_g = getelementptr double, ptr %out, i64 %o0
  store {real} zeroinitializer, ptr %cross, {align}
{call("prologue", "null", "%run", "null", "0")}
{call("initial", "null", "%work", "%table", "0")}
  br label %time
time:
  %k = phi i64 [ 0, %begin ], [ %k1, %onward ]
  %s = phi i64 [ 0, %begin ], [ %s2, %onward ]
  %now = phi ptr [ %work, %begin ], [ %next, %onward ]
  %next = phi ptr [ %second, %begin ], [ %now, %onward ]
  %t0 = mul i64 %k, {table}
  %row = getelementptr double, ptr %table, i64 %t0
  br i1 %tracing, label %look, label %due
look:
  call void @scan(ptr %now, i64 {states}, i64 %k, i64 0, ptr %trace)
  br label %due
due:
  %save_at = getelementptr i64, ptr %saves, i64 %s
  %save_k = load i64, ptr %save_at
  %is_due = icmp eq i64 %save_k, %k
  br i1 %is_due, label %save, label %step
save:
{call("save", "%now", "%next", "%row", "%k")}
  call void @watch(ptr %buffer, i64 {saved}, ptr %cross)
  %so = mul i64 %s, {saved}
  %out_t = getelementptr double, ptr %out_g, i64 %so
  call void @flush(ptr %buffer, ptr %out_t, i64 %stride, i64 %lanes)
  br i1 %tracing, label %look2, label %saved
look2:
  call void @scan(ptr %buffer, i64 {saved}, i64 %k, i64 {states}, ptr %trace)
  br label %saved
saved:
  %s1 = add i64 %s, 1
  %last = icmp eq i64 %s1, %nsaves
  br i1 %last, label %finish, label %onward
step:
{call("step", "%now", "%next", "%row", "%k")}
  br label %onward
onward:
  %s2 = phi i64 [ %s, %step ], [ %s1, %saved ]
  %k1 = add i64 %k, 1
  br label %time
finish:
  call void @watch(ptr %now, i64 {states}, ptr %cross)
  %flag = load {real}, ptr %cross, {align}
  %flag_at = getelementptr double, ptr %flags, i64 %r0
  store {real} %flag, ptr %flag_at, align 8
  %g1 = add i64 %g, 1
  br label %group
end:
  ret void
}}"""


def watch(lanes: int) -> str:
    """Write what turns ``flag`` to nan in lanes with a value that is not finite."""
    real, align = f"<{lanes} x double>", f"align {8 * lanes}"
    return f"""\
define internal void @watch(ptr noalias %values, i64 %n, ptr noalias %flag) #0 {{
entry:
  %before = load {real}, ptr %flag, {align}
  br label %test
test:
  %i = phi i64 [ 0, %entry ], [ %i1, %look ]
  %sum = phi {real} [ %before, %entry ], [ %sum1, %look ]
  %more = icmp ult i64 %i, %n
  br i1 %more, label %look, label %end
look:
  %at = getelementptr {real}, ptr %values, i64 %i
  %x = load {real}, ptr %at, {align}
  %zero = fmul {real} %x, zeroinitializer
  %sum1 = fadd {real} %sum, %zero
  %i1 = add i64 %i, 1
  br label %test
end:
  store {real} %sum, ptr %flag, {align}
  ret void
}}"""


def flush(lanes: int, saved: int) -> str:
    """Write what copies saved scalars from vectors to the rows of ``lanes`` runs."""
    return f"""\
define internal void @flush(ptr noalias %buffer, ptr noalias %out, i64 %stride, \
i64 %lanes) #0 {{
entry:
  br label %runs
runs:
  %lane = phi i64 [ 0, %entry ], [ %lane1, %names ]
  %any = icmp ult i64 %lane, %lanes
  br i1 %any, label %start, label %end
start:
  %offset = mul i64 %lane, %stride
  %to = getelementptr double, ptr %out, i64 %offset
  %from = getelementptr double, ptr %buffer, i64 %lane
  %lane1 = add i64 %lane, 1
  br label %names
names:
  %j = phi i64 [ 0, %start ], [ %j1, %copy ]
  %more = icmp ult i64 %j, {saved}
  br i1 %more, label %copy, label %runs
copy:
  %j8 = mul i64 %j, {lanes}
  %a = getelementptr double, ptr %from, i64 %j8
  %x = load double, ptr %a
  %b = getelementptr double, ptr %to, i64 %j
  store double %x, ptr %b
  %j1 = add i64 %j, 1
  br label %names
end:
  ret void
}}"""
