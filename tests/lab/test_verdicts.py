"""The page and the report say the same of the same draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sdmodel.experiments.bands import Bands
from sdmodel.experiments.ensemble import Ensemble, crossed
from sdmodel.experiments.facts import model_facts, read_about
from sdmodel.experiments.notice import as_document, measures, read_notice
from sdmodel.experiments.whatif import evaluate
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.data import _outcome
from sdmodel.lab.draws import SHOWN, prior
from sdmodel.report.load import DAYS_A_YEAR
from sdmodel.report.words import Change
from sdmodel.study.outcomes import parse_key
from tests.lab.javascript import STATIC, run_node

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = ("stats.js", "verdict.js", "ensemble.js", "sums.js")
REGIMES = ("ffs", "per_diem", "global_budget", "mixed", "capitation")

# What Compare does with draws, and what the boards' worker does with the same.
BODY = """
Lab.data = given.data;
const floats = (row) => Float64Array.from(row, (v) => v ?? NaN);
const out = given.cases.map(({ k, change, baseline, here, there }) => {
  const outcome = given.outcomes[k];
  const [a, b] = [floats(here), floats(there)];
  const of = (spread) => Lab.verdict(outcome, change ?? NaN, baseline ?? NaN, spread);
  const rows = { bad: new Uint8Array(a.length), series: [[]], headline: [a], reference: [b] };
  const found = { n: a.length, bad: 0, series: {}, headline: {}, difference: {}, probability: {}, tornado: {} };
  const worker = { engine: { outcomes: given.outcomes, points: 0, early: 0 }, data: { ...given.data, times: [] }, mine: [k] };
  Lab.Sums.add(found, worker, 0, [rows], null, []);
  return [of(Lab.pairedDifference(a, b)), of(found.difference[outcome.id])];
});
console.log(JSON.stringify(out));
"""  # noqa: E501 - one line a statement, as in the page


def numbers(values: Any) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def test_page_and_report_say_the_same_of_the_same_draws(tmp_path: Path) -> None:
    book = open_workbook("consortium")
    assert book.folder is not None
    about = read_about(book.folder, model_facts(book.model))
    ids = tuple(o.id for o in book.outcomes)
    keys = [parse_key(id, book.outcomes, book.model) for id in ids]
    scenarios = [book.scenario(name) for name in ("baseline", *REGIMES)]
    central = evaluate(book.model, scenarios, keys).values
    names, sample = prior(book.controls)
    designs = [s.values for s in scenarios]
    inputs = crossed(book.model, designs, names, sample[:SHOWN])
    drawn, _, _ = Ensemble(book.model, {}).courses(keys, inputs, [0])
    cube = drawn.reshape(len(scenarios), SHOWN, len(ids))
    table = Bands(
        tuple(s.id for s in scenarios),
        ids,
        (),
        names,
        np.empty((0, 0)),
        cube,
        np.empty((len(scenarios), SHOWN, 0, len(ids))),
        np.zeros(cube.shape[:2], dtype=bool),
    ).difference_table("baseline")
    told, cases = [], []
    rows = {(r["scenario"], r["outcome"]): r for r in table.to_dict("records")}
    for s, scenario in enumerate(scenarios[1:], start=1):
        for k, outcome in enumerate(book.outcomes):
            row = rows[scenario.id, outcome.id]
            value, baseline = (float(central[outcome.id][i]) for i in (s, 0))
            # A range that does not exist has no verdict on the page.
            if not np.isfinite([value, baseline, row["change_p5"]]).all():
                continue
            days = outcome.id in about["days"]
            factor = DAYS_A_YEAR if days else 1.0
            own = about["notice"].get(outcome.id)
            change = Change(
                outcome=outcome.id, label="", good=outcome.good, stakeholder="",
                unit="share" if outcome.id in about["percent"] else outcome.unit,
                value=value * factor, baseline=baseline * factor,
                low=row["change_p5"] * factor, high=row["change_p95"] * factor,
                lowest=row["change_p5_low"] * factor,
                highest=row["change_p95_high"] * factor,
                calendar=outcome.summary == "crossing",
                notice=None if own is None else read_notice(own, factor),
            )  # fmt: skip
            told.append("edge" if change.at_edge else change.direction)
            cases.append(
                {"k": k, "change": value - baseline, "baseline": baseline,
                 "here": numbers(cube[s, :, k]), "there": numbers(cube[0, :, k])}
            )  # fmt: skip
    rules = measures(book.outcomes, about)
    given = {
        "data": {"notice": as_document()},
        "outcomes": [_outcome(o, about, rules[o.id]) for o in book.outcomes],
        "cases": cases,
    }
    found = run_node(SCRIPTS, BODY, given, tmp_path)
    assert [pair[0] for pair in found] == told
    assert [pair[1] for pair in found] == told
    assert {"better", "worse", "unclear", "same", "edge"} <= set(told)


@pytest.mark.parametrize("name", sorted(as_document()))
def test_no_threshold_is_typed_twice(name: str) -> None:
    text = (STATIC / "verdict.js").read_text(encoding="utf-8")
    assert str(as_document()[name]) not in text.replace("0.05", "").replace("0.95", "")
    used = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js"))
    assert f"rules.{name}" in used or f"notice.{name}" in used
