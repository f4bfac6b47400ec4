"""The engine is many times faster than the judge, and doctor says what is wrong.

CI machines are small and shared: only a generous ratio is asked for, never seconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sdmodel.cli.main import main
from sdmodel.experiments import bench, machine

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
