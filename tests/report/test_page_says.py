"""What the page says: verdicts, marks and limits that follow the numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from sdmodel.report.build import render
from sdmodel.report.figures import Picture
from sdmodel.report.fit import fit
from sdmodel.report.load import load
from sdmodel.report.study_charts import convergence, indices, some
from sdmodel.report.study_page import study_page
from sdmodel.report.tables import crossings, happens, overview, regime_table

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from matplotlib.figure import Figure


def test_the_first_table_says_who_gains_and_who_loses(run_folder: Path) -> None:
    content = load(run_folder)
    table = overview(content)
    assert len(table["rows"]) == len(content.scenarios) - 1
    assert table["heads"][0] == "Patients"
    for row in table["rows"]:
        assert len(row["cells"]) == len(table["heads"])
        for cell in row["cells"]:
            # The sign says in black and white what the colour says.
            assert cell["mark"][0] in "✓✗±?="
            assert cell["changes"]
            for change in cell["changes"]:
                assert bool(change["range"]) == (change["mark"] != "=")
    text = (run_folder / "report.html").read_text(encoding="utf-8")
    assert text.index('class="overview"') < text.index('class="verdicts"')
    assert text.index("Not to be used for") < text.index('class="verdicts"')


def test_what_decides_no_verdict_is_not_in_the_first_table(run_folder: Path) -> None:
    content = load(run_folder)
    keys = [o.key for o in content.outcomes if o.stakeholder == "fund"]
    judged = replace(content, model=content.model | {"verdict": {"fund": keys[:1]}})
    place = overview(content)["heads"].index("The insurance fund")
    all_of_them = [row["cells"][place]["changes"] for row in overview(content)["rows"]]
    one = [row["cells"][place]["changes"] for row in overview(judged)["rows"]]
    assert [len(changes) for changes in one] == [1] * len(one)
    assert all(len(changes) > 1 for changes in all_of_them)
    assert {c["label"] for changes in one for c in changes} == {content.label(keys[0])}
    text = render(replace(judged, studies=(), headline=()))
    assert f"The insurance fund: {content.label(keys[0])}." in text
    assert "Further changes:" in text


def test_when_a_reform_acts_is_ranked_with_no_lever(run_folder: Path) -> None:
    content = load(run_folder)
    assert content.timing == frozenset()
    for study in content.studies:
        sure = replace(study, indices=study.indices.assign(low=0.5))
        rows = sure.indices[sure.indices["scope"] == "levers"]
        first = rows.nlargest(1, "value").iloc[0]
        name, label = str(first["factor"]), str(first["label"])
        parameters = tuple(
            p | {"group": "timing", "role": "lever"} if p["name"] == name else p
            for p in content.parameters
        )
        assert parameters != content.parameters, name
        timed = replace(content, parameters=parameters)
        page = study_page(timed, sure, ())
        assert any(note.startswith("Not ranked: ") for note in page["notes"])
        for table in page["tables"]:
            names = [row[0] for row in table["rows"]]
            if f"{label} (when, not ranked)" in names:
                assert names.index(f"{label} (when, not ranked)") == len(names) - 1
            assert label not in names
        for row in page["decisive"]:
            (levers, _) = row["cells"]
            found = [i for i, item in enumerate(levers) if label in item["text"]]
            assert found in ([], [len(levers) - 1])
            assert all(levers[i]["text"].startswith("apart, when: ") for i in found)
        keys = [str(key) for key in dict.fromkeys(sure.indices["outcome"])][:1]
        drawn = indices(timed, sure, content.baseline, keys)
        assert label in drawn.caption
        assert label not in drawn.alt


def test_every_line_of_convergence_is_named(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = load(run_folder)
    (study,) = [s for s in content.studies if s.method == "morris"]
    seen: list[Figure] = []

    def keep(figure: Figure, name: str, alt: str, caption: str) -> Picture:
        seen.append(figure)
        return Picture(name, "", alt, caption)

    monkeypatch.setattr("sdmodel.report.study_charts.picture", keep)
    keys = [str(k) for k in dict.fromkeys(study.verdicts["outcome"])]
    good = study.verdicts[study.verdicts["state"] == "ok"]["outcome"]
    convergence(content, study, content.baseline, [k for k in keys if k in set(good)])
    (figure,) = seen
    labels = set(study.indices["label"].astype(str).str.split().str.join(""))
    for axes in figure.axes:
        legend = axes.get_legend()
        assert legend is not None
        texts = ["".join(text.get_text().split()) for text in legend.get_texts()]
        assert len(texts) == len(axes.lines) == len(set(texts))
        assert all(text in labels or text.endswith("…") for text in texts)


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
    table.loc[rows, ["when_p5", "when_p50", "when_p95"]] = [2029.77, 2034.5, 2039.0]
    dated = replace(content, outcomes=outcomes, regimes=table)
    # What happens at 2029.77 happens in 2029, as in the lab.
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
