"""A plain evaluator of a translated model, node by node, for these tests only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sdmodel.model.functions import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sdmodel.model.core import Lookup, Model

_NUMPY = {"exp": np.exp, "ln": np.log, "sin": np.sin, "cos": np.cos, "tan": np.tan}


def _table(table: Lookup, x: float) -> float:
    xs, ys = table.x, table.y
    if len(xs) > 1 and table.rule == "extrapolate" and not xs[0] <= x <= xs[-1]:
        i, j = (0, 1) if x < xs[0] else (-1, -2)
        return ys[i] + (ys[j] - ys[i]) / (xs[j] - xs[i]) * (x - xs[i])
    if table.rule == "hold_backward":
        return ys[max(0, int(np.searchsorted(xs, x, side="right")) - 1)]
    return float(np.interp(x, xs, ys))


def simulate(
    model: Model, values: Mapping[str, float] | None = None
) -> dict[str, list[float]]:
    """Return every scalar at every saved time, one list per element name."""
    inputs = [item.default for item in model.inputs]
    for name, value in (values or {}).items():
        inputs[model.input_index[name]] = value
    states: list[float] = []

    def sweep(time: float) -> list[float]:
        out: list[float] = []
        for node in model.nodes:
            args = [out[arg] for arg in node.args]
            op, data = node.op, node.data
            if op == "const":
                out.append(float(data or 0.0))
            elif op == "time":
                out.append(time)
            elif op == "dt":
                out.append(model.time.step)
            elif op == "input":
                out.append(inputs[int(data or 0)])
            elif op == "state":
                index = int(data or 0)
                out.append(states[index] if states else math.nan)
            elif op == "lookup":
                out.append(_table(model.lookups[int(data or 0)], args[0]))
            elif op in _NUMPY:
                with np.errstate(all="ignore"):
                    out.append(float(_NUMPY[op](args[0])))
            else:
                function = OPERATIONS[op].scalar
                assert function is not None
                out.append(function(*args))
        return out

    first = sweep(model.time.start)
    states = [first[state.initial] for state in model.states]
    saved: dict[str, list[float]] = {name: [] for name in model.scalars}
    for step in range(model.time.steps + 1):
        out = sweep(model.time.start + step * model.time.step)
        if step % model.time.stride == 0:
            for name, node in model.scalars.items():
                saved[name].append(out[node])
        states = [
            out[state.update]
            if state.rule == "assign"
            else states[i] + out[state.update] * model.time.step
            for i, state in enumerate(model.states)
        ]
    return saved
