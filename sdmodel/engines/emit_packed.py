"""A packed plan as a module of LLVM IR: one run after another, its lanes elements.

The module exports ``sd_run`` as `emit_driver` describes it, for groups of one run. What
is known before the first step is computed by the plain code for one lane and copied
into vectors; the steps are the plain code again, over a plan of vectors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sdmodel.engines.emit import PIECE, Emitted, Finish, Layout, Module, attributes
from sdmodel.engines.emit_body import Body, Slots
from sdmodel.engines.emit_code import Code, double
from sdmodel.engines.emit_driver import flush, watch
from sdmodel.engines.pack import Packed, pack
from sdmodel.engines.plan import Plan, Stage, constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sdmodel.engines.target import Target
    from sdmodel.model.expr import NodeId

WIDEST = 4
"""Eight lanes gain nothing here, as few arrays fill them. LLVM 22 also took the wrong
lane of eight where it narrowed a spread one: `tests/engines/test_packed.py`."""


def emit_packed(plan: Plan, target: Target, *, piece: int = PIECE) -> Emitted:
    """Write the module of ``plan`` for single runs, in vectors of `WIDEST` lanes."""
    lanes = min(target.lanes, WIDEST)
    target = replace(target, lanes=lanes, wide=False)
    scalar = Module(plan, replace(target, lanes=1), piece)
    initial = scalar.phase(
        "initial",
        [(s.initial, scalar.keep("%dst", i)) for i, s in enumerate(plan.states)],
    )
    before = scalar.prologue()
    singles = len(scalar.slots.run) + len(scalar.slots.derived)
    packed = pack(plan, lanes)
    writer = _Vectors(packed, target, piece, -(-singles // lanes))
    states = packed.plan.states
    step = [(s.update, writer.advance(i)) for i, s in enumerate(states)]
    save = [
        (node, writer.extract(lane, i)) for i, (node, lane) in enumerate(packed.saved)
    ]
    calls = {
        "prologue": before,
        "initial": initial,
        "step": writer.phase("step", step),
        "save": writer.phase("save", [*save, *step]),
    }
    calls["derive"] = writer.prologue()
    sizes = _Sizes(
        lanes=lanes,
        states=len(states),
        run=writer.slots.first + writer.slots.count + len(writer.slots.derived),
        cross=1 + max(len(writer.slots.cross), len(scalar.slots.cross)),
        saved=len(plan.saved),
        scalars=len(plan.states),
        table=len(plan.time_values),
        inputs=len(plan.inputs) + len(plan.drives),
        drives=len(plan.drives),
    )
    parts = [
        "\n".join(sorted(scalar.declarations | writer.declarations)),
        *scalar.functions,
        *writer.functions,
        watch(lanes),
        flush(1, len(plan.saved)),
        *_copies(plan, packed, scalar.slots),
        _driver(calls, sizes, writer.slots.first),
        attributes(lanes),
    ]
    return Emitted(
        text="\n\n".join(part for part in parts if part) + "\n",
        layout=Layout(
            lanes=1,
            slots=sizes.inputs,
            drives=sizes.drives,
            work=sizes.total * lanes,
            traces=False,
        ),
    )


class _Sizes:
    """Counts of vectors, unless named otherwise."""

    def __init__(self, **counts: int) -> None:
        self.lanes = counts["lanes"]
        self.states, self.run = counts["states"], counts["run"]
        self.cross, self.saved = counts["cross"], counts["saved"]  # scalars saved
        self.scalars, self.table = counts["scalars"], counts["table"]  # scalars
        self.inputs, self.drives = counts["inputs"], counts["drives"]  # scalars

    @property
    def buffer(self) -> int:
        """Vectors that hold the saved scalars of a step, or all initial states."""
        return -(-max(self.saved, self.scalars) // self.lanes)

    @property
    def total(self) -> int:
        return 2 * self.states + self.run + self.cross + 2 * self.buffer


class _Slots(Slots):
    """Slots of a packed plan: ``first`` vectors of single values, then vectors."""

    def __init__(self, packed: Packed, first: int) -> None:
        self.first = first
        many = {
            n: int(node.data or 0)
            for n, node in enumerate(packed.plan.nodes)
            if node.op == "many"
        }
        self.run = {n: first + slot for n, slot in many.items()}
        self.count = len(packed.many)
        self.derived = {}
        self.time = {}
        self.cross = {}
        self.divisors = frozenset()

    def derive(self, kind: str, node: NodeId) -> int:
        """Return the slot of a value derived from per-run values."""
        found = self.derived.get((kind, node))
        if found is None:
            found = self.first + self.count + len(self.derived)
            self.derived[kind, node] = found
        return found


class _Vectors(Module):
    """The functions of a packed plan's steps."""

    slots: _Slots

    def __init__(self, packed: Packed, target: Target, piece: int, first: int) -> None:
        super().__init__(packed.plan, target, piece)
        self.packed = packed
        self.slots = _Slots(packed, first)

    def extract(self, lane: int, place: int) -> Finish:
        """Return what stores one lane of a value as a saved scalar."""

        def finish(body: Body, value: NodeId) -> None:
            code = body.code
            one = code.add(f"extractelement {code.real} {body.real(value)}, i64 {lane}")
            at = code.address("%out", place)
            code.do(f"store double {one}, ptr {at}, align 8")

        return finish

    def prologue(self) -> list[str]:
        """Write the functions of what steps want of per-run vectors beside them."""
        return self.phase("derive", self.derived(), Stage.RUN)

    def _begin(self, *, prologue: bool = False) -> Body:
        code = Code(self.target, self.declarations)
        return _Body(code, self.packed, self.slots, prologue=prologue)


class _Body(Body):
    """The values of one function over a packed plan."""

    def __init__(
        self, code: Code, packed: Packed, slots: Slots, *, prologue: bool
    ) -> None:
        super().__init__(code, packed.plan, slots, prologue=prologue)
        self.packed = packed

    def compute(self, index: NodeId) -> None:
        """Write the code of a node; a pick is a shuffle."""
        node = self.plan.nodes[index]
        if node.op != "pick":
            super().compute(index)
            return
        code = self.code
        sources = [self.real(a) for a in node.args]
        second = sources[1] if len(sources) > 1 else "poison"
        mask = ", ".join(
            "i32 poison" if lane < 0 else f"i32 {lane}"
            for lane in self.packed.picks[int(node.data or 0)]
        )
        self._reals[index] = code.add(
            f"shufflevector {code.real} {sources[0]}, {code.real} {second}, "
            f"<{code.lanes} x i32> <{mask}>"
        )

    def _load(self, index: NodeId) -> str:
        node, code = self.plan.nodes[index], self.code
        if node.op == "one":
            base = "%run"
        elif node.op == "now":
            base = "%row"
        elif node.op == "many":
            return code.load("%run", self.slots.run[index])
        else:
            return super()._load(index)
        return code.spread(base, int(node.data or 0))

    def _drive(self, drive: int) -> str:
        """Return the scheduled value of this step, or the run's constant."""
        code = self.code
        row = code.add(f"load i64, ptr {self._at('i64', '%rows', drive)}, align 8")
        none = code.add(f"icmp slt i64 {row}, 0")
        entry = code.add(f"add i64 {row}, %k")
        there = code.add(f"getelementptr double, ptr %pool, i64 {entry}")
        here = code.address("%slots", len(self.plan.inputs) + drive)
        at = code.add(f"select i1 {none}, ptr {here}, ptr {there}")
        return code.spread(at, 0)

    def _at(self, kind: str, base: str, index: int) -> str:
        return self.code.add(f"getelementptr inbounds {kind}, ptr {base}, i64 {index}")


def _copies(plan: Plan, packed: Packed, slots: Slots) -> list[str]:
    """Write the functions that copy single values into the lanes of vectors."""
    known: list[int] = []
    constants: list[str] = []
    for position, node in enumerate(n for group in packed.many for n in group):
        if plan.stages[node] is Stage.RUN:
            known.append(slots.run[node])
        else:
            known.append(0)
            value = double(constant(plan.nodes[node]))
            constants += [
                f"  %c{position} = getelementptr double, ptr %to, i64 {position}",
                f"  store double {value}, ptr %c{position}, align 8",
            ]
    first = [slot for group in packed.states for slot in group]
    return [_copy("many", known, constants), _copy("firsts", first, [])]


def _copy(name: str, indices: Sequence[int], after: Sequence[str]) -> str:
    table = ", ".join(f"i32 {i}" for i in indices)
    size = len(indices)
    rest = "\n".join([*after, "  ret void"])
    return f"""\
@{name}_at = private unnamed_addr constant [{size} x i32] [{table}]

define internal void @{name}(ptr noalias %from, ptr noalias %to) #0 {{
entry:
  br label %test
test:
  %i = phi i64 [ 0, %entry ], [ %i1, %copy ]
  %more = icmp ult i64 %i, {size}
  br i1 %more, label %copy, label %end
copy:
  %which_at = getelementptr i32, ptr @{name}_at, i64 %i
  %which = load i32, ptr %which_at, align 4
  %a = getelementptr double, ptr %from, i32 %which
  %x = load double, ptr %a, align 8
  %b = getelementptr double, ptr %to, i64 %i
  store double %x, ptr %b, align 8
  %i1 = add i64 %i, 1
  br label %test
end:
{rest}
}}"""


def _driver(calls: dict[str, list[str]], sizes: _Sizes, first: int) -> str:
    """Write ``sd_run`` for one run at a time."""
    lanes = sizes.lanes
    real, align = f"<{lanes} x double>", f"align {8 * lanes}"

    def call(phase: str, src: str, dst: str, row: str, k: str) -> str:
        return "\n".join(
            f"  call void @{name}(ptr {src}, ptr {dst}, ptr %run, ptr {row}, "
            f"ptr %slots_g, ptr %cross, ptr %pool, ptr %rows_g, ptr %buffer, "
            f"i64 {k})"
            for name in calls[phase]
        )

    cross_at = 2 * sizes.states + sizes.run
    buffer_at = cross_at + sizes.cross
    return f"""\
define void @sd_run(i64 %groups, i64 %runs, ptr %slots, ptr %rows, ptr %pool, \
ptr %table, ptr %saves, i64 %nsaves, ptr %out, ptr %flags, ptr %work, ptr %trace) #0 {{
entry:
  %second = getelementptr {real}, ptr %work, i64 {sizes.states}
  %run = getelementptr {real}, ptr %work, i64 {2 * sizes.states}
  %vectors = getelementptr {real}, ptr %run, i64 {first}
  %cross = getelementptr {real}, ptr %work, i64 {cross_at}
  %buffer = getelementptr {real}, ptr %work, i64 {buffer_at}
  %scratch = getelementptr {real}, ptr %work, i64 {buffer_at + sizes.buffer}
  %stride = mul i64 %nsaves, {sizes.saved}
  br label %group
group:
  %g = phi i64 [ 0, %entry ], [ %g1, %finish ]
  %more = icmp ult i64 %g, %runs
  br i1 %more, label %begin, label %end
begin:
  %s0 = mul i64 %g, {sizes.inputs}
  %slots_g = getelementptr double, ptr %slots, i64 %s0
  %d0 = mul i64 %g, {sizes.drives}
  %rows_g = getelementptr i64, ptr %rows, i64 %d0
  %o0 = mul i64 %g, %stride
  %out_g = getelementptr double, ptr %out, i64 %o0
{call("prologue", "null", "%run", "null", "0")}
  call void @many(ptr %run, ptr %vectors)
{call("derive", "null", "%run", "null", "0")}
{call("initial", "null", "%scratch", "%table", "0")}
  call void @firsts(ptr %scratch, ptr %work)
  store {real} zeroinitializer, ptr %cross, {align}
  br label %time
time:
  %k = phi i64 [ 0, %begin ], [ %k1, %onward ]
  %s = phi i64 [ 0, %begin ], [ %s2, %onward ]
  %now = phi ptr [ %work, %begin ], [ %next, %onward ]
  %next = phi ptr [ %second, %begin ], [ %now, %onward ]
  %t0 = mul i64 %k, {sizes.table}
  %row = getelementptr double, ptr %table, i64 %t0
  %save_at = getelementptr i64, ptr %saves, i64 %s
  %save_k = load i64, ptr %save_at
  %is_due = icmp eq i64 %save_k, %k
  br i1 %is_due, label %save, label %step
save:
{call("save", "%now", "%next", "%row", "%k")}
  call void @watch(ptr %buffer, i64 {-(-sizes.saved // lanes)}, ptr %cross)
  %so = mul i64 %s, {sizes.saved}
  %out_t = getelementptr double, ptr %out_g, i64 %so
  call void @flush(ptr %buffer, ptr %out_t, i64 0, i64 1)
  %s1 = add i64 %s, 1
  %last = icmp eq i64 %s1, %nsaves
  br i1 %last, label %finish, label %onward
step:
{call("step", "%now", "%next", "%row", "%k")}
  br label %onward
onward:
  %s2 = phi i64 [ %s, %step ], [ %s1, %save ]
  %k1 = add i64 %k, 1
  br label %time
finish:
  call void @watch(ptr %now, i64 {sizes.states}, ptr %cross)
  %flag = load {real}, ptr %cross, {align}
  %sum = call double @llvm.vector.reduce.fadd.v{lanes}f64(double 0.0, {real} %flag)
  %flag_at = getelementptr double, ptr %flags, i64 %g
  store double %sum, ptr %flag_at, align 8
  %g1 = add i64 %g, 1
  br label %group
end:
  ret void
}}

declare double @llvm.vector.reduce.fadd.v{lanes}f64(double, {real})"""
