"""One question to an engine, laid out as the arrays that engines read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sdmodel.engines.plan import Plan
    from sdmodel.model.core import Model
    from sdmodel.study.design import Inputs, Schedule


@dataclass(frozen=True)
class Batch:
    """The runs of one call.

    ``defaults`` holds the model's value of each slot: the plan's inputs, then the
    constants that its drives fall back on where a run has no schedule. ``columns``
    are the (slot, column of ``values``) pairs that runs set themselves. ``pool`` has
    one row of values per distinct schedule, (schedule, step); ``rows`` (drive, run)
    says which one a run follows, -1 for none. ``save_steps`` ascend.
    """

    runs: int
    values: NDArray[np.float64]
    defaults: NDArray[np.float64]
    columns: tuple[tuple[int, int], ...]
    pool: NDArray[np.float64]
    rows: NDArray[np.int64]
    save_steps: NDArray[np.int64]

    @property
    def steps(self) -> int:
        """Index of the last step that must be reached."""
        return int(self.save_steps[-1]) if len(self.save_steps) else 0

    def slots(self, first: int, last: int) -> NDArray[np.float64]:
        """Return the slots of runs ``first`` to ``last - 1``, (slot, run)."""
        block = np.empty((len(self.defaults), last - first))
        block[:] = self.defaults[:, None]
        for slot, column in self.columns:
            block[slot] = self.values[first:last, column]
        return block


@dataclass(frozen=True)
class Raw:
    """What an engine computed: values (run, time, name), and where a run went bad.

    ``bad_step`` (run,) is -1 for a good run; ``bad_index`` counts the plan's states,
    then its saved scalars.
    """

    values: NDArray[np.float64]
    bad_step: NDArray[np.int64]
    bad_index: NDArray[np.int64]


def make_batch(
    model: Model,
    plan: Plan,
    inputs: Inputs,
    schedules: Mapping[int, tuple[Schedule | None, ...]],
    save_steps: NDArray[np.int64],
) -> Batch:
    """Lay out checked inputs for an engine.

    ``schedules`` is keyed by position in ``model.inputs``; names in ``inputs`` must
    be the model's own.
    """
    slot = plan.slot_of
    given = [model.input_index[name] for name in inputs.names]
    columns = tuple((slot[i], c) for c, i in enumerate(given) if i in slot)
    runs = inputs.values.shape[0]
    steps = int(save_steps[-1]) if len(save_steps) else 0
    times = plan.times(steps)
    pool: dict[Schedule, int] = {}
    rows = np.full((len(plan.drives), runs), -1, dtype=np.int64)
    for i, index in enumerate(plan.drives):
        entries = schedules[index]
        for run, entry in enumerate(entries):
            if entry is not None:
                rows[i, run] = pool.setdefault(entry, len(pool))
    return Batch(
        runs=runs,
        values=np.ascontiguousarray(inputs.values, dtype=np.float64),
        defaults=model.defaults[list(slot)],
        columns=columns,
        pool=np.array(
            [np.interp(times, s.times, s.values) for s in pool], dtype=np.float64
        ).reshape(len(pool), steps + 1),
        rows=rows,
        save_steps=save_steps,
    )
