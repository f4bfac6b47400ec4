"""Operations and equations as secants through two runs, by Shapley's value."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.plan import apply

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from sdmodel.experiments.courses import Courses
    from sdmodel.model.core import Model
    from sdmodel.model.expr import Node
    from sdmodel.model.web import Web


def slopes(
    node: Node, model: Model, values: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], ...]:
    """Return the secant slope of an operation in each argument, (step,).

    Parameters
    ----------
    node
        An operation with arguments.
    model
        Holds its tables.
    values
        Each argument in both runs, (2, step) or what broadcasts to it.

    Returns
    -------
    tuple of NDArray
        The slopes times the changes of the arguments add to the change of the value;
        zero where an argument does not change.
    """
    n = len(values)
    moves = [bool(np.any(v[-1] != v[0])) for v in values]
    known = _known(node.op, values)
    if known is not None:
        return tuple(s if m else np.zeros(1) for s, m in zip(known, moves, strict=True))
    ends = [(v[0], v[-1]) for v in values]
    memo: dict[tuple[int, ...], NDArray[np.float64]] = {}

    def at(which: tuple[int, ...]) -> NDArray[np.float64]:
        if which not in memo:
            args = [ends[i][w] for i, w in enumerate(which)]
            memo[which] = np.asarray(apply(node, args, model.lookups))
        return memo[which]

    found = []
    for i in range(n):
        change = ends[i][1] - ends[i][0]
        if not moves[i]:
            found.append(np.zeros(1))
            continue
        others = [j for j in range(n) if j != i]
        total = np.zeros(1)
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - 1 - size)
            for inside in itertools.combinations(others, size):
                base = [1 if j in inside else 0 for j in range(n)]
                low = at(tuple(base))
                base[i] = 1
                total = total + weight * (at(tuple(base)) - low)
        share = total / math.factorial(n)
        found.append(np.where(change != 0, share / np.where(change != 0, change, 1), 0))
    return tuple(found)


def _known(
    op: str, values: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], ...] | None:
    """Return what Shapley's value comes to for the commonest operations."""
    one = np.ones(1)
    if op == "add":
        return one, one
    if op == "sub":
        return one, -one
    if op == "neg":
        return (-one,)
    if op == "mul":
        (a0, a1), (b0, b1) = ((v[0], v[-1]) for v in values)
        return (b0 + b1) / 2, (a0 + a1) / 2
    if op == "div":
        (a0, a1), (b0, b1) = ((v[0], v[-1]) for v in values)
        return (1 / b0 + 1 / b1) / 2, -(a0 + a1) / (2 * b0 * b1)
    return None


class Secants:
    """Secant slopes between two runs, of operations and through whole equations."""

    def __init__(self, web: Web, both: Courses, first: int) -> None:
        self.web, self.both, self.first = web, both, first
        self._slopes: dict[int, tuple[NDArray[np.float64], ...]] = {}

    def ends(self, node: int) -> NDArray[np.float64]:
        """Return a node in both runs from the first change on, (2, step) or (2, 1)."""
        value = self.both.nodes[node]
        return value if value.shape[1] == 1 else value[:, self.first :]

    def of(self, node: int) -> tuple[NDArray[np.float64], ...]:
        """Return the slopes of one operation, each (step,) or (1,)."""
        if node not in self._slopes:
            what = self.web.model.nodes[node]
            values = [self.ends(a) for a in what.args]
            with np.errstate(all="ignore"):
                self._slopes[node] = slopes(what, self.web.model, values)
        return self._slopes[node]

    def through(
        self, body: Sequence[int], root: int, ends: Collection[int]
    ) -> dict[int, NDArray[np.float64]]:
        """Return the slope of ``root`` in each node of ``ends`` that its body meets.

        ``body`` is ascending; nodes of ``ends`` are not followed further.
        """
        worth: dict[int, NDArray[np.float64]] = {root: np.ones(1)}
        found: dict[int, NDArray[np.float64]] = {}
        for node in reversed(body):
            if node not in worth:
                continue
            if node in ends:
                found[node] = worth[node]
                continue
            for arg, slope in zip(
                self.web.model.nodes[node].args,
                self.of(node) if self.web.model.nodes[node].args else (),
                strict=True,
            ):
                if slope.any():
                    add = worth[node] * slope
                    worth[arg] = worth[arg] + add if arg in worth else add
        return found
