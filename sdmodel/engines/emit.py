"""A plan as a module of LLVM IR: prologue, initial states, steps, and the loop.

The module exports ``sd_run``: it takes groups of runs, as many as there are lanes, from
the first step to the last saved one. Nothing in it depends on the number of runs, the
saved times or the values of inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sdmodel.engines.emit_body import Body, Slots
from sdmodel.engines.emit_brief import ANY_POWER, any_power
from sdmodel.engines.emit_code import Code
from sdmodel.engines.emit_driver import driver
from sdmodel.engines.emit_matrix import helper, place_of
from sdmodel.engines.plan import Plan, Stage
from sdmodel.model.expr import NodeId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sdmodel.engines.target import Target

VERSION = 4
"""Part of every cache key: raise it when the code written for a plan changes."""

PIECE = 400
"""Nodes in one function: LLVM's time grows faster than a function's length."""

_LEAVES = frozenset({"input", "state", "drive", "one", "many"})
SIGNATURE = (
    "ptr noalias %src, ptr noalias %dst, ptr noalias %run, ptr noalias %row, "
    "ptr noalias %slots, ptr noalias %cross, ptr noalias %pool, ptr noalias %rows, "
    "ptr noalias %out, i64 %k"
)

Finish = Callable[["Body", NodeId], None]
"""Writes what becomes of a value once it is computed."""


@dataclass(frozen=True)
class Layout:
    """What the caller of ``sd_run`` must know.

    Sizes count vectors of ``lanes`` runs. ``traces`` says whether the kernel can tell
    what went bad in a run.
    """

    lanes: int
    slots: int
    drives: int
    work: int
    traces: bool = True


@dataclass(frozen=True)
class Emitted:
    """The text of a module and the layout of its memory."""

    text: str
    layout: Layout


def emit(
    plan: Plan, target: Target, *, piece: int = PIECE, every: bool = False
) -> Emitted:
    """Write the module of ``plan`` for ``target``, in functions of ``piece`` nodes.

    With ``every`` it can only save at every step: half as much code.
    """
    writer = Module(plan, target, piece)
    states = len(plan.states)
    step = [(s.update, writer.advance(i)) for i, s in enumerate(plan.states)]
    initial = [(s.initial, writer.keep("%dst", i)) for i, s in enumerate(plan.states)]
    save = [(node, writer.keep("%out", i)) for i, node in enumerate(plan.saved)]
    # A saved step goes on at once, since outputs and next states share most of their
    # nodes; after the last one the next states are simply not looked at.
    calls = {
        "step": [] if every else writer.phase("step", step),
        "initial": writer.phase("initial", initial),
        "save": writer.phase("save", [*save, *step]),
    }
    calls["prologue"] = writer.prologue()
    run = len(writer.slots.run) + len(writer.slots.derived)
    cross = len(writer.slots.cross) + 1
    text = driver(
        lanes=target.lanes,
        calls=calls,
        states=states,
        run=run,
        cross=cross,
        saved=len(plan.saved),
        slots=len(plan.inputs) + len(plan.drives),
        drives=len(plan.drives),
        table=len(plan.time_values),
    )
    helpers = writer.helpers()
    declared = "\n".join(sorted(writer.declarations))
    parts = [declared, *helpers, *writer.functions, text]
    parts.append(attributes(target.lanes))
    return Emitted(
        text="\n\n".join(part for part in parts if part) + "\n",
        layout=Layout(
            lanes=target.lanes,
            slots=len(plan.inputs) + len(plan.drives),
            drives=len(plan.drives),
            work=2 * states + run + cross + len(plan.saved),
        ),
    )


def attributes(lanes: int) -> str:
    """Write what holds for every function: vectors of this many lanes are wanted."""
    width = 64 * lanes
    return (
        f'attributes #0 = {{ nounwind "min-legal-vector-width"="{width}" '
        f'"prefer-vector-width"="{width}" }}'
    )


class Module:
    """Collects the functions of a module; the loops around them are written last."""

    def __init__(self, plan: Plan, target: Target, piece: int = PIECE) -> None:
        self.plan, self.target, self.piece = plan, target, piece
        self.slots = Slots(plan)
        self.declarations: set[str] = set()
        self.functions: list[str] = []

    def keep(self, where: str, slot: int) -> Finish:
        """Return what stores a value as it is."""

        def finish(body: Body, value: NodeId) -> None:
            body.code.store(body.real(value), where, slot)

        return finish

    def advance(self, slot: int) -> Finish:
        """Return what stores a state's next value: an Euler step, or an assignment."""
        assign, dt = self.plan.states[slot].assign, self.plan.time.step

        def finish(body: Body, value: NodeId) -> None:
            code = body.code
            new = body.real(value)
            if assign:
                # Such a state may come back from nan: remember that it was there.
                flag = code.load("%cross", 0)
                trace = code.times(new, code.const(0.0))
                code.store(code.plus(flag, trace), "%cross", 0)
            else:
                old = code.load("%src", slot)
                new = code.plus(old, code.times(code.const(dt), new))
            code.store(new, "%dst", slot)

        return finish

    def phase(
        self,
        name: str,
        roots: Sequence[tuple[NodeId, Finish]],
        stage: Stage = Stage.STEP,
    ) -> list[str]:
        """Write the functions that compute ``roots``; return their names in order."""
        plan = self.plan
        order = [
            n
            for n in plan.reach((r for r, _ in roots), (stage,))
            if plan.nodes[n].op not in _LEAVES
        ]
        pieces = _cut(order, self.piece) or [[]]
        home = {n: i for i, piece in enumerate(pieces) for n in piece}
        handed = {
            a
            for n in order
            for a in plan.nodes[n].args
            if home.get(a, home[n]) < home[n] and plan.nodes[a].op != "inverse"
        }
        ends: dict[NodeId, list[Finish]] = {}
        for root, finish in roots:
            ends.setdefault(root, []).append(finish)
        early: dict[NodeId, list[Finish]] = {}
        for n in order:
            for a, finish in self._elements(n):
                (ends if a in home else early).setdefault(a, []).append(finish)
        names = [
            self._hand_on(f"{name}_before{number}", part, stage)
            for number, part in enumerate(_portions(early, self.piece))
        ]
        loaded = {n: what for n, what in ends.items() if n not in home}
        loose = _portions(loaded, self.piece)
        if len(loose) == 1 and len(pieces[-1]) + len(loose[0]) <= self.piece:
            # What is loaded only is not worth a function.
            pieces[-1] += [node for node, _ in loose.pop()]
        for number, piece in enumerate(pieces):
            body = self._begin(prologue=stage is Stage.RUN)
            for node in piece:
                if node in home:
                    body.compute(node)
                if node in handed:
                    shared = self.slots.share(node)
                    body.code.store(body.real(node), "%cross", shared)
                for finish in ends.get(node, ()):
                    finish(body, node)
            names.append(self._end(f"{name}{number}", body))
        names += [
            self._hand_on(f"{name}{number}", part, stage)
            for number, part in enumerate(loose, len(pieces))
        ]
        return names

    def _hand_on(
        self, name: str, part: Sequence[tuple[NodeId, list[Finish]]], stage: Stage
    ) -> str:
        """Write a function of what is loaded and handed on, without computing."""
        body = self._begin(prologue=stage is Stage.RUN)
        for node, finishes in part:
            for finish in finishes:
                finish(body, node)
        return self._end(name, body)

    def _elements(self, index: NodeId) -> Iterator[tuple[NodeId, Finish]]:
        """Yield what puts each element of a matrix into the table of its inverse."""
        node = self.plan.nodes[index]
        if node.op == "inverse":
            size = int(node.data or 0)
            first = self.slots.matrix(index, size)
            for place, element in enumerate(node.args):
                yield element, self.keep("%cross", first + place_of(size, place))

    def prologue(self) -> list[str]:
        """Write the functions of per-run values; last, when all wishes are known."""
        kept = [(n, self.keep("%dst", slot)) for n, slot in self.slots.run.items()]
        return self.phase("prologue", [*kept, *self.derived()], Stage.RUN)

    def derived(self) -> list[tuple[NodeId, Finish]]:
        """Return what computes the values that steps want beside the per-run ones."""
        return [
            (node, partial(Body.write_derived, kind=kind))
            for kind, node in self.slots.derived
            if kind != "log_low"
        ]

    def helpers(self) -> list[str]:
        """Write the functions that the plan's code calls."""
        found: list[str] = []
        if any(node.op == "inverse" for node in self.plan.nodes):
            found.append(helper(Code(self.target, self.declarations)))
        wanted = any(node.op == "pow" for node in self.plan.nodes)
        if not (wanted and self.target.brief):
            return found
        code = Code(self.target, self.declarations)
        value = any_power(code, "%x", "%y")
        lines = "\n".join(code.lines)
        real, name = code.real, ANY_POWER
        head = f"define internal {real} @{name}({real} %x, {real} %y) #0"
        return [*found, f"{head} {{\n{lines}\n  ret {real} {value}\n}}"]

    def _begin(self, *, prologue: bool = False) -> Body:
        code = Code(self.target, self.declarations)
        return Body(code, self.plan, self.slots, prologue=prologue)

    def _end(self, name: str, body: Body) -> str:
        lines: Iterable[str] = body.code.lines
        text = "\n".join(lines)
        self.functions.append(
            f"define internal void @{name}({SIGNATURE}) #0 {{\n{text}\n  ret void\n}}"
        )
        return name


def _cut(nodes: list[NodeId], size: int) -> list[list[NodeId]]:
    return [nodes[i : i + size] for i in range(0, len(nodes), size)]


def _portions(
    ends: Mapping[NodeId, list[Finish]], size: int
) -> list[list[tuple[NodeId, list[Finish]]]]:
    """Cut what becomes of values into lists of at most ``size`` ends.

    A number under a thousand names must not make a function of a thousand lines.
    """
    found: list[list[tuple[NodeId, list[Finish]]]] = []
    room = 0
    for node, finishes in ends.items():
        done = 0
        while done < len(finishes):
            if not room:
                found.append([])
                room = size
            part = finishes[done : done + room]
            found[-1].append((node, part))
            done += len(part)
            room -= len(part)
    return found
