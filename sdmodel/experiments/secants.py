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

    Ends = NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]


def slopes(
    node: Node, model: Model, values: Sequence[Ends]
) -> tuple[NDArray[np.float64], ...]:
    """Return the secant slope of an operation in each argument, (step,).

    Parameters
    ----------
    node
        An operation with arguments.
    model
        Holds its tables.
    values
        Each argument in the first run and in the second, (step,) or what broadcasts
        with it: of several runs beside the first, (run, step).

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


def _known(op: str, values: Sequence[Ends]) -> tuple[NDArray[np.float64], ...] | None:
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
    """Secant slopes between a run and others, through whole equations.

    Nothing is asked of the steps before ``first``, the last at which all runs still
    agree. Slopes have dims (other run, step), or what broadcasts to them.
    """

    def __init__(self, web: Web, runs: Courses) -> None:
        self.web, self.runs = web, runs
        self.first = self._first()
        self._parents: dict[str, dict[str, NDArray[np.float64]]] = {}

    def _first(self) -> int:
        # Constants, and what is made of them, differ all the time; nothing answers
        # before the first of all others does.
        answers = [len(self.runs.times)]
        for node in self.web.owner:
            value = self.runs.nodes[node]
            if value.shape[0] > 1 and value.shape[1] > 1:
                differ = (value[1:] != value[0]).any(axis=0)
                if differ.any():
                    answers.append(int(np.argmax(differ)))
        return max(min(answers) - 1, 0)

    def _ends(self, node: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return a node in the first run and in the others, from ``first`` on."""
        value = self.runs.nodes[node]
        value = value if value.shape[1] == 1 else value[:, self.first :]
        return (value, value) if value.shape[0] == 1 else (value[:1], value[1:])

    def _of(self, node: int) -> tuple[NDArray[np.float64], ...]:
        what = self.web.model.nodes[node]
        with np.errstate(all="ignore"):
            return slopes(what, self.web.model, [self._ends(a) for a in what.args])

    def through(
        self, body: Sequence[int], root: int, ends: Collection[int]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the slope of ``root`` in each element whose node its body meets.

        ``body`` is ascending; nodes of ``ends`` are not followed further.
        """
        worth: dict[int, NDArray[np.float64]] = {root: np.ones((1, 1))}
        found: dict[str, NDArray[np.float64]] = {}
        for node in reversed(body):
            if node not in worth:
                continue
            if node in ends:
                found[self.web.owner[node]] = worth[node]
                continue
            args = self.web.model.nodes[node].args
            for arg, slope in zip(args, self._of(node) if args else (), strict=True):
                if slope.any():
                    add = worth[node] * slope
                    worth[arg] = worth[arg] + add if arg in worth else add
        return found

    def parents(self, name: str) -> dict[str, NDArray[np.float64]]:
        """Return the slope of an element's equation in each element that it reads."""
        if name not in self._parents:
            root, body = self.web.equation(name), self.web.body(name)
            own = None if self.web.is_state(name) else root
            ends = {n for n in body if n in self.web.owner and n != own}
            self._parents[name] = self.through(body, root, ends)
        return self._parents[name]
