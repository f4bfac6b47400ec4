"""The page's kernel: what it saves, and what of the past a change of a lever spares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sdmodel.engines.plan import make_plan
from sdmodel.engines.wasm import WasmKernel, compile_wasm, encode
from sdmodel.lab.runs import NativeRuns, native_runs
from sdmodel.study.design import Schedule
from sdmodel.study.summaries import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sdmodel.model.core import Model, TimeAxis
    from sdmodel.study.controls import Control
    from sdmodel.study.outcomes import Outcome
    from sdmodel.study.values import Value

MOST_POINTS = 121
"""Points of a series at most: a figure on a page shows no more."""

HISTORY_PAIRS = 64
"""Random pairs of runs that must share their past; one would show a lever that acts."""

HISTORY_SEED = 20260101


@dataclass(frozen=True)
class LabKernel:
    """The compiled module, and the parts of the page's data that describe it.

    ``native`` runs the same question on this processor.
    """

    wasm: WasmKernel
    layout: dict[str, Any]
    window: dict[str, Any]
    points: tuple[float, ...]
    native: NativeRuns


def make_kernel(
    model: Model,
    outcomes: Sequence[Outcome],
    flows: Iterable[str],
    controls: Sequence[Control],
    scheduled: Collection[str] = (),
) -> LabKernel:
    """Compile the model for a page.

    Parameters
    ----------
    model
        What the page holds.
    outcomes
        What it shows; their elements are saved at the points of a series, and at every
        step where the headline number needs them.
    flows
        Further elements to save at the points.
    controls
        What it moves; every lever may follow a schedule.
    scheduled
        Other inputs that some preset gives a schedule.
    """
    shown = dict.fromkeys(name for o in outcomes for name in o.expression.names)
    names = tuple(dict.fromkeys([*shown, *flows]))
    often = dict.fromkeys(
        name for o in outcomes if o.summary != "final" for name in o.expression.names
    )
    levers = [c.name for c in controls if c.role == "lever"]
    plan = make_plan(model, names, sorted({*levers, *scheduled}))
    wasm = compile_wasm(plan, [names.index(name) for name in often])
    steps = series_steps(model.time)
    points = tuple(model.time.at(k) for k in steps)
    window = _window(model.time)
    native = native_runs(model, names, [model.inputs[d].name for d in plan.drives])
    step, late, gates = _history(native, points, controls, window["first"])
    order = (*plan.inputs, *plan.drives)
    return LabKernel(
        wasm=wasm,
        layout={
            **wasm.describe(),
            "slots": [model.inputs[i].name for i in order],
            "defaults": [model.inputs[i].default for i in order],
            "saved": list(model.time.saved_steps),
            "points": list(steps),
            "history_step": step,
            "late": late,
            "gates": gates,
        },
        window=window,
        points=points,
        native=native,
    )


def series_steps(time: TimeAxis) -> tuple[int, ...]:
    """Return the steps of a series: yearly where the model's saved times allow it.

    Other models get as many of their saved times as a figure shows, the last included.
    """
    saved = time.saved_steps
    yearly = round(1.0 / time.step)
    if not time.clock and abs(yearly * time.step - 1.0) < 1e-9:
        years = [k for k in saved if k % yearly == 0]
        if 1 < len(years) <= MOST_POINTS and years[-1] == saved[-1]:
            return tuple(years)
    every = -(-len(saved) // MOST_POINTS)
    some = saved[::every]
    return some if some[-1] == saved[-1] else (*some, saved[-1])


def _window(time: TimeAxis) -> dict[str, Any]:
    """Return where headline numbers begin, and the weights that discount them."""
    window = Window()
    saved = np.array(time.saved)
    first = window.first(saved)
    t = saved[first:]
    weights = np.diff(t) / (1.0 + window.rate) ** (t[:-1] - t[0])
    return {
        "first": time.saved_steps[first],
        "steps": list(time.saved_steps[first:]),
        "start": float(saved[first]),
        "rate": window.rate,
        "weights": encode(weights),
    }


def _history(
    native: NativeRuns,
    points: Sequence[float],
    controls: Sequence[Control],
    first: int,
) -> tuple[int | None, list[str], list[str]]:
    """Return the step up to which levers leave all as it is, those levers, the gates.

    Tried, not proved: each lever alone at both its limits must leave every state at
    that step and every saved value before it with the same bits; then all such levers
    at opposite corners, with each assumption at both its limits; then all at random.
    Levers and assumptions that break this are gates: while one of them is moved, the
    page computes every run from the start.
    """
    levers = [c for c in controls if c.role == "lever"]
    others = [c for c in controls if c.role != "lever"]
    if first == 0 or not levers:
        return None, [], []
    time = native.model.time
    cut = time.at(first)
    times = tuple(t for t in points if t < cut)

    def past(
        sets: list[dict[str, Value]], base: Mapping[str, float] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        return _past(native, times, cut, sets, base)

    def alike(
        one: tuple[NDArray[np.float64], NDArray[np.bool_]],
        two: tuple[NDArray[np.float64], NDArray[np.bool_]],
    ) -> list[bool]:
        same = (one[0] == two[0]).all(axis=1)
        return [bool(s or not g) for s, g in np.broadcast(same, one[1])]

    ends: list[dict[str, Value]] = [{c.name: e} for c in levers for e in (c.min, c.max)]
    values, good = past([{}, *ends])
    spared = alike((values[:1], good[:1]), (values[1:], good[1:]))
    late = [c for i, c in enumerate(levers) if all(spared[2 * i : 2 * i + 2])]
    if not late:
        return None, [], []
    corner = [
        {c.name: (c.min, c.max)[(i + j) % 2] for i, c in enumerate(late)}
        for j in (0, 1)
    ]
    assumed: list[dict[str, Value]] = [
        {c.name: e} for c in others for e in (c.min, c.max)
    ]
    left = alike(*(past(assumed, base) for base in corner))
    free = [c for i, c in enumerate(others) if all(left[2 * i : 2 * i + 2])]
    rng = np.random.default_rng(HISTORY_SEED)
    plain: list[dict[str, Value]] = []
    moved: list[dict[str, Value]] = []
    for _ in range(HISTORY_PAIRS):
        plain.append({c.name: _any_value(c, rng) for c in free})
        moved.append(plain[-1] | {c.name: _any_course(c, time, rng) for c in late})
    if not all(alike(past(plain), past(moved))):
        return None, [], []
    harmless = {c.name for c in (*late, *free)}
    gates = [c.name for c in controls if c.name not in harmless]
    return first, [c.name for c in late], gates


def _any_value(control: Control, rng: np.random.Generator) -> float:
    return float(rng.uniform(control.min, control.max))


def _any_course(control: Control, time: TimeAxis, rng: np.random.Generator) -> Value:
    """Return a value, or a schedule of two points anywhere in the model's time."""
    if rng.random() < 0.5:
        return _any_value(control, rng)
    when = np.sort(rng.uniform(time.start, time.stop, 2))
    values = rng.uniform(control.min, control.max, 2)
    return Schedule(tuple(when.tolist()), tuple(values.tolist()))


def _past(
    native: NativeRuns,
    times: tuple[float, ...],
    cut: float,
    sets: Sequence[Mapping[str, Value]],
    base: Mapping[str, float] | None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return scalars at ``times`` and states at ``cut`` (run, value); finite runs."""
    if not sets:
        return np.empty((0, 0)), np.zeros(0, dtype=bool)
    values = native.run(sets, (*times, cut), base).values
    runs, names = len(values), len(native.names)
    before = values[:, :-1, :names].reshape(runs, -1)
    past = np.hstack([before, values[:, -1, names:]])
    return past, np.array([bool(np.isfinite(row).all()) for row in past])
