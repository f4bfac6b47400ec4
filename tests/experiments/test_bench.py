"""The engine is many times faster than the judge, and doctor says what is wrong.

CI machines are small and shared: only a generous ratio is asked for, never seconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.cli.main import main
from sdmodel.engines.simulate import simulate
from sdmodel.experiments import bench, machine, scaling
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model

LEAST_RATIO = 1000.0
"""Compiled against PySD on a toy of a dozen variables; a real model gives more."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "RUNS", 800)
    monkeypatch.setattr(bench, "NUMPY_RUNS", 8)


@pytest.mark.usefixtures("quick")
def test_bench_measures_ratios_in_one_go(tiny: Model) -> None:
    names = ("Trust in Primary", "Fund Balance")
    said: list[str] = []
    found = bench.measure(tiny, names, say=said.append)
    assert found.pysd_ratio is not None
    assert found.pysd_ratio > LEAST_RATIO
    assert found.size.states == len(tiny.states)
    assert found.size.nodes_each_step > 0
    assert found.compile_cached < found.compile_cold
    assert found.bad_runs == 0
    assert "compiling" in said


@pytest.mark.usefixtures("quick")
def test_bench_prints_one_json_document(
    tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--model", str(tiny_folder), "--no-judge", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["batch_runs"] == 800
    assert document["pysd_ratio"] is None
    assert document["what_if_median"] > document["one_run_warm"]
    assert document["start"] > document["one_run_median"] >= document["one_run_warm"]


@pytest.mark.usefixtures("quick")
def test_a_million_runs_come_in_chunks_that_fit(
    tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "MILLION", 5000)
    monkeypatch.setattr(bench, "CHUNK_BYTES", 1)
    seen: list[tuple[int, int]] = []
    found = bench.measure(
        tiny,
        ("Trust in Primary",),
        million=True,
        judge=False,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert found.million_all_cores is not None
    assert [done for done, _ in seen] == [*range(256, 5000, 256), 5000]
    assert {total for _, total in seen} == {5000}


@pytest.mark.parametrize("variables", [40, 200])
def test_an_invented_model_has_the_size_asked_for(
    variables: int, tmp_path: Path
) -> None:
    path = tmp_path / "invented.mdl"
    path.write_text(scaling.invent(variables), encoding="utf-8")
    model = read_model(path)
    assert len(model.variables) == variables
    out = simulate(model, Inputs((), np.empty((1, 0))), Save(tuple(model.scalars)))
    assert out.status.tolist() == [0]
    assert np.ptp(out.values[0], axis=0).max() > 0


def test_the_curve_of_sizes_counts_all_nodes() -> None:
    first, second = scaling.measure_scaling((40, 80))
    assert second.nodes_each_step > first.nodes_each_step > 0
    assert min(first.translate, first.compile, first.run) > 0


def test_doctor_finds_the_engines_equal(
    tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--model", str(tiny_folder), "--json"]) == 0
    found = {item["topic"]: item for item in json.loads(capsys.readouterr().out)}
    assert found["compiled engine"]["state"] == "ok"
    assert found["numpy"]["state"] == "ok"


def test_doctor_ends_with_one_where_a_package_is_missing(
    tiny_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "REQUIRED", (*machine.REQUIRED, "no-such-package"))
    assert main(["doctor", "--model", str(tiny_folder)]) == 1
    assert "not installed" in capsys.readouterr().out


def test_doctor_notes_a_cache_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny: Model
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("SDMODEL_CACHE", str(blocked / "cache"))
    found = {item.topic: item for item in machine.examine(tiny, ("Trust in Primary",))}
    assert found["cache"].state == "note"
    assert "SDMODEL_CACHE" in found["cache"].detail
