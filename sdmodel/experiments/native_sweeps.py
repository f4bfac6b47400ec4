"""The sweeps of `differences.Differences` in native code, a step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.sweep import WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdmodel.engines.sweep import Sweeps
    from sdmodel.experiments.differences import Differences


def sweep_natively(system: Differences, loops: Sweeps) -> None:
    """Fill ``carried``, ``direct`` and ``brought`` of an arranged system."""
    sweep = _Sweep(system, loops)
    sweep.forwards()
    sweep.backwards()


class _Sweep:
    """One system on its way through time.

    Rows are the elements and then, once more, the states: what their updates read from
    and what their next values are worth. Links stand in the order of their readers,
    those of states last.
    """

    def __init__(self, system: Differences, loops: Sweeps) -> None:
        self.system, self.loops = system, loops
        self.count, self.steps = system.change.shape
        readers = [*system.others, *system.states]
        place = {reader: i for i, reader in enumerate(readers)}
        row = {s: self.count + i for i, s in enumerate(system.states)}
        order = sorted(range(len(system.pairs)), key=lambda n: place[self._reader(n)])
        self.order = np.array(order, dtype=np.int64)
        self.read = system.pairs[self.order, 0].astype(np.int64)
        self.reader = np.array(
            [row.get(r, r) for r in system.pairs[self.order, 1].tolist()],
            dtype=np.int64,
        )
        known = set(system.states)
        self.plain = sum(r not in known for r in system.pairs[:, 1].tolist())
        self.slope = np.ascontiguousarray(system.slope[self.order].T)

    def _reader(self, link: int) -> int:
        return int(self.system.pairs[link, 1])

    def forwards(self) -> None:
        """Split every change over the levers: ``split`` (step, element, lever)."""
        system, count = self.system, self.count
        states, levers = system.states, system.levers
        values = np.zeros((count + len(states), _wide(len(levers))))
        self.split = np.zeros((self.steps, count, values.shape[1]))
        lanes = np.arange(len(levers))
        state = np.zeros((len(states), values.shape[1]))
        if system.at_start:
            values[levers, lanes] = system.change[levers, 0]
            self._spread(values, 0, self.plain)  # what is known before any state is
            for i, starts in system.at_start.items():
                for name, slope in starts.items():
                    known = values[system.index[name]]
                    state[states.index(i)] += slope[0] * known
        for step in range(self.steps):
            values[:] = 0.0
            values[levers, lanes] = system.change[levers, step]
            values[states] = state
            self._spread(values, step, len(self.read))
            self.split[step] = values[:count]
            state = system.keep * state + system.gain * values[count:]

    def _spread(self, values: NDArray[np.float64], step: int, links: int) -> None:
        self.loops.spread(
            self.read[:links], self.reader[:links], self.slope[step, :links], values
        )

    def backwards(self) -> None:
        """Gather what each link carries, from the last step to the first."""
        system, count = self.system, self.count
        states, levers, keys = system.states, system.levers, len(system.keys)
        width, parts = _wide(keys), len(levers)
        reader = np.ascontiguousarray(self.reader[::-1])
        read = np.ascontiguousarray(self.read[::-1])
        slope = np.ascontiguousarray(self.slope[:, ::-1])
        carried = np.zeros((len(read), max(parts, 1), width))
        brought = np.zeros((parts, width))
        values = np.zeros((count + len(states), width))
        later = np.zeros((len(states), width))
        rows, columns, ends = self._ends()

        def gather(step: int, first: int) -> None:
            self.loops.gather(
                reader[first:],
                read[first:],
                slope[step, first:],
                values,
                self.split[step],
                carried[first:],
            )

        for step in range(self.steps - 1, -1, -1):
            values[:] = 0.0
            values[rows, columns] = ends[step]
            values[count:] = system.gain * later
            gather(step, 0)
            # A state is worth what it brings now, and what is left of it later.
            later = system.keep * later + values[states]
            values[states] = later
            brought += system.change[levers, step][:, None] * values[levers]
        if system.at_start:
            self._seed(values)
            gather(0, len(read) - self.plain)
            brought += system.change[levers, 0][:, None] * values[levers]
        found = np.empty((len(read), keys, parts))
        found[self.order[::-1]] = carried[:, :parts, :keys].transpose(0, 2, 1)
        system.carried = found
        system.brought = brought[:, :keys]
        system.direct = np.zeros((count, keys, parts))
        for row, column, worth in zip(rows, columns, ends.T, strict=True):
            system.direct[row, column] = worth @ self.split[:, row, :parts]

    def _ends(
        self,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return what outcomes read: elements, outcomes and weights (step, end)."""
        system = self.system
        found = [
            (i, column, system.weights[:, column] * slope)
            for column, ends in enumerate(system.ends)
            for i, slope in ends.items()
        ]
        rows = np.array([i for i, _, _ in found], dtype=np.int64)
        columns = np.array([column for _, column, _ in found], dtype=np.int64)
        worth = np.array([w for _, _, w in found]).reshape(len(found), self.steps)
        return rows, columns, np.ascontiguousarray(worth.T)

    def _seed(self, values: NDArray[np.float64]) -> None:
        """Leave in ``values`` what initial states are worth to what made them."""
        system = self.system
        worth = values.copy()
        values[:] = 0.0
        for i, starts in system.at_start.items():
            for name, slope in starts.items():
                values[system.index[name]] += worth[i] * slope[0]


def _wide(columns: int) -> int:
    return -(-max(columns, 1) // WIDTH) * WIDTH
