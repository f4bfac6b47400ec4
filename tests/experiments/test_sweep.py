"""Sweeps: their numbers are those of single runs, whatever chunks and threads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xarray as xr

import sdmodel
from sdmodel.cli.main import main
from sdmodel.engines.target import host_target as host
from sdmodel.errors import DataError, HostError, ResultsError, StudyError
from sdmodel.experiments.asking import OTHER_SECONDS, size_sentence
from sdmodel.experiments.space import make_space
from sdmodel.experiments.whatif import evaluate
from sdmodel.experiments.workbook import open_workbook
from sdmodel.study.outcomes import parse_key
from sdmodel.study.results import open_run
from tests.experiments.sweeps import TINY, contents, do, question_of, write_study
from tests.tolerances import MOMENTS

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.sweep import Sweep
    from sdmodel.model.core import Model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweep")


@pytest.fixture(scope="module")
def done(folder: Path) -> Sweep:
    return do(folder / "out", question_of(write_study(folder), bands=True))


def test_every_run_is_the_single_run_bit_for_bit(done: Sweep) -> None:
    runs = done.dataset()
    workbook = open_workbook(TINY)
    model = workbook.model
    keys = [
        parse_key(str(name), workbook.outcomes, model)
        for name, variable in runs.data_vars.items()
        if variable.attrs.get("role") == "outcome"
    ]
    inputs = [n for n, v in runs.data_vars.items() if v.attrs.get("role") == "input"]
    assert len(inputs) == 5
    for run in (0, 255, 256, 699, 700, 1399):
        row = runs.sel(run=run)
        scenario = ("baseline", "drg")[int(row["scenario"])]
        sets = [f"{name}={float(row[name])!r}" for name in inputs]
        single = evaluate(model, [workbook.scenario(scenario, sets=sets)], keys)
        for key in keys:
            alone = single.values[key.text]
            np.testing.assert_array_equal(row[key.text].to_numpy(), alone[0])


def test_scenarios_meet_the_same_draws(done: Sweep) -> None:
    runs = done.dataset()
    first, second = (runs.where(runs["scenario"] == s, drop=True) for s in (0, 1))
    np.testing.assert_array_equal(first["draw"], second["draw"])
    np.testing.assert_array_equal(first["trust delay"], second["trust delay"])
    assert (first["fund_balance"].to_numpy() != second["fund_balance"].to_numpy()).any()


def test_what_runs_come_to_is_what_numpy_says(done: Sweep) -> None:
    runs, results = done.dataset(), done.results()
    for s, scenario in enumerate(("baseline", "drg")):
        for outcome in results["outcome"].to_numpy():
            column = runs[str(outcome)].to_numpy()[runs["scenario"] == s]
            known = column[~np.isnan(column)]
            here = results.sel(scenario=scenario, outcome=outcome)
            assert int(here["runs"]) == 700
            assert int(here["bad"]) == 0
            assert int(here["undefined"]) == 700 - len(known)
            np.testing.assert_allclose(here["mean"], known.mean(), rtol=MOMENTS)
            np.testing.assert_allclose(here["sd"], known.std(ddof=1), rtol=MOMENTS)
            np.testing.assert_array_equal(
                here["quantiles"], np.quantile(known, here["quantile"])
            )
            assert (here["minimum"], here["maximum"]) == (known.min(), known.max())
    assert int(results["undefined"].sum()) > 0, "an outcome without a value was meant"


def test_bands_are_those_of_the_series(done: Sweep) -> None:
    """The last year's band is the spread of the final value, within its bound."""
    results = done.results()
    for scenario in ("baseline", "drg"):
        band = results.sel(scenario=scenario, band_outcome="fund_balance")
        final = results.sel(scenario=scenario, outcome="fund_balance")
        last = band.isel(time=-1)
        np.testing.assert_allclose(last["band_mean"], final["mean"], rtol=MOMENTS)
        np.testing.assert_allclose(last["band_sd"], final["sd"], rtol=MOMENTS)
        column = done.dataset()["fund_balance"].to_numpy()
        column = column[done.dataset()["scenario"] == (scenario == "drg")]
        exact = np.quantile(column, results["quantile"], method="inverted_cdf")
        found = last["band_quantiles"].to_numpy()
        assert (np.abs(found - exact) <= 2.0**-14 * np.abs(exact)).all()
        start = band.isel(time=0)
        assert float(start["band_minimum"]) == float(start["band_maximum"])
        assert (start["band_quantiles"] == start["band_minimum"]).all()
    times = results["time"].to_numpy()
    np.testing.assert_array_equal(times, np.rint(times))


@pytest.mark.parametrize(
    ("chunk", "jobs", "engine"), [(512, 1, "compiled"), (1024, 3, "compiled")]
)
def test_chunks_and_threads_change_no_bit(
    chunk: int, jobs: int, engine: str, done: Sweep, folder: Path
) -> None:
    question = question_of(folder / "study.toml", bands=True, chunk=chunk)
    other = do(folder / f"out{chunk}", question, jobs=jobs)
    xr.testing.assert_identical(
        other.dataset().drop_attrs(), done.dataset().drop_attrs()
    )
    for name in ("summary.csv", "bands.csv"):
        here, there = (s.folder / name for s in (other, done))
        assert here.read_bytes() == there.read_bytes()


def test_engines_agree(done: Sweep, folder: Path) -> None:
    question = question_of(folder / "study.toml", engine="numpy")
    other = do(folder / "numpy", question)
    for name, variable in other.dataset().data_vars.items():
        if variable.dtype == np.float64:
            np.testing.assert_allclose(variable, done.dataset()[name], rtol=1e-9)


def test_files_open_as_people_open_them(done: Sweep) -> None:
    with xr.open_dataset(done.folder / "runs-000000.nc") as one:
        assert one.sizes == {"run": 256}
        assert one["status"].dtype == np.int8
        assert one["fund_balance"].attrs["units"] == "CNY"
        assert {"model_digest", "study_digest", "engine", "seed"} <= set(one.attrs)
        assert one.attrs["version_numpy"] == np.__version__
    with xr.open_mfdataset(str(done.folder / "runs-*.nc")) as runs:
        assert runs.sizes == {"run": 1400}
        np.testing.assert_array_equal(runs["run"], np.arange(1400))
        assert {"trust delay", "fund_balance", "status", "draw"} <= set(runs)
    manifest = open_run(done.folder).manifest
    assert manifest["state"] == "complete"
    with pytest.raises(ResultsError, match="a sweep has no page"):
        sdmodel.report(done.folder)
    assert set(manifest["outputs"]) == set(contents(done.folder)) - {"manifest.json"}


METHODS = [
    ("morris", 8),
    ("sobol", 16),
    ("lhs", 50),
    ("fast", 65),
    ("pawn", 128),
    ("dgsm", 16),
]


@pytest.mark.parametrize(("method", "n"), METHODS)
def test_any_method_may_draw(method: str, n: int, tmp_path: Path) -> None:
    change = ('method = "lhs"\nn = 700', f'method = "{method}"\nn = {n}')
    found = do(tmp_path / "out", question_of(write_study(tmp_path, change)))
    per_n = {"morris": 6, "sobol": 7, "lhs": 1, "fast": 4 * 5, "pawn": 1, "dgsm": 6}
    rows = n * per_n[method]
    runs = found.dataset()
    assert runs.sizes["run"] == 2 * rows
    controls = {c.name: c for c in open_workbook(TINY).controls}
    for name in make_space(list(controls.values())).names:
        if name in runs:
            low, high = controls[name].min, controls[name].max
            assert low <= float(runs[name].min()) < float(runs[name].max()) <= high


def test_python_samples_and_sweeps(tmp_path: Path) -> None:
    model = sdmodel.read_model(TINY)
    study = write_study(tmp_path)
    drawn = sdmodel.sample(model, study)
    found = sdmodel.sweep(model, study, tmp_path / "out")
    first = found.dataset().isel(run=slice(700))
    np.testing.assert_array_equal(drawn["trust delay"], first["trust delay"])
    assert drawn.sizes == {"run": 700}


def test_a_model_without_tables_is_swept_by_ranges(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lone.mdl").write_bytes((TINY / "tiny.mdl").read_bytes())
    (tmp_path / "ranges.csv").write_text("name,min,max\npremium,300,600\n", "utf-8")
    study = tmp_path / "mine.toml"
    text = (
        'model = "./lone.mdl"\nscenarios = ["baseline"]\n'
        'outcomes = ["Fund Balance", "spending@total"]\n'
        '[design]\nmethod = "lhs"\nn = 64\n'
    )
    inline = '[design.ranges]\n"Trust delay" = [2, 4]\n'
    for tail, name in (('ranges = "ranges.csv"\n', "premium"), (inline, "trust delay")):
        study.write_text(text + tail, "utf-8")
        out = tmp_path / name
        assert main(["sweep", str(study), "--out", str(out), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["runs"] == 64
        with xr.open_dataset(out / "runs-000000.nc") as runs:
            assert {name, "Fund Balance", "spending@total"} <= set(runs)
            assert float(runs[name].std()) > 0


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        ('[design.ranges]\n"premum" = [1, 2]\n', "nearest: 'premium'"),
        ('[design.ranges]\n"premium" = [2, 1]\n', "the smaller first"),
        ('[design.ranges]\n"premium" = [1, inf]\n', "two finite numbers"),
        ('[design.ranges]\n"premium" = 3\n', "allowed: .min, max."),
        ("ranges = 3\n", "a table of"),
        ('ranges = "none.csv"\n', "no such table"),
        ('[design.ranges]\n"spending" = [1, 2]\n', "computed by the model"),
    ],
)
def test_wrong_ranges_are_told(tail: str, words: str, tmp_path: Path) -> None:
    study = write_study(tmp_path, ('factors = ["premium", "uncertainties"]\n', tail))
    with pytest.raises((StudyError, DataError), match=words):
        question_of(study)


TABLE = "premium,Trust_Delay\n400,2\n500,3\n450,4.5\n"


def test_a_table_of_values_is_run_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "values.csv").write_text("﻿" + TABLE, "utf-8")
    change = ('method = "lhs"\nn = 700', 'method = "values.csv"')
    study = write_study(tmp_path, change)
    runs = do(tmp_path / "out", question_of(study)).dataset()
    assert runs["premium"].to_numpy().tolist() == [400.0, 500.0, 450.0] * 2
    assert runs["trust delay"].to_numpy().tolist() == [2.0, 3.0, 4.5] * 2


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "table is empty"),
        ("premium\n", "no row of values"),
        ("premium;trust delay\n1;2\n", "divided by ';'"),
        ("premum\n400\n", "nearest: 'premium'"),
        ("premium,premium\n400,400\n", "stands twice"),
        ("premium,\n400,1\n", "column 2: no name"),
        ("spending\n1\n", "computed by the model"),
        ("premium\n400\n1,5\n", "row 3: 2 cells"),
        ('premium\n"1,5"\n', "row 2, 'premium': .*decimal comma"),
        ("premium\nnan\n", "not a finite number"),
        ("premium\n1e999\n", "too large"),
        ("premium\n4_00\n", "'4_00'"),
        ("premium,trust delay\n400,\n", "row 2, 'trust delay': no value"),
        ("premium\n40\n", "40 is outside 300 … 600, as are 1 of 1"),
        ("DRG share,DIP share\n0.6,0.6\n", "shares of 'payment' add to 1.2"),
    ],
)
def test_a_wrong_table_is_told_before_any_run(
    table: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "values.csv").write_text(table, "utf-8")
    change = ('method = "lhs"\nn = 700', 'method = "values.csv"')
    with pytest.raises(StudyError, match=words):
        question_of(write_study(tmp_path, change))


def test_bad_runs_are_counted_aloud_with_their_inputs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A delay of zero divides by zero; its neighbours keep their bits."""
    rows = [f"400,{2 + i / 100}" for i in range(300)]
    clean = "\n".join(["premium,trust delay", *rows]) + "\n"
    rows[17] = "444,0"
    rows[290] = "555,0"
    spoilt = "\n".join(["premium,trust delay", *rows]) + "\n"
    found = {}
    change = ('method = "lhs"\nn = 700', 'method = "values.csv"')
    study = write_study(tmp_path, change)
    for name, table in (("clean", clean), ("spoilt", spoilt)):
        (tmp_path / "values.csv").write_text(table, "utf-8")
        out = tmp_path / name
        asked = ["sweep", str(study), "--model", str(TINY), "--out", str(out)]
        code = main([*asked, "--allow-outside-limits", "--chunk", "256"])
        assert code == (1 if name == "spoilt" else 0)
        with xr.open_mfdataset(str(out / "runs-*.nc")) as runs:
            found[name] = runs.load()
    said = capsys.readouterr().err
    assert "4 of 600 runs went bad; they are in no mean and no quantile" in said
    assert "'trust delay' = 0" in said
    assert "'premium' = 444" in said
    lines = (tmp_path / "spoilt" / "bad_runs.csv").read_text("utf-8").splitlines()
    assert lines[0] == "run,scenario,draw,time,variable,premium,trust delay"
    assert [line.split(",")[0] for line in lines[1:]] == ["17", "290", "317", "590"]
    assert lines[1].endswith("444.0,0.0")
    bad = found["spoilt"]["status"].to_numpy() != 0
    assert np.flatnonzero(bad).tolist() == [17, 290, 317, 590]
    assert np.isnan(found["spoilt"]["fund_balance"].to_numpy()[bad]).all()
    for name in ("fund_balance", "spending_total"):
        here, there = (found[k][name].to_numpy()[~bad] for k in ("spoilt", "clean"))
        np.testing.assert_array_equal(here, there)
    results = open_run(tmp_path / "spoilt").dataset()
    assert (results["bad"] == 2).all()


def test_the_time_that_is_told_follows_the_processor(
    tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two lanes do a quarter of what eight do; what is written takes the same time.
    def seconds(lanes: int) -> float:
        monkeypatch.setattr("sdmodel.engines.target.host_target", lambda: host(lanes))
        told = size_sentence(10**9, 3, tiny, "compiled")
        return float(told.split("roughly ")[1].split(" hours")[0].replace(",", ""))

    settled = OTHER_SECONDS * 1e9 / 3600
    ratio = (seconds(2) - settled) / (seconds(8) - settled)
    assert ratio == pytest.approx(4, rel=0.2)  # hours are told to one decimal


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--n", "0"], "'--n': 0; allowed: a whole number from 2 to"),
        (["--n", "1"], "'--n': 1; allowed: a whole number from 2 to"),
        (["--n", "-1"], "allowed: a whole number from 2 to"),
        (["--n", "10.5"], "10.5"),
        (["--n", "1000000000"], "2,000,000,000 runs: roughly .* hours .* GB on disk"),
        (["--method", "sobol", "--n", "1000"], "powers of two"),
        (["--method", "sobel"], "nearest: 'sobol'"),
        (["--method", "none.csv"], "no such table of values"),
        (["--chunk", "100"], "a multiple of 256"),
        (["--seed", "-1"], "-1"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_written(
    options: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import re

    study, out = write_study(tmp_path), tmp_path / "out"
    assert main(["sweep", str(study), "--out", str(out), *options]) == 2
    said = capsys.readouterr()
    assert re.search(words, said.err), said.err
    assert said.out == ""
    assert not out.exists()


def test_a_disk_that_is_too_small_is_told_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(9, 9, 1000))
    question = question_of(write_study(tmp_path))
    with pytest.raises(HostError, match=r"0\.\d MB are needed for 1,400 runs"):
        do(tmp_path / "out", question)
    assert not (tmp_path / "out").exists()


def test_drawn_values_take_the_place_of_the_scenarios(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = ('"premium", "uncertainties"', '"levers"')
    study, out = write_study(tmp_path, change), tmp_path / "out"
    assert main(["sweep", str(study), "--n", "20", "--out", str(out)]) == 0
    assert "scenario 'drg' sets 'DRG share'" in capsys.readouterr().err
    manifest = open_run(out).manifest
    assert "which the design draws" in manifest["warnings"][0]
