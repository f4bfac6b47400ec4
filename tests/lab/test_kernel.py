"""The kernel of the page gives the native kernel's numbers, and so do its scripts."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sdmodel.engines.plan import make_plan
from sdmodel.engines.simulate import simulate
from sdmodel.engines.wasm import compile_wasm
from sdmodel.engines.wasm_object import imports
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.kernel import make_kernel, series_steps
from sdmodel.lab.record import as_json, value_sets
from sdmodel.lab.runs import as_inputs, twin
from sdmodel.model.core import TimeAxis
from sdmodel.study.design import Save, Schedule
from sdmodel.study.outcomes import SUMMARY_NAMES
from sdmodel.study.summaries import Window, summarise
from tests.engines.small import matrices, medley, sample
from tests.lab.javascript import run_node
from tests.tolerances import WASM_TRIGONOMETRY, WASM_VS_NATIVE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.model.core import Model
    from sdmodel.study.values import Value

SEED = 11

RUN = """
const PAIRS = 3;
const kernel = new Lab.Kernel(
  given.kernel, new WebAssembly.Module(Buffer.from(given.code, "base64")), PAIRS);
kernel.keepAt(given.keep);
const out = [];
for (let i = 0; i < given.sets.length; i += 2 * PAIRS) {
  const sets = given.sets.slice(i, i + 2 * PAIRS);
  const pairs = Math.ceil(sets.length / 2);
  kernel.clear(pairs);
  for (let lane = 0; lane < 2 * pairs; lane++) {
    kernel.set(lane, sets[Math.min(lane, sets.length - 1)]);
  }
  const good = kernel.run(null);
  const found = sets.map((_, lane) => {
    const values = [];
    for (let j = 0; j < kernel.names * given.keep.length; j++) {
      values.push(kernel.outs[lane >> 1][2 * j + (lane & 1)]);
    }
    return text64(values);
  });
  sets.forEach((_, lane) => {
    out.push([found[lane], good[lane] ? null : kernel.trace(lane)]);
  });
}
console.log(JSON.stringify(out));
"""

ENGINE = """
const engine = Lab.Engine.create(given.data, Buffer.from(given.code, "base64"));
const read = (r) => [
  r.status,
  text64(given.data.outcomes.flatMap((o) => [...r.series[o.id]])),
  text64(given.data.outcomes.map((o) => r.headline[o.id] ?? NaN)),
];
const out = [];
for (let i = 0; i < given.sets.length; i += 2) {
  const other = given.sets[Math.min(i + 1, given.sets.length - 1)];
  const pair = engine.runPair(given.sets[i], other);
  out.push(...pair.slice(0, given.sets.length - i).map(read));
}
console.log(JSON.stringify(out));
"""


def floats(text: str) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(text), dtype="<f8")


def given_values(values: dict[str, Value]) -> dict[str, Any]:
    return {name: as_json(value) for name, value in values.items()}


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest difference between series (run, time, name), of each one's maximum."""
    scale = np.nanmax(np.abs(b), axis=1, keepdims=True)
    return float(np.nanmax(np.abs(a - b) / np.where(scale == 0, 1, scale)))


@pytest.mark.parametrize("make", [medley, matrices])
def test_page_kernel_has_native_bits_for_every_operation(
    make: Callable[[], Model], tmp_path: Path
) -> None:
    model = make()
    names = tuple(model.scalars)
    plan = make_plan(model, names, ("h",))
    kernel = compile_wasm(plan, range(3), piece=40)
    values = sample(model, 11).values
    inputs = [item.name for item in model.inputs]
    sets: list[dict[str, Value]] = [
        {name: float(v) for name, v in zip(inputs, row, strict=True)} for row in values
    ]
    sets[4]["h"] = Schedule((0.3, 2.7), (0.4, 1.1))
    steps = np.arange(model.time.steps + 1)
    slots = [model.inputs[i] for i in (*plan.inputs, *plan.drives)]
    given = {
        "kernel": kernel.describe()
        | {"slots": [item.name for item in slots], "saved": steps.tolist()}
        | {"defaults": [item.default for item in slots]},
        "code": base64.b64encode(kernel.code).decode(),
        "keep": steps.tolist(),
        "sets": [given_values(values) for values in sets],
    }
    found = run_node(("kernel.js",), RUN, given, tmp_path)
    page = np.array([floats(text) for text, _ in found])
    page = page.reshape(len(sets), len(steps), len(names))
    mine = twin(model, plan, sets, steps.tolist())
    libm = [
        i for i, n in enumerate(names) if n.startswith(("sin", "cos", "tan", "arc"))
    ]
    exact = [i for i in range(len(names)) if i not in libm]
    np.testing.assert_array_equal(page[:, :, exact], mine[:, :, exact])
    near = distance(page[:, :, libm], mine[:, :, libm]) if libm else 0.0
    assert near <= WASM_TRIGONOMETRY
    judge = simulate(model, as_inputs(model, sets), Save(names, "step"))
    bad = [None if b is None else (b["time"], b["name"]) for _, b in found]
    assert bad == [
        (time, name) if status else None
        for status, time, name in zip(
            judge.status, judge.bad_time, judge.bad_name, strict=True
        )
    ]


def test_page_gives_the_numbers_of_the_native_engine(tmp_path: Path) -> None:
    book = open_workbook("consortium")
    model = book.model
    made = make_kernel(model, book.outcomes, (), book.controls)
    assert imports_only_memory(made.wasm.code)
    sets = value_sets(book.controls, model, SEED)
    sets += [dict(book.scenario(name).values) for name in book.scenario_ids()]
    # With the start of the policies left alone, a kept history shortens the run.
    sets += [
        {n: v for n, v in values.items() if n not in made.layout["gates"]}
        for values in sets[1:120:3]
    ]
    data = {
        "kernel": made.layout,
        "window": made.window,
        "times": made.points,
        "outcomes": [
            {"id": o.id, "summary": o.summary, "expression": o.expression.steps}
            for o in book.outcomes
        ],
        "flows": [],
    }
    given = {
        "data": data,
        "code": base64.b64encode(made.wasm.code).decode(),
        "sets": [given_values(values) for values in sets],
    }
    scripts = ("kernel.js", "summary.js", "engine.js")
    found = run_node(scripts, ENGINE, given, tmp_path)
    assert len(sets) >= 200
    shape = (len(sets), len(book.outcomes), len(made.points))
    series = np.array([floats(text) for _, text, _ in found]).reshape(shape)
    numbers = np.array([floats(text) for _, _, text in found])

    every = range(model.time.steps + 1)
    mine = twin(model, made.wasm.plan, sets, every)
    times = np.array(model.time.saved)
    at = np.searchsorted(times, made.points)
    parts = {name: mine[:, :, i] for i, name in enumerate(made.wasm.plan.names)}
    usual = simulate(model, as_inputs(model, sets), Save(made.wasm.plan.names))
    judge = {name: usual.values[:, :, i] for i, name in enumerate(usual.names)}
    # Some corners break the model; the page says when and where, as the engine does.
    assert [s for s, _, _ in found] == [
        {"time": time, "name": name} if status else "ok"
        for status, time, name in zip(
            usual.status, usual.bad_time, usual.bad_name, strict=True
        )
    ]
    for i, outcome in enumerate(book.outcomes):
        with np.errstate(all="ignore"):
            same = outcome.expression.evaluate(parts)
            other = outcome.expression.evaluate(judge)
        same = np.where(np.isfinite(same), same, np.nan)
        np.testing.assert_array_equal(series[:, i], same[:, at], outcome.id)
        number = summarise(same, times, outcome.summary, Window())
        number[usual.status != 0] = np.nan
        np.testing.assert_array_equal(numbers[:, i], number, outcome.id)
        other = np.where(np.isfinite(other), other, np.nan)
        keep = np.isfinite(other[:, at]).any(axis=1) & (usual.status == 0)
        if keep.any():
            near = distance(series[keep, i][:, :, None], other[keep][:, at][:, :, None])
            assert near <= WASM_VS_NATIVE, outcome.id


def imports_only_memory(code: bytes) -> bool:
    # Anything else would be a call into JavaScript within the innermost loop.
    return imports(code) == ("__linear_memory",)


SUMMARIES = """
const t = Float64Array.from(given.times);
const weights = Lab.discountWeights(t, given.rate);
console.log(JSON.stringify(given.rows.map((row) =>
  text64(given.summaries.map((s) =>
    Lab.summarise(Float64Array.from(row), t, s, weights))))));
"""


@pytest.mark.parametrize("count", [1, 2, 7, 9, 130, 225, 481])
def test_summaries_in_the_page_equal_those_of_python(
    count: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(count)
    times = 2026.0 + np.arange(count) / 16
    rows = rng.normal(0.4, 1.0, (12, count))
    rows[3] = np.abs(rows[3])
    given = {
        "times": times.tolist(),
        "rows": rows.tolist(),
        "rate": 0.0,
        "summaries": list(SUMMARY_NAMES),
    }
    found = run_node(("kernel.js", "summary.js"), SUMMARIES, given, tmp_path)
    page = np.array([floats(text) for text in found])
    for i, summary in enumerate(SUMMARY_NAMES):
        ours = summarise(rows, times, summary, Window(2026.0, 0.0))
        np.testing.assert_array_equal(page[:, i], ours, summary)


INTERPOLATE = """
const t = Float64Array.from(given.times);
console.log(JSON.stringify(given.schedules.map((points) => {
  const out = new Float64Array(t.length);
  Lab.interpolate(t, points, out, 0);
  return text64(out);
})));
"""


def test_schedules_in_the_page_equal_those_of_numpy(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    times = 2010.0 + np.arange(481) / 16
    schedules = []
    for count in (1, 2, 3, 8) * 10:
        when = np.sort(rng.uniform(2005, 2045, count))
        when[::2] = np.round(when[::2])  # some points fall on steps
        schedules.append((np.unique(when), rng.normal(size=len(np.unique(when)))))
    given = {
        "times": times.tolist(),
        "schedules": [list(zip(*s, strict=True)) for s in schedules],
    }
    given["schedules"] = [
        [[float(t), float(v)] for t, v in points] for points in given["schedules"]
    ]
    found = run_node(("kernel.js",), INTERPOLATE, given, tmp_path)
    for text, (when, values) in zip(found, schedules, strict=True):
        np.testing.assert_array_equal(floats(text), np.interp(times, when, values))


def test_points_of_a_series_end_with_the_model() -> None:
    years = series_steps(TimeAxis(2010.0, 2040.0, 1 / 16, 1 / 16))
    assert years == tuple(range(0, 481, 16))
    odd = series_steps(TimeAxis(0.0, 100.0, 0.125, 0.75))
    assert odd[-1] == 798
    assert len(odd) <= 122
    short = series_steps(TimeAxis(0.0, 0.5, 0.125, 0.125))
    assert short == (0, 1, 2, 3, 4)
    clock = (0.0, 1.0, 2.0, 2.5, 3.0)
    assert series_steps(TimeAxis(0.0, 3.0, 1.0, 1.0, clock, (0, 2, 4))) == (0, 2, 4)
