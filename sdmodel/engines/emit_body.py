"""Node by node: the straight code that computes a plan's values for one step."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from sdmodel.engines.emit_brief import (
    brief_exponential,
    brief_power,
    logarithm_of_two,
)
from sdmodel.engines.emit_lookup import lookup
from sdmodel.engines.emit_math import (
    double_logarithm,
    exponential,
    logarithm,
    power,
    uniform,
)
from sdmodel.engines.emit_matrix import INVERT, place_of
from sdmodel.engines.operations import SMALL
from sdmodel.engines.plan import Plan, Stage, constant
from sdmodel.model.expr import Node, NodeId

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdmodel.engines.emit_code import Code

COMPARISONS = {
    "lt": "olt",
    "le": "ole",
    "gt": "ogt",
    "ge": "oge",
    "eq": "oeq",
    "ne": "une",
}
TRUTHS = frozenset({*COMPARISONS, "and", "or", "not"})
SCALAR_CALLS = {
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
}

Derived = tuple[str, NodeId]


class Slots:
    """Where per-run values and values shared between functions are kept.

    ``run`` numbers the plan's per-run values first and then what the code wants of
    them beside (reciprocals, logarithms), ``cross`` what one function of a step leaves
    for the next.
    """

    def __init__(self, plan: Plan) -> None:
        self.run: dict[NodeId, int] = {n: i for i, n in enumerate(plan.run_values)}
        self.derived: dict[Derived, int] = {}
        self.time: dict[NodeId, int] = {n: i for i, n in enumerate(plan.time_values)}
        self.cross: dict[NodeId, int] = {}
        self.matrices: dict[NodeId, int] = {}
        self.divisors = _divisors(plan)

    def derive(self, kind: str, node: NodeId) -> int:
        """Return the slot of a value derived from a per-run value."""
        key = (kind, node)
        if key not in self.derived:
            self.derived[key] = len(self.run) + len(self.derived)
        return self.derived[key]

    def share(self, node: NodeId) -> int:
        """Return the slot in which functions hand over this node; 0 is taken."""
        return self.cross.setdefault(node, len(self.cross) + 1)

    def matrix(self, node: NodeId, size: int) -> int:
        """Return the first of the slots in which an inverse is made, two of it wide."""
        if node not in self.matrices:
            self.matrices[node] = len(self.cross) + 1
            # Numbers that no node has keep these slots from others.
            for slot in range(len(self.cross) + 1, len(self.cross) + 1 + 2 * size**2):
                self.cross[-slot] = slot
        return self.matrices[node]


def _divisors(plan: Plan) -> frozenset[NodeId]:
    """Return the values of a step by which more than one other is divided."""
    count = Counter(
        node.args[1]
        for node, stage in zip(plan.nodes, plan.stages, strict=True)
        if node.op in ("div", "zidz", "xidz") and stage is Stage.STEP
    )
    return frozenset(b for b, many in count.items() if many > 1)


class Body:
    """The values of one function, each computed or loaded once."""

    def __init__(
        self, code: Code, plan: Plan, slots: Slots, *, prologue: bool = False
    ) -> None:
        self.code, self.plan, self.slots = code, plan, slots
        self.prologue = prologue
        self._reals: dict[NodeId, str] = {}
        self._truths: dict[NodeId, str] = {}
        self._derived: dict[Derived, str] = {}
        self._logs: dict[NodeId, tuple[str, str]] = {}
        self._logs2: dict[NodeId, str] = {}
        self._inverses: dict[NodeId, str] = {}

    def compute(self, index: NodeId) -> None:
        """Write the code of a node whose arguments are known or can be loaded."""
        node = self.plan.nodes[index]
        if node.op == "inverse":
            # Its elements stand in the table already: `Module.phase` sees to that.
            at = self.code.address("%cross", self.matrix(index) * self.code.lanes)
            self.code.do(f"call void @{INVERT}(ptr {at}, i64 {int(node.data or 0)})")
        elif node.op in TRUTHS:
            self._truths[index] = self._truth_of(node)
        else:
            self._reals[index] = self._real_of(node)

    def real(self, index: NodeId) -> str:
        """Return a node's value, loading it where this function has not computed it."""
        if index not in self._reals:
            if index in self._truths:
                one, zero = self.code.const(1.0), self.code.const(0.0)
                value = self.code.choose(self._truths[index], one, zero)
            else:
                value = self._load(index)
            self._reals[index] = value
        return self._reals[index]

    def truth(self, index: NodeId) -> str:
        """Return whether a node differs from zero; nan counts as true."""
        if index not in self._truths:
            zero = self.code.const(0.0)
            self._truths[index] = self.code.compare("une", self.real(index), zero)
        return self._truths[index]

    def _load(self, index: NodeId) -> str:
        node, code = self.plan.nodes[index], self.code
        stage = self.plan.stages[index]
        if stage is Stage.CONST:
            return code.const(constant(node))
        if stage is Stage.TIME:
            return code.spread("%row", self.slots.time[index])
        if stage is Stage.RUN and not self.prologue:
            return code.load("%run", self.slots.run[index])
        if node.op == "input":
            return code.load("%slots", int(node.data or 0))
        if node.op == "state":
            return code.load("%src", int(node.data or 0))
        if node.op == "drive":
            return self._drive(int(node.data or 0))
        return code.load("%cross", self.slots.share(index))

    def _drive(self, drive: int) -> str:
        code = self.code
        if not code.target.gather:
            return code.load("%slots", len(self.plan.inputs) + drive)
        at = code.add(
            f"getelementptr inbounds i64, ptr %rows, i64 {drive * code.lanes}"
        )
        row = code.add(f"load {code.whole}, ptr {at}, align 8")
        none = code.add(f"icmp slt {code.whole} {row}, zeroinitializer")
        zero = code.integer(0)
        base = code.add(
            f"select {code.truth} {none}, {code.whole} {zero}, {code.whole} {row}"
        )
        first = code.add(f"insertelement {code.whole} poison, i64 %k, i64 0")
        step = code.add(
            f"shufflevector {code.whole} {first}, {code.whole} poison, "
            f"<{code.lanes} x i32> zeroinitializer"
        )
        where = code.add(
            f"getelementptr double, ptr %pool, {code.whole} "
            f"{code.whole_op('add', base, step)}"
        )
        n = code.lanes
        name = f"@llvm.masked.gather.v{n}f64.v{n}p0"
        code.declarations.add(
            f"declare {code.real} {name}(<{n} x ptr>, i32, {code.truth}, {code.real})"
        )
        value = code.add(
            f"call {code.real} {name}(<{n} x ptr> {where}, i32 8, "
            f"{code.truth} splat (i1 true), {code.real} zeroinitializer)"
        )
        constant = code.load("%slots", len(self.plan.inputs) + drive)
        return code.choose(none, constant, value)

    def derived(self, kind: str, index: NodeId) -> str:
        """Return a reciprocal or a part of a logarithm of a per-run value."""
        key = (kind, index)
        if key not in self._derived:
            slot = self.slots.derive(kind, index)
            self._derived[key] = self.code.load("%run", slot)
        return self._derived[key]

    def write_derived(self, index: NodeId, kind: str) -> None:
        """Compute, in the prologue, what other functions want beside a value."""
        code, derived = self.code, self.slots.derived
        x = self.real(index)
        if kind == "inverse":
            code.store(code.over(code.const(1.0), x), "%dst", derived[kind, index])
        elif kind == "log2":
            code.store(logarithm_of_two(code, x), "%dst", derived[kind, index])
        elif kind == "log":
            high, low = double_logarithm(code, x)
            code.store(high, "%dst", derived[kind, index])
            code.store(low, "%dst", derived["log_low", index])

    def _truth_of(self, node: Node) -> str:
        code = self.code
        if node.op in COMPARISONS:
            a, b = (self.real(n) for n in node.args)
            return code.compare(COMPARISONS[node.op], a, b)
        if node.op == "not":
            return code.logic("xor", self.truth(node.args[0]), "splat (i1 true)")
        return code.logic(node.op, *(self.truth(n) for n in node.args))

    def _real_of(self, node: Node) -> str:
        code = self.code
        if node.op == "if":
            test, a, b = node.args
            return code.choose(self.truth(test), self.real(a), self.real(b))
        if node.op == "lookup":
            table = self.plan.lookups[int(node.data or 0)]
            return lookup(code, table, self.real(node.args[0]))
        if node.op == "part":
            return self._part(node)
        if node.op == "uniform":
            return uniform(code, int(node.data or 0), [self.real(a) for a in node.args])
        if node.op in SCALAR_CALLS:
            return self._each_lane(SCALAR_CALLS[node.op], self.real(node.args[0]))
        return _EMITTERS[node.op](self, *node.args)

    def matrix(self, index: NodeId) -> int:
        """Return where in ``%cross`` the table of an inverse begins."""
        return self.slots.matrix(index, int(self.plan.nodes[index].data or 0))

    def _part(self, node: Node) -> str:
        size = int(self.plan.nodes[node.args[0]].data or 0)
        place = place_of(size, int(node.data or 0)) + size
        return self.code.load("%cross", self.matrix(node.args[0]) + place)

    def _each_lane(self, function: str, x: str) -> str:
        # Rare in models of health systems: the C library, one lane after another.
        code, value = self.code, "poison"
        code.declarations.add(f"declare double @{function}(double)")
        for lane in range(code.lanes):
            one = code.add(f"extractelement {code.real} {x}, i64 {lane}")
            one = code.add(f"call double @{function}(double {one})")
            value = code.add(
                f"insertelement {code.real} {value}, double {one}, i64 {lane}"
            )
        return value

    @property
    def _inverted(self) -> bool:
        return self.code.target.fma or self.code.target.brief

    def divide(self, a: NodeId, b: NodeId) -> str:
        """Return a / b, rounded once; by way of 1/b where that is known beforehand."""
        code, known = self.code, self.plan.stages[b]
        x, y = self.real(a), self.real(b)
        if known is Stage.CONST:
            value = constant(self.plan.nodes[b])
            exact = value != 0.0 and math.isfinite(value)
            if (
                exact
                and abs(math.frexp(value)[0]) == 0.5
                and 1e-300 < abs(value) < 1e300
            ):
                return code.times(x, code.const(1.0 / value))
            sane = exact and 1e-300 < abs(value) < 1e300
            if not (sane and self._inverted):
                return code.over(x, y)
            inverse = code.const(1.0 / value)
        elif known is Stage.RUN and not self.prologue and self._inverted:
            inverse = self.derived("inverse", b)
        elif code.target.brief and b in self.slots.divisors:
            if b not in self._inverses:
                self._inverses[b] = code.over(code.const(1.0), y)
            inverse = self._inverses[b]
        else:
            return code.over(x, y)
        if code.target.brief:
            return code.times(x, inverse)
        # Markstein (1990), IBM J. Res. Dev. 34(1): one correction of a·(1/b) rounds
        # as division does. Where infinities make it nan, the product is the quotient.
        quotient = code.times(x, inverse)
        rest = code.fused(code.negate(quotient), y, x)
        better = code.fused(rest, inverse, quotient)
        return code.choose(code.compare("uno", better, better), quotient, better)

    def exponential(self, x: NodeId) -> str:
        """Return exp(x)."""
        brief = self.code.target.brief
        return (brief_exponential if brief else exponential)(self.code, self.real(x))

    def raise_to(self, x: NodeId, y: NodeId) -> str:
        """Return x^y; small whole powers by multiplication, ½ by the root."""
        code = self.code
        exponent = self.plan.nodes[y]
        known = constant(exponent) if exponent.op == "const" else None
        if known == 2.0:
            return code.times(self.real(x), self.real(x))
        if known == 3.0:
            square = code.times(self.real(x), self.real(x))
            return code.times(square, self.real(x))
        if known == -1.0:
            return code.over(code.const(1.0), self.real(x))
        if known == 0.0:
            return code.const(1.0)
        known_before = self.plan.stages[x] is Stage.RUN and not self.prologue
        if code.target.brief:
            if known_before:
                log2 = self.derived("log2", x)
            else:
                if x not in self._logs2:
                    self._logs2[x] = logarithm_of_two(code, self.real(x))
                log2 = self._logs2[x]
            return brief_power(code, self.real(x), self.real(y), log2)
        if known_before:
            log = self.derived("log", x), self.derived("log_low", x)
        else:
            # Several powers of one base share its logarithm, half of their cost.
            if x not in self._logs:
                self._logs[x] = double_logarithm(code, self.real(x))
            log = self._logs[x]
        return power(code, self.real(x), self.real(y), log, known)

    def smaller(self, how: str, a: NodeId, b: NodeId) -> str:
        """Return the minimum ("olt") or maximum ("ogt"), nan if either is."""
        code = self.code
        if self.plan.stages[b] is Stage.CONST:
            a, b = b, a
        x, y = self.real(a), self.real(b)
        # Where the comparison fails for nan the second is chosen: right if it is y.
        value = code.choose(code.compare(how, x, y), x, y)
        if self.plan.stages[a] is Stage.CONST:
            known = constant(self.plan.nodes[a])
            return x if math.isnan(known) else value
        return code.choose(code.compare("uno", x, x), x, value)

    def guarded(self, a: NodeId, b: NodeId, otherwise: str) -> str:
        """Return a / b, or ``otherwise`` where b is as good as zero."""
        code = self.code
        size = code.call("llvm.fabs", self.real(b))
        zero = code.compare("olt", size, code.const(SMALL))
        return code.choose(zero, otherwise, self.divide(a, b))

    def modulo(self, x: NodeId, m: NodeId) -> str:
        """Return x - m · trunc(x / m), or 0 where m is as good as zero."""
        code = self.code
        whole = code.call("llvm.trunc", code.over(self.real(x), self.real(m)))
        part = code.times(self.real(m), whole)
        small = code.compare("olt", self.real(m), code.const(SMALL))
        return code.minus(self.real(x), code.choose(small, self.real(x), part))


_EMITTERS: dict[str, Callable[..., str]] = {
    "add": lambda b, x, y: b.code.plus(b.real(x), b.real(y)),
    "sub": lambda b, x, y: b.code.minus(b.real(x), b.real(y)),
    "mul": lambda b, x, y: b.code.times(b.real(x), b.real(y)),
    "div": Body.divide,
    "pow": Body.raise_to,
    "neg": lambda b, x: b.code.negate(b.real(x)),
    "min": lambda b, x, y: b.smaller("olt", x, y),
    "max": lambda b, x, y: b.smaller("ogt", x, y),
    "exp": lambda b, x: b.exponential(x),
    "ln": lambda b, x: logarithm(b.code, b.real(x)),
    "sqrt": lambda b, x: b.code.call("llvm.sqrt", b.real(x)),
    "abs": lambda b, x: b.code.call("llvm.fabs", b.real(x)),
    "integer": lambda b, x: b.code.call("llvm.trunc", b.real(x)),
    "modulo": Body.modulo,
    "zidz": lambda b, x, y: b.guarded(x, y, b.code.const(0.0)),
    "xidz": lambda b, x, y, z: b.guarded(x, y, b.real(z)),
}

EMITTED = frozenset(
    {*_EMITTERS, *TRUTHS, *SCALAR_CALLS, "if", "lookup", "uniform", "inverse", "part"}
)
