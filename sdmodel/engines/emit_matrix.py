"""The inverse of a matrix as loops, since written out it would be 4 n³ operations.

Each lane is a run with pivots of its own: rows are exchanged by choices, not by jumps.
The steps are those of ``operations.inverse``, in its order, so that bits agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdmodel.engines.emit_code import Code

INVERT = "invert"
"""Inverts the left half of a table of n rows and 2n columns into its right half."""


def place_of(size: int, place: int) -> int:
    """Return where an element of a matrix stands in its table, row by row."""
    row, column = divmod(place, size)
    return 2 * size * row + column


def helper(code: Code) -> str:
    """Write the function that inverts a table."""
    loops = _Loops(code)
    two, zero, one = loops.add("add i64 %n, %n"), code.const(0.0), code.const(1.0)

    def unit(i: str) -> None:
        def column(j: str) -> None:
            same = loops.add(f"icmp eq i64 {i}, {j}")
            value = loops.add(
                f"select i1 {same}, {code.real} {one}, {code.real} {zero}"
            )
            loops.store(value, loops.at(i, two, loops.add(f"add i64 {j}, %n")))

        loops.over("0", "%n", column)

    def forward(k: str) -> None:
        below = loops.add(f"add i64 {k}, 1")

        def exchange(i: str) -> None:
            upper = code.call("llvm.fabs", loops.load(loops.at(k, two, k)))
            lower = code.call("llvm.fabs", loops.load(loops.at(i, two, k)))
            larger = code.compare("ogt", lower, upper)

            def both(j: str) -> None:
                p, q = loops.at(k, two, j), loops.at(i, two, j)
                a, b = loops.load(p), loops.load(q)
                loops.store(code.choose(larger, b, a), p)
                loops.store(code.choose(larger, a, b), q)

            loops.over(k, two, both)

        def eliminate(i: str) -> None:
            pivot = loops.load(loops.at(k, two, k))
            factor = code.over(loops.load(loops.at(i, two, k)), pivot)
            loops.over(below, two, lambda j: loops.subtract(factor, i, k, j, two))

        loops.over(below, "%n", exchange)
        loops.over(below, "%n", eliminate)

    def backward(up: str) -> None:
        below = loops.add(f"sub i64 %n, {up}")
        k = loops.add(f"sub i64 {below}, 1")

        def row(i: str) -> None:
            factor = loops.load(loops.at(k, two, i))
            loops.over("%n", two, lambda j: loops.subtract(factor, k, i, j, two))

        def scale(j: str) -> None:
            place = loops.at(k, two, j)
            pivot = loops.load(loops.at(k, two, k))
            loops.store(code.over(loops.load(place), pivot), place)

        loops.over(below, "%n", row)
        loops.over("%n", two, scale)

    loops.over("0", "%n", unit)
    loops.over("0", "%n", forward)
    loops.over("0", "%n", backward)
    lines = "\n".join(code.lines)
    head = f"define internal void @{INVERT}(ptr noalias %t, i64 %n) #0"
    return f"{head} {{\nentry:\n{lines}\n  ret void\n}}"


class _Loops:
    """Writes loops over the entries of the table ``%t``."""

    def __init__(self, code: Code) -> None:
        self.code, self.add = code, code.add
        self.block, self.count = "entry", 0

    def over(self, first: str, end: str, body: Callable[[str], None]) -> None:
        """Write a loop of an index from ``first`` up to below ``end``."""
        number = self.count
        self.count += 1
        test, inside, after = (f"{what}{number}" for what in ("test", "in", "after"))
        index, more, next_ = f"%i{number}", f"%more{number}", f"%next{number}"
        code, before = self.code, self.block
        code.do(f"br label %{test}")
        code.lines.append(f"{test}:")
        entry = len(code.lines)
        code.do(f"{more} = icmp ult i64 {index}, {end}")
        code.do(f"br i1 {more}, label %{inside}, label %{after}")
        code.lines.append(f"{inside}:")
        self.block = inside
        body(index)
        code.do(f"{next_} = add i64 {index}, 1")
        code.do(f"br label %{test}")
        code.lines.insert(
            entry,
            f"  {index} = phi i64 [ {first}, %{before} ], [ {next_}, %{self.block} ]",
        )
        code.lines.append(f"{after}:")
        self.block = after

    def at(self, row: str, width: str, column: str) -> str:
        """Return the address of an entry."""
        start = self.add(f"mul i64 {row}, {width}")
        place = self.add(f"add i64 {start}, {column}")
        return self.add(f"getelementptr inbounds {self.code.real}, ptr %t, i64 {place}")

    def load(self, place: str) -> str:
        """Return an entry."""
        align = 8 * self.code.lanes
        return self.add(f"load {self.code.real}, ptr {place}, align {align}")

    def store(self, value: str, place: str) -> None:
        """Write an entry."""
        align = 8 * self.code.lanes
        self.code.do(f"store {self.code.real} {value}, ptr {place}, align {align}")

    def subtract(self, factor: str, i: str, k: str, j: str, width: str) -> None:
        """Take ``factor`` times row k from row i, in column j."""
        place = self.at(i, width, j)
        part = self.code.times(factor, self.load(self.at(k, width, j)))
        self.store(self.code.minus(self.load(place), part), place)
