"""What the page says: verdicts, marks and limits that follow the numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from sdmodel.report.build import render
from sdmodel.report.fit import fit
from sdmodel.report.load import load
from sdmodel.report.study_charts import some
from sdmodel.report.study_page import study_page
from sdmodel.report.tables import crossings, happens, overview, regime_table

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_table_says_who_gains_and_who_loses(run_folder: Path) -> None:
    content = load(run_folder)
    table = overview(content)
    assert len(table["rows"]) == len(content.scenarios) - 1
    assert table["heads"][0] == "Patients"
    for row in table["rows"]:
        assert len(row["cells"]) == len(table["heads"])
        for cell in row["cells"]:
            # The sign says in black and white what the colour says.
            assert cell["mark"][0] in "▲▼±?="
            assert bool(cell["changes"]) == (cell["kind"] != "same")
            assert all(change["range"] for change in cell["changes"])
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert text.index('class="overview"') < text.index('class="verdicts"')
    assert text.index("Not to be used for") < text.index('class="verdicts"')


def test_what_is_not_settled_is_called_provisional_with_the_sample_that_would_do(
    run_folder: Path,
) -> None:
    content = load(run_folder)
    for study in content.studies:
        page = study_page(content, study, ())
        states = study.verdicts[
            (study.verdicts["state"] == "ok")
            & (study.verdicts["scenario"] == content.baseline)
        ]
        assert len(page["convergence"]) == len(states)
        for row, settled in zip(page["convergence"], states["converged"], strict=True):
            assert row["state"].startswith("converged") == (str(settled) == "True")
            assert bool(row["needed"]) == (str(settled) != "True")
        assert any(row["needed"] for row in page["convergence"])
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "provisional" in text


def test_decisive_assumptions_are_marked(run_folder: Path) -> None:
    content = load(run_folder)
    (study,) = [s for s in content.studies if s.method == "sobol"]
    sure = replace(study, indices=study.indices.assign(low=0.5))
    rows = study_page(content, sure, ())["decisive"]
    found = [item for row in rows for cell in row["cells"] for item in cell]
    # Every control of the toy model is an assumption; a mix is none.
    assert any(item["assumed"] for item in found)
    unsure = replace(study, indices=study.indices.assign(low=0.0))
    rows = study_page(content, unsure, ())["decisive"]
    assert not [item for row in rows for cell in row["cells"] for item in cell]


def test_what_a_study_left_out_is_named_with_its_strength(run_folder: Path) -> None:
    content = load(run_folder)
    (study,) = [s for s in content.studies if s.method == "sobol"]
    (screening,) = [s for s in content.studies if s.method == "morris"]
    rows = screening.indices[screening.indices["measure"] == "mu_star"]
    strongest = rows[rows["n"] == screening.n].nlargest(1, "value").iloc[0]
    gone = study.indices[study.indices["factor"] != strongest["factor"]]
    less = replace(study, indices=gone)
    found = study_page(content, less, ())["decisive"]
    (row,) = [r for r in found if r["label"] == content.label(strongest["outcome"])]
    assert any(
        text.startswith(f"{strongest['label']} ") and "100 % of the largest" in text
        for text in row["left_out"]
    )
    full = study_page(content, study, ())["decisive"]
    assert not any(
        text.startswith(f"{strongest['label']} ")
        for row in full
        for text in row["left_out"]
    )
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "variance that the factors of this study cause" in text


def test_a_screening_says_none_seen_and_never_no_effect(run_folder: Path) -> None:
    content = load(run_folder)
    (study,) = [s for s in content.studies if s.method == "morris"]
    weak = str(study.indices["factor"].iloc[-1])
    value = study.indices["value"].where(study.indices["factor"] != weak, 0.0)
    zero = replace(study, indices=study.indices.assign(value=value))
    label = str(study.indices["label"].iloc[-1])
    page = study_page(content, zero, ())
    cells = {
        cell
        for table in page["tables"]
        for row in table["rows"]
        if row[0] == label
        for cell in row[1:]
    }
    assert cells == {f"none seen in {study.n} trajectories"}


def test_long_tiers_are_cut_and_counted() -> None:
    assert some([str(i) for i in range(14)], 12).endswith("10, 11 and 2 more")
    assert some(["a", "b"]) == "a, b"


def test_a_year_that_may_never_come_says_how_often_it_does(run_folder: Path) -> None:
    content = load(run_folder)
    assert content.regimes is not None
    (key, *_) = [o.key for o in content.outcomes if not o.calendar]
    outcomes = tuple(replace(o, calendar=o.key == key) for o in content.outcomes)
    table = content.regimes.copy()
    rows = table["outcome"] == key
    table.loc[rows, ["value", "draws", "undefined"]] = [math.nan, 200, 92]
    table.loc[rows, ["when_p5", "when_p50", "when_p95"]] = [2029.0, 2034.0, 2039.0]
    dated = replace(content, outcomes=outcomes, regimes=table)
    words = "in 54 % of draws; median year 2034 (5–95 % 2029 to 2039)"
    (sentence,) = crossings(dated, dated.scenarios[1].id)
    assert words in sentence
    assert "never at central values" in sentence
    cells = [
        cell
        for group in regime_table(dated)["groups"]
        for row in group["rows"]
        if row["label"] == dated.label(key)
        for cell in row["cells"]
    ]
    assert {cell["range"] for cell in cells} == {words}
    assert words in render(replace(dated, studies=(), headline=()))
    start = float(dated.model["policy_start"])
    table.loc[rows, ["when_p5", "when_p50"]] = start
    early = happens(replace(dated, regimes=table), dated.baseline, key)
    assert f"median year {start:.0f} or before" in early


def test_what_has_no_value_is_a_dash_without_a_verdict(run_folder: Path) -> None:
    content = load(run_folder)
    assert content.regimes is not None
    (key, *_) = [o.key for o in content.outcomes if not o.calendar]
    table = content.regimes.copy()
    rows = (table["outcome"] == key) & (table["scenario"] == content.baseline)
    table.loc[rows, "value"] = math.nan
    partial = replace(content, regimes=table)
    (row,) = [
        r
        for group in regime_table(partial)["groups"]
        for r in group["rows"]
        if r["label"] == content.label(key)
    ]
    assert row["cells"][0]["value"] == "–"
    assert all(c["sign"] == c["change"] == "" for c in row["cells"])
    assert "median" in row["cells"][1]["median"]


def test_the_fit_counts_what_is_missed(run_folder: Path) -> None:
    content = load(run_folder)
    assert content.series is not None
    key = str(content.series["outcome"].iloc[0])
    base = content.series[
        (content.series["scenario"] == content.baseline)
        & (content.series["outcome"] == key)
    ]
    year = float(base["time"].iloc[4])
    value = float(base["value"].iloc[4])
    low, high = float(base["p5"].iloc[4]), float(base["p95"].iloc[4])
    target = {"outcome": key, "label": "Y", "kind": "level", "from": year, "to": year}
    target |= {"unit": "", "source": "s", "sd": 1.0}
    near, far = target | {"value": value - 1}, target | {"value": value + 3}
    found = fit(replace(content, targets=(near, far)))
    assert found is not None
    assert [row["z"] for row in found["rows"]] == ["+1.0", "−3.0"]
    assert found["sentence"].startswith("1 of 2 observations lie further than 2")
    outside = [not low <= v <= high for v in (value - 1, value + 3)]
    assert [row["outside"] for row in found["rows"]] == outside
    assert fit(replace(content, targets=())) is None
