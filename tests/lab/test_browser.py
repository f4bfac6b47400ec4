"""The page's engine in Chromium, from a file, with the network cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.experiments.bands import ROUNDING
from sdmodel.experiments.ensemble import crossed
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.draws import prior
from sdmodel.lab.record import as_json, outcome_values, value_sets
from sdmodel.lab.runs import as_inputs
from sdmodel.study.design import Save
from tests.tolerances import LAB_SUMMARY, WASM_VS_NATIVE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

ENGINE = """(sets) => {
  const data = JSON.parse(document.getElementById("lab-data").textContent);
  const wasm = Lab.bytes(document.getElementById("lab-wasm").textContent);
  const engine = Lab.Engine.create(data, wasm);
  return sets.map((values) => {
    const { status, series } = engine.run(values);
    const ids = data.outcomes.map((o) => o.id);
    return [status, ids.map((id) => [...series[id]].map((v) => (isNaN(v) ? null : v)))];
  });
}"""

BANDS = """async ({ values, reference, workers }) => {
  const data = JSON.parse(document.getElementById("lab-data").textContent);
  const wasm = Lab.bytes(document.getElementById("lab-wasm").textContent);
  const bands = Lab.Bands.create(data, wasm, { workers });
  const older = bands.request({ values: {}, reference });
  const newer = bands.request({ values, reference, token: "mine" });
  const [first, found] = await Promise.all([older, newer]);
  bands.close();
  const { token, n, bad, headline, difference } = found;
  return { superseded: first === null, token, n, bad, headline, difference };
}"""


def test_chromium_gives_the_numbers_of_the_native_engine(
    open_page: Any, lab_file: Path
) -> None:
    book = open_workbook("consortium")
    model = book.model
    sets = value_sets(book.controls, model, 23)
    assert len(sets) >= 200
    given = [{n: as_json(v) for n, v in values.items()} for values in sets]
    found = open_page(lab_file).run(ENGINE, given)
    saved = dict.fromkeys(n for o in book.outcomes for n in o.expression.names)
    judge = simulate(model, as_inputs(model, sets), Save(tuple(saved)))
    series, _ = outcome_values(judge, book.outcomes, range(2010, 2041))
    assert [status == "ok" for status, _ in found] == (judge.status == 0).tolist()
    for i in np.flatnonzero(judge.status == 0):
        page = np.array(found[i][1], dtype=float)
        known = np.isfinite(series[i])
        assert np.array_equal(known, np.isfinite(page))
        size = np.abs(np.where(known, series[i], 0)).max(axis=1, keepdims=True)
        gap = np.abs(np.where(known, page - series[i], 0))
        assert (gap <= WASM_VS_NATIVE * size).all()


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_share_the_draws_and_the_newest_question_wins(
    open_page: Any, lab_file: Path, workers: int
) -> None:
    book = open_workbook("consortium")
    base = {n: as_json(v) for n, v in book.scenario("baseline").values.items()}
    policy = base | {"global budget strictness": 0.9, "DRG share": 0.5}
    found = open_page(lab_file).run(
        BANDS, {"values": policy, "reference": base, "workers": workers}
    )
    assert found["superseded"]
    assert (found["token"], found["n"], found["bad"]) == ("mine", 512, 0)
    names, drawn = prior(book.controls)
    here = dict(book.scenario("baseline").values)
    there = here | {"global budget strictness": 0.9, "DRG share": 0.5}
    inputs = crossed(book.model, [there, here], names, drawn)
    saved = dict.fromkeys(n for o in book.outcomes for n in o.expression.names)
    output = simulate(book.model, inputs, Save(tuple(saved)))
    _, numbers = outcome_values(output, book.outcomes, range(2010, 2041))
    policy_numbers, base_numbers = numbers[:512], numbers[512:]
    for i, outcome in enumerate(book.outcomes):
        ours = policy_numbers[:, i]
        size = float(np.nanmax(np.abs(ours), initial=0.0))
        gap = ours - base_numbers[:, i]
        gap = np.where(np.abs(gap) <= ROUNDING * size, 0.0, gap)
        for name, level in (("p05", 0.05), ("p50", 0.5), ("p95", 0.95)):
            page = found["headline"][outcome.id][name]
            change = found["difference"][outcome.id][name]
            same(page, np.quantile(ours, level), size)
            same(change, np.quantile(gap, level), size)


def same(page: float | None, ours: float, size: float) -> None:
    page = float("nan") if page is None else page
    assert np.isnan(page) == np.isnan(ours)
    assert np.isnan(ours) or abs(page - ours) <= LAB_SUMMARY * size


def test_the_page_holds_its_own_record(open_page: Any, lab_file: Path) -> None:
    script = """() => {
      const data = JSON.parse(document.getElementById("lab-data").textContent);
      const wasm = Lab.bytes(document.getElementById("lab-wasm").textContent);
      return Lab.Verify.run(Lab.Engine.create(data, wasm), data.record);
    }"""
    found = open_page(lab_file).run(script)
    assert found["ok"]
    assert found["worst"] <= WASM_VS_NATIVE
    assert found["sets"] >= 20


def test_without_workers_only_the_bands_are_refused(
    open_page: Any, lab_file: Path
) -> None:
    script = """async () => {
      const data = JSON.parse(document.getElementById("lab-data").textContent);
      const wasm = Lab.bytes(document.getElementById("lab-wasm").textContent);
      const Real = globalThis.Worker;
      globalThis.Worker = class { constructor() { throw new Error("not here"); } };
      const bands = Lab.Bands.create(data, wasm);
      globalThis.Worker = Real;
      return bands.request({ values: {} }).then(() => "", (e) => e.message);
    }"""
    assert open_page(lab_file).run(script) == "not here"
