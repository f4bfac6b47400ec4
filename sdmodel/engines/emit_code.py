"""A writer of LLVM IR text: one line an instruction, on vectors of runs."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdmodel.engines.target import Target

INTRINSICS = {
    "llvm.x86.avx512.permvar.df.512": (
        "declare <8 x double> @llvm.x86.avx512.permvar.df.512(<8 x double>, <8 x i64>)"
    ),
    "llvm.x86.avx512.vpermi2var.pd.512": (
        "declare <8 x double> @llvm.x86.avx512.vpermi2var.pd.512"
        "(<8 x double>, <8 x i64>, <8 x double>)"
    ),
    "llvm.x86.avx512.mask.scalef.pd.512": (
        "declare <8 x double> @llvm.x86.avx512.mask.scalef.pd.512"
        "(<8 x double>, <8 x double>, <8 x double>, i8, i32)"
    ),
}


def double(value: float) -> str:
    """Write a double as LLVM reads it without rounding."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


class Code:
    """The instructions of one function, and the declarations that they need."""

    def __init__(self, target: Target, declarations: set[str]) -> None:
        self.target = target
        self.lanes = target.lanes
        self.real = f"<{self.lanes} x double>"
        self.whole = f"<{self.lanes} x i64>"
        self.truth = f"<{self.lanes} x i1>"
        self.lines: list[str] = []
        self.declarations = declarations
        self._count = 0
        self.block = "0"  # the one that instructions are added to

    def add(self, instruction: str) -> str:
        """Append an instruction and return the name of its value."""
        name = f"%v{self._count}"
        self._count += 1
        self.lines.append(f"  {name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        """Append an instruction without a value."""
        self.lines.append(f"  {instruction}")

    # Constants

    def const(self, value: float) -> str:
        """Return a vector with ``value`` in every lane."""
        return f"splat (double {double(value)})"

    def integer(self, value: int) -> str:
        """Return an integer vector with ``value`` in every lane."""
        return f"splat (i64 {value})"

    def table(self, values: list[float]) -> str:
        """Return a vector of different constants."""
        return "<" + ", ".join(f"double {double(v)}" for v in values) + ">"

    # Arithmetic

    def binary(self, op: str, a: str, b: str) -> str:
        """Return ``a op b`` for fadd, fsub, fmul or fdiv."""
        return self.add(f"{op} {self.real} {a}, {b}")

    def plus(self, a: str, b: str) -> str:
        """Return a + b."""
        return self.binary("fadd", a, b)

    def minus(self, a: str, b: str) -> str:
        """Return a - b."""
        return self.binary("fsub", a, b)

    def times(self, a: str, b: str) -> str:
        """Return a · b."""
        return self.binary("fmul", a, b)

    def over(self, a: str, b: str) -> str:
        """Return a / b."""
        return self.binary("fdiv", a, b)

    def negate(self, a: str) -> str:
        """Return -a."""
        return self.add(f"fneg {self.real} {a}")

    def fused(self, a: str, b: str, c: str) -> str:
        """Return a · b + c, rounded once where the processor can."""
        if self.target.fma:
            return self.call("llvm.fma", a, b, c)
        return self.plus(self.times(a, b), c)

    def product(self, a: str, b: str) -> tuple[str, str]:
        """Return a · b and its rounding error."""
        high = self.times(a, b)
        if self.target.fma:
            return high, self.fused(a, b, self.negate(high))
        a1, a2 = self._split(a)
        b1, b2 = self._split(b)
        low = self.minus(self.times(a1, b1), high)
        low = self.plus(low, self.times(a1, b2))
        low = self.plus(low, self.times(a2, b1))
        return high, self.plus(low, self.times(a2, b2))

    def _split(self, a: str) -> tuple[str, str]:
        # Dekker (1971), Numerische Mathematik 18: halves that multiply exactly.
        big = self.times(a, self.const(134217729.0))
        high = self.minus(big, self.minus(big, a))
        return high, self.minus(a, high)

    def call(self, name: str, *args: str) -> str:
        """Return an LLVM intrinsic on whole vectors."""
        full = f"{name}.v{self.lanes}f64"
        kinds = ", ".join([self.real] * len(args))
        self.declarations.add(f"declare {self.real} @{full}({kinds})")
        given = ", ".join(f"{self.real} {a}" for a in args)
        return self.add(f"call {self.real} @{full}({given})")

    def wide(self, name: str, *args: str) -> str:
        """Return one of AVX-512's own instructions; ``args`` carry their types."""
        self.declarations.add(INTRINSICS[name])
        return self.add(f"call <8 x double> @{name}({', '.join(args)})")

    # Truth

    def compare(self, how: str, a: str, b: str) -> str:
        """Return the truth of a comparison (olt, oge, uno, …)."""
        return self.add(f"fcmp {how} {self.real} {a}, {b}")

    def logic(self, op: str, a: str, b: str) -> str:
        """Return ``and``, ``or`` or ``xor`` of two truths."""
        return self.add(f"{op} {self.truth} {a}, {b}")

    def choose(self, truth: str, a: str, b: str) -> str:
        """Return a where true, else b."""
        return self.add(
            f"select {self.truth} {truth}, {self.real} {a}, {self.real} {b}"
        )

    def unless(self, usual: str, value: str, function: str, *args: str) -> str:
        """Return a value where all lanes are usual, else what a function makes of args.

        The function gives every lane its due; it is called seldom.
        """
        name = f"llvm.vector.reduce.and.v{self.lanes}i1"
        self.declarations.add(f"declare i1 @{name}({self.truth})")
        every = self.add(f"call i1 @{name}({self.truth} {usual})")
        before, seldom, after = self.block, f"seldom{every[1:]}", f"after{every[1:]}"
        self.do(f"br i1 {every}, label %{after}, label %{seldom}")
        self.lines.append(f"{seldom}:")
        given = ", ".join(f"{self.real} {a}" for a in args)
        other = self.add(f"call {self.real} @{function}({given})")
        self.do(f"br label %{after}")
        self.lines.append(f"{after}:")
        self.block = after
        return self.add(
            f"phi {self.real} [ {value}, %{before} ], [ {other}, %{seldom} ]"
        )

    def at_least(self, bound: float, a: str) -> str:
        """Return max(bound, a); nan stays nan."""
        limit = self.const(bound)
        return self.choose(self.compare("ogt", limit, a), limit, a)

    def at_most(self, bound: float, a: str) -> str:
        """Return min(bound, a); nan stays nan."""
        limit = self.const(bound)
        return self.choose(self.compare("olt", limit, a), limit, a)

    # Integers

    def bits(self, a: str) -> str:
        """Return the bits of doubles as integers."""
        return self.add(f"bitcast {self.real} {a} to {self.whole}")

    def real_of(self, a: str) -> str:
        """Return the doubles with these bits."""
        return self.add(f"bitcast {self.whole} {a} to {self.real}")

    def shift(self, op: str, a: str, by: int) -> str:
        """Return ``shl``, ``lshr`` or ``ashr`` by a constant."""
        return self.add(f"{op} {self.whole} {a}, {self.integer(by)}")

    def whole_op(self, op: str, a: str, b: str) -> str:
        """Return ``add``, ``sub``, ``and``, ``or`` of integers."""
        return self.add(f"{op} {self.whole} {a}, {b}")

    # Memory

    def load(self, base: str, index: int) -> str:
        """Return vector ``index`` of an array of vectors."""
        at = self.address(base, index * self.lanes)
        return self.add(f"load {self.real}, ptr {at}, align {8 * self.lanes}")

    def store(self, value: str, base: str, index: int) -> None:
        """Write vector ``index`` of an array of vectors."""
        at = self.address(base, index * self.lanes)
        self.do(f"store {self.real} {value}, ptr {at}, align {8 * self.lanes}")

    def address(self, base: str, index: int) -> str:
        """Return the address of a double in an array."""
        return self.add(f"getelementptr inbounds double, ptr {base}, i64 {index}")

    def spread(self, base: str, index: int) -> str:
        """Return a vector with entry ``index`` of an array in every lane."""
        one = self.add(f"load double, ptr {self.address(base, index)}, align 8")
        first = self.add(f"insertelement {self.real} poison, double {one}, i64 0")
        zeros = f"<{self.lanes} x i32> zeroinitializer"
        return self.add(
            f"shufflevector {self.real} {first}, {self.real} poison, {zeros}"
        )
