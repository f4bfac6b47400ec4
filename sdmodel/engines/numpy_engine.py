"""The readable engine: the plan evaluated with NumPy, vectorised over runs.

Slow and plain on purpose: it is what the compiled engine is read against, and what
takes over where llvmlite has no wheel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.batch import Batch, Raw
from sdmodel.engines.plan import Plan, Stage, apply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from sdmodel.engines.base import Progress
    from sdmodel.engines.operations import Value
    from sdmodel.model.expr import NodeId

# Runs at a time: few enough that a model's values stay in the processor's cache.
BLOCK = 2048


def run_numpy(plan: Plan, batch: Batch, progress: Progress | None = None) -> Raw:
    """Simulate every run of ``batch``."""
    shape = (batch.runs, len(batch.save_steps), len(plan.names))
    raw = Raw(
        values=np.empty(shape),
        bad_step=np.full(batch.runs, -1, dtype=np.int64),
        bad_index=np.zeros(batch.runs, dtype=np.int64),
    )
    table = plan.time_table(batch.steps)
    with np.errstate(all="ignore"):
        for first in range(0, batch.runs, BLOCK):
            last = min(first + BLOCK, batch.runs)
            _Block(plan, batch, table, first, last).simulate(raw)
            if progress is not None:
                progress(last, batch.runs)
    return raw


class _Block:
    """Some runs in step with one another."""

    def __init__(
        self,
        plan: Plan,
        batch: Batch,
        table: NDArray[np.float64],
        first: int,
        last: int,
    ) -> None:
        self.plan, self.batch, self.table = plan, batch, table
        self.first, self.last = first, last
        self.slots = batch.slots(first, last)
        self.rows = batch.rows[:, first:last]
        self.state: list[NDArray[np.float64]] = []
        self.fixed: dict[NodeId, Value] = {}
        self.fixed = self.evaluate(plan.run_values, 0, (Stage.CONST, Stage.RUN))
        self.columns = {node: i for i, node in enumerate(plan.time_values)}
        self.orders = {
            roots: plan.reach(roots, (Stage.CONST, Stage.STEP))
            for roots in (plan.initial_roots, plan.step_roots, plan.saved)
        }

    def evaluate(
        self, roots: Iterable[NodeId], step: int, among: tuple[Stage, ...]
    ) -> dict[NodeId, Value]:
        """Return the values of ``roots`` and of all below them."""
        return self._walk(self.plan.reach(roots, among), step, {})

    def _walk(
        self, order: list[NodeId], step: int, values: dict[NodeId, Value]
    ) -> dict[NodeId, Value]:
        for index in order:
            node = self.plan.nodes[index]
            if node.op == "input":
                value = self.slots[int(node.data or 0)]
            elif node.op == "state":
                value = self.state[int(node.data or 0)]
            elif node.op == "drive":
                value = self._drive(int(node.data or 0), step)
            else:
                value = apply(node, [values[a] for a in node.args], self.plan.lookups)
            values[index] = value
        return values

    def _drive(self, drive: int, step: int) -> Value:
        constant = self.slots[len(self.plan.inputs) + drive]
        rows = self.rows[drive]
        return np.where(rows < 0, constant, self.batch.pool[rows, step])

    def at(self, roots: tuple[NodeId, ...], step: int) -> list[NDArray[np.float64]]:
        """Return the values of ``roots`` at a step, each (run,)."""
        values = dict(self.fixed)
        for node, column in self.columns.items():
            values[node] = self.table[step, column]
        self._walk(self.orders[roots], step, values)
        shape = (self.last - self.first,)
        return [np.broadcast_to(values[root], shape) for root in roots]

    def simulate(self, raw: Raw) -> None:
        """Step through time, filling this block's part of ``raw``."""
        plan, dt = self.plan, self.plan.time.step
        self.state = self.at(plan.initial_roots, 0)
        saved = {int(k): i for i, k in enumerate(self.batch.save_steps)}
        for step in range(self.batch.steps + 1):
            self._flag(raw, self.state, step, 0)
            if step in saved:
                values = self.at(plan.saved, step)
                for column, value in enumerate(values):
                    raw.values[self.first : self.last, saved[step], column] = value
                self._flag(raw, values, step, len(plan.states))
            if step < self.batch.steps:
                updates = self.at(plan.step_roots, step)
                self.state = [
                    update if state.assign else old + dt * update
                    for state, old, update in zip(
                        plan.states, self.state, updates, strict=True
                    )
                ]

    def _flag(
        self, raw: Raw, values: list[NDArray[np.float64]], step: int, base: int
    ) -> None:
        bad_step = raw.bad_step[self.first : self.last]
        bad_index = raw.bad_index[self.first : self.last]
        for i, value in enumerate(values):
            new = ~np.isfinite(value) & (bad_step < 0)
            bad_step[new] = step
            bad_index[new] = base + i
