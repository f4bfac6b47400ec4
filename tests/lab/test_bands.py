"""The worker's bands are those of Python over the same draws."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from sdmodel.engines.simulate import simulate
from sdmodel.experiments.ensemble import crossed
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.data import collect
from sdmodel.lab.draws import prior
from sdmodel.lab.record import outcome_values
from sdmodel.study.design import Save
from tests.lab.javascript import run_node
from tests.tolerances import LAB_SUMMARY

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.experiments.workbook import Workbook

DRAWS = 96
SCRIPTS = (
    "kernel.js",
    "summary.js",
    "stats.js",
    "engine.js",
    "verdict.js",
    "sums.js",
    "verify.js",
    "worker.js",
)

# One worker on Node's own thread: what it would post to a page goes to `answers`.
WORKER = """
(async () => {
  const answers = new Map();
  globalThis.posted = (message) => answers.get(message.id)(message);
  const { data, questions } = given;
  const draws = Lab.draws(data);
  onmessage({ data: {
    kind: "start", data: { ...data, flows: [] }, index: 0, workers: 1, ports: [],
    module: new WebAssembly.Module(Buffer.from(given.code, "base64")),
    draws: { names: draws.names, n: draws.n, table: draws.table.slice().buffer } } });
  const out = [];
  for (let id = 0; id < questions.length; id++) {
    const answer = new Promise((done) => answers.set(id, done));
    onmessage({ data: { id, ...questions[id] } });
    const { found, error } = await answer;
    if (error) throw new Error(error);
    out.push(found);
  }
  const plain = (_, v) =>
    v instanceof Float64Array ? [...v] : Number.isNaN(v) ? null : v;
  process.stdout.write(JSON.stringify(out, plain), () => process.exit(0));
})();
"""

# Both questions at once, the long one first; in which order are they answered?
TOGETHER = """
(async () => {
  const { data, questions } = given;
  const draws = Lab.draws(data);
  const order = [];
  const found = [];
  const all = new Promise((done) => {
    globalThis.posted = (message) => {
      order.push(message.id);
      found[message.id] = message.found;
      if (order.length === questions.length) done();
    };
  });
  onmessage({ data: {
    kind: "start", data: { ...data, flows: [] }, index: 0, workers: 1, ports: [],
    module: new WebAssembly.Module(Buffer.from(given.code, "base64")),
    draws: { names: draws.names, n: draws.n, table: draws.table.slice().buffer } } });
  questions.forEach((question, id) => onmessage({ data: { id, ...question } }));
  await all;
  const same = JSON.stringify([...found[0][1][0]]);
  process.stdout.write(JSON.stringify([order, same]), () => process.exit(0));
})();
"""

SHIM = "globalThis.postMessage = (message) => globalThis.posted(message);\n"


@pytest.fixture(scope="module")
def book() -> Workbook:
    return open_workbook("consortium")


@pytest.fixture(scope="module")
def answers(book: Workbook, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What the worker finds: bands, the same again, a list of runs, one at a time."""
    lab = collect(book)
    given = {
        "data": lab.data,
        "code": base64.b64encode(lab.kernel.wasm.code).decode(),
        "questions": [
            {"kind": "band", "values": policy(book), "reference": base(book),
             "n": DRAWS, "rate": None},
            {"kind": "band", "values": policy(book) | {"DRG share": 0.1},
             "reference": base(book), "n": DRAWS, "rate": None},
            {"kind": "band", "values": policy(book), "reference": base(book),
             "n": DRAWS, "rate": None},
            {"kind": "many", "list": [base(book), policy(book), {}]},
            {"kind": "tornado", "values": policy(book)},
            {"kind": "paired", "sets": [policy(book), base(book)], "n": DRAWS},
        ],
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("bands")
    found: list[Any] = run_node(SCRIPTS, WORKER, given, folder, before=SHIM)
    return found


def policy(book: Workbook) -> dict[str, Any]:
    # An assumption of one's own takes that assumption out of the draws.
    return base(book) | {
        "DRG share": 0.6,
        "DIP share": 0.0,
        "policy ramp time": 3.0,
        "real income growth": 0.02,
    }


def base(book: Workbook) -> dict[str, Any]:
    return dict(book.scenario("baseline").values) | {"real income growth": 0.02}


def python(
    book: Workbook, values: dict[str, Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return series (draw, outcome, point) and numbers (draw, outcome)."""
    names, drawn = prior(book.controls)
    inputs = crossed(book.model, [values], names, drawn[:DRAWS])
    saved = dict.fromkeys(n for o in book.outcomes for n in o.expression.names)
    output = simulate(book.model, inputs, Save(tuple(saved)))
    points = [float(year) for year in range(2010, 2041)]
    return outcome_values(output, book.outcomes, points)


def test_bands_are_those_of_python_over_the_same_draws(
    book: Workbook, answers: list[Any]
) -> None:
    found = answers[0]
    series, numbers = python(book, policy(book))
    _, reference = python(book, base(book))
    assert found["n"] == DRAWS
    assert found["bad"] == 0
    for i, outcome in enumerate(book.outcomes):
        band = found["series"][outcome.id]
        for name, level in (("p05", 0.05), ("p25", 0.25), ("p50", 0.5), ("p95", 0.95)):
            close(band[name], np.quantile(series[:, i], level, axis=0))
        ends = found["headline"][outcome.id]
        change = found["difference"][outcome.id]
        for name, level in (("p05", 0.05), ("p50", 0.5), ("p95", 0.95)):
            scale = float(np.nanmax(np.abs(numbers[:, i]), initial=0.0))
            close([ends[name]], [np.quantile(numbers[:, i], level)], scale)
            gap = numbers[:, i] - reference[:, i]
            close([change[name]], [np.quantile(gap, level)], scale)


def close(page: Any, ours: Any, scale: float = 0.0) -> None:
    page = np.array([np.nan if v is None else v for v in page])
    ours = np.array(ours)
    known = np.isfinite(ours)
    assert np.array_equal(known, np.isfinite(page))
    size = max(float(np.abs(ours[known]).max(initial=0.0)), scale)
    assert np.abs(page[known] - ours[known]).max(initial=0.0) <= LAB_SUMMARY * size


def test_a_kept_history_changes_nothing(answers: list[Any]) -> None:
    assert answers[0] == answers[2]
    assert answers[0]["headline"] != answers[1]["headline"]


def test_when_a_fund_runs_out_counts_every_draw(
    book: Workbook, answers: list[Any]
) -> None:
    i = [o.id for o in book.outcomes].index("fund_depletion_year")
    _, numbers = python(book, policy(book))
    when = numbers[:, i]
    found = answers[0]["headline"]["fund_depletion_year"]
    assert found["undefined"] == np.isnan(when).sum()
    close([found["when"]["p50"]], [np.quantile(when[~np.isnan(when)], 0.5)])
    by_year = answers[0]["probability"]["fund_depletion_year"]
    shares = [np.mean(when <= year) for year in range(2010, 2041)]
    np.testing.assert_allclose(by_year, shares, atol=1.5 / DRAWS)
    assert by_year == sorted(by_year)


def test_the_tornado_is_spearmans(book: Workbook, answers: list[Any]) -> None:
    names, drawn = prior(book.controls)
    _, numbers = python(book, policy(book))
    i = [o.id for o in book.outcomes].index("spending_per_capita")
    bars = answers[0]["tornado"]["spending_per_capita"]
    assert len(bars) == 12
    sizes = [abs(bar["rank"]) for bar in bars]
    assert sizes == sorted(sizes, reverse=True)
    for bar in bars:
        column = drawn[:DRAWS, names.index(bar["name"])]
        exact = stats.spearmanr(column, numbers[:, i]).statistic
        np.testing.assert_allclose(bar["rank"], exact, rtol=1e-9)
        low = np.argsort(column)[: DRAWS // 5]
        np.testing.assert_allclose(bar["low"], numbers[low, i].mean(), rtol=1e-9)


def test_a_list_of_runs_gives_what_single_runs_give(
    book: Workbook, answers: list[Any]
) -> None:
    found = answers[3]
    assert len(found) == 3
    assert found[0] != found[1]
    assert set(found[0]) == {o.id for o in book.outcomes}


def test_pins_run_over_the_draws_of_the_boards(
    book: Workbook, answers: list[Any]
) -> None:
    for found, values in zip(answers[5], (policy(book), base(book)), strict=True):
        _, numbers = python(book, values)
        for i, row in enumerate(found):
            close(row, numbers[:, i])


def test_one_at_a_time_leaves_out_what_the_user_set(answers: list[Any]) -> None:
    bars = answers[4]["spending_per_capita"]
    assert bars
    assert "real income growth" not in {bar["name"] for bar in bars}
    assert all(bar["from"] < bar["to"] and bar["low"] != bar["high"] for bar in bars)


STATS = """
console.log(JSON.stringify(given.rows.map((row) => [
  Lab.Stats.spread(Float64Array.from(row), given.levels),
  [...Lab.Stats.ranks(Float64Array.from(row))],
])));
"""


def test_quantiles_and_ranks_are_those_of_numpy_and_scipy(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [rng.normal(size=n) for n in (1, 2, 5, 64, 501)]
    rows.append(np.round(rows[-1], 1))  # with ties
    levels = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]
    given = {"rows": [row.tolist() for row in rows], "levels": levels}
    for row, (found, ranks) in zip(
        rows, run_node(("stats.js",), STATS, given, tmp_path), strict=True
    ):
        np.testing.assert_array_equal(found, np.quantile(row, levels))
        np.testing.assert_array_equal(ranks, stats.rankdata(row))


VERIFY = """
const engine = Lab.Engine.create(given.data, Buffer.from(given.code, "base64"));
const good = Lab.Verify.run(engine, given.data.record);
const set = given.data.record.sets[3];
const values = Lab.floats(set.series);
values[40] *= 1 + 1e-11;
set.series = text64(values);
const wrong = Lab.Verify.run(engine, given.data.record);
console.log(JSON.stringify([good, wrong, set.title]));
"""


def test_the_record_holds_and_a_changed_figure_is_found(
    book: Workbook, tmp_path: Path
) -> None:
    lab = collect(book)
    code = base64.b64encode(lab.kernel.wasm.code).decode()
    given = {"data": lab.data, "code": code}
    scripts = SCRIPTS[:-1]
    good, wrong, title = run_node(scripts, VERIFY, given, tmp_path)
    assert good["ok"]
    assert good["sets"] == len(book.scenario_ids()) + 12
    assert not wrong["ok"]
    assert wrong["where"].startswith(title)


def test_bands_go_before_a_long_count_which_then_goes_on(
    book: Workbook, answers: list[Any], tmp_path: Path
) -> None:
    """Who moves a lever while pins are compared sees its bands first."""
    lab = collect(book)
    given = {
        "data": lab.data,
        "code": base64.b64encode(lab.kernel.wasm.code).decode(),
        "questions": [
            {"kind": "paired", "sets": [policy(book), base(book)], "n": DRAWS},
            {"kind": "band", "values": policy(book), "reference": base(book),
             "n": 2, "rate": None},
        ],
    }  # fmt: skip
    order, numbers = run_node(SCRIPTS, TOGETHER, given, tmp_path, before=SHIM)
    assert order == [1, 0]
    assert json.loads(numbers) == answers[5][1][0]
