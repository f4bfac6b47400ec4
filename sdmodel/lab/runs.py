"""Native runs beside the page's kernel: one compiled kernel for a whole build."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.batch import make_batch
from sdmodel.engines.native import compile_plan
from sdmodel.engines.simulate import simulate
from sdmodel.engines.target import host_target
from sdmodel.engines.wasm import SETTINGS
from sdmodel.study.design import Inputs, Save, Schedule
from sdmodel.study.values import value_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.engines.base import Output
    from sdmodel.engines.plan import Plan
    from sdmodel.model.core import Model
    from sdmodel.study.values import Value


def as_inputs(
    model: Model,
    sets: Sequence[Mapping[str, Value]],
    drives: Sequence[str] = (),
    base: Mapping[str, float] | None = None,
) -> Inputs:
    """Return value sets as the engine's question, one row each.

    ``base`` are values of all sets that do not say otherwise. ``drives`` are inputs
    that count as scheduled even where no set gives them a schedule, so that questions
    of many kinds meet the same compiled kernel.
    """
    base = base or {}
    names = dict.fromkeys([*base, *(name for values in sets for name in values)])
    columns = {name: i for i, name in enumerate(names)}
    defaults = {item.name: item.default for item in model.inputs} | dict(base)
    rows = np.tile([defaults[name] for name in columns], (len(sets), 1))
    timed: dict[str, list[Schedule | None]] = {d: [None] * len(sets) for d in drives}
    for i, values in enumerate(sets):
        for name, value in values.items():
            if isinstance(value, Schedule):
                timed.setdefault(name, [None] * len(sets))[i] = value
                value = value_at(value, model.time.start)
            rows[i, columns[name]] = value
    schedules = {name: tuple(runs) for name, runs in timed.items()}
    return Inputs(tuple(columns), rows.reshape(len(sets), len(columns)), schedules)


@dataclass(frozen=True)
class NativeRuns:
    """The native engine, saving ``names`` and every state of the model.

    ``drives`` are the inputs that may follow a schedule.
    """

    model: Model
    names: tuple[str, ...]
    drives: tuple[str, ...]
    states: tuple[str, ...]

    def run(
        self,
        sets: Sequence[Mapping[str, Value]],
        times: Sequence[float] | None = None,
        base: Mapping[str, float] | None = None,
    ) -> Output:
        """Run value sets; values (run, time, name) of ``names``, then of the states.

        ``base`` are values of all sets that do not say otherwise.
        """
        inputs = as_inputs(self.model, sets, self.drives, base)
        save = Save((*self.names, *self.states), None if times is None else (*times,))
        return simulate(self.model, inputs, save, quick=True)


def native_runs(
    model: Model, names: Sequence[str], drives: Sequence[str]
) -> NativeRuns:
    """Return a model's native engine with its states laid open."""
    states = {
        f"state {node.data}": i
        for i, node in enumerate(model.nodes)
        if node.op == "state"
    }
    opened = replace(
        model, scalars={**model.scalars, **states}, digest=f"{model.digest} states"
    )
    return NativeRuns(opened, tuple(names), tuple(drives), tuple(states))


def twin(
    model: Model, plan: Plan, sets: Sequence[Mapping[str, Value]], steps: Sequence[int]
) -> NDArray[np.float64]:
    """Return (run, step, name): this processor, with the page kernel's settings.

    Only lanes are more, where there are more: they change no bit.
    """
    host = host_target()
    settings = replace(
        SETTINGS,
        cpu=host.cpu,
        features=host.features,
        lanes=max(host.lanes, SETTINGS.lanes),
        gather=True,
    )
    drives = [model.inputs[drive].name for drive in plan.drives]
    inputs = as_inputs(model, sets, drives)
    timed = {model.input_index[n]: runs for n, runs in inputs.schedules.items()}
    at = np.asarray(steps, dtype=np.int64)
    batch = make_batch(model, plan, inputs, timed, at)
    return compile_plan(plan, settings, quick=True).run(batch).values
