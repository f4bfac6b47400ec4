"""Every node of a model over time, for a few runs: what explanations are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.engines.plan import apply
from sdmodel.engines.simulate import simulate
from sdmodel.errors import RunError
from sdmodel.experiments.whatif import make_inputs
from sdmodel.study.design import Save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.engines.base import EngineName
    from sdmodel.model.core import Model
    from sdmodel.study.design import Inputs
    from sdmodel.study.scenario import Scenario


@dataclass(frozen=True)
class Courses:
    """Values of all nodes of a model: ``nodes[i]`` broadcasts to (run, step)."""

    times: NDArray[np.float64]
    nodes: tuple[NDArray[np.float64], ...]
    runs: int

    def of(self, node: int) -> NDArray[np.float64]:
        """Return the course of one node, (run, step)."""
        shape = (self.runs, len(self.times))
        return np.broadcast_to(self.nodes[node], shape)


def courses(
    model: Model, scenarios: Sequence[Scenario], *, engine: EngineName = "compiled"
) -> Courses:
    """Run scenarios and return every node at every step.

    The engine gives the states; all else follows from them at once for all steps.

    Parameters
    ----------
    model
        A model whose hidden states are among its names (`model.web.with_states`).
    scenarios
        Rows.
    engine
        What computes the states.

    Raises
    ------
    RunError
        If a run goes bad: there is nothing to explain where there are no numbers.
    """
    if any(node.op == "inverse" for node in model.nodes):
        msg = f"{model.path}: 'explain' cannot look into INVERT MATRIX of many rows"
        raise RunError(msg)
    inputs = make_inputs(scenarios, model)
    names = tuple(s.name for s in model.states if s.name in model.scalars)
    output = simulate(model, inputs, Save(names, "step"), engine=engine, quick=True)
    if output.status.any():
        run = int(np.flatnonzero(output.status)[0])
        msg = (
            f"scenario '{scenarios[run].id}' went bad: '{output.bad_name[run]}' ceased "
            f"to be a finite number at {output.bad_time[run]:.10g}; there is nothing "
            "to explain"
        )
        raise RunError(msg)
    states = {name: output.values[:, :, i] for i, name in enumerate(output.names)}
    given = _given(model, inputs, output.times)
    found: list[NDArray[np.float64]] = []
    with np.errstate(all="ignore"):
        for node in model.nodes:
            if node.op == "input":
                value = given[int(node.data or 0)]
            elif node.op == "state":
                value = states[model.states[int(node.data or 0)].name]
            elif node.op == "time":
                value = output.times[None, :]
            elif node.op == "dt":
                value = np.array([[model.time.step]])
            else:
                value = apply(node, [found[a] for a in node.args], model.lookups)
            found.append(np.atleast_2d(value))
    return Courses(output.times, tuple(found), len(scenarios))


def _given(
    model: Model, inputs: Inputs, times: NDArray[np.float64]
) -> Mapping[int, NDArray[np.float64]]:
    """Return each constant, (run, 1), or (run, step) where a schedule moves it."""
    found = {i: np.array([[item.default]]) for i, item in enumerate(model.inputs)}
    for column, name in enumerate(inputs.names):
        values = inputs.values[:, column][:, None]
        if name in inputs.schedules:
            values = np.repeat(values, len(times), axis=1)
            for run, schedule in enumerate(inputs.schedules[name]):
                if schedule is not None:
                    values[run] = np.interp(times, schedule.times, schedule.values)
        found[model.input_index[name]] = values
    return found
