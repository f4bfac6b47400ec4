"""The verb ``sensitivity``: JSON, record, and one clear sentence when it cannot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sdmodel.cli.main import main
from sdmodel.study.results import open_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def study(tiny_folder: Path) -> str:
    return str(tiny_folder / "runs" / "shares" / "study.toml")


def test_json_and_record(
    study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    asked = ["sensitivity", study, "--json", "--seed", "0", "--out", str(out)]
    assert main(asked) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["method"], document["n"], document["seed"]) == ("morris", 8, 0)
    outcome = document["scenarios"]["baseline"]["outcomes"]["fund_balance"]
    assert set(outcome) >= {"levers", "uncertainties", "unit"}
    manifest = open_run(out).manifest
    assert manifest["kind"] == "sensitivity"
    assert manifest["seed"] == 0
    assert set(manifest["outputs"]) == {
        "context.json",
        "morris_indices.csv",
        "morris_runs.nc",
        "morris_verdicts.csv",
    }
    runs = open_run(out).dataset("morris_runs.nc")
    assert runs.sizes["run"] == document["runs"]
    assert set(runs["outcome"].to_numpy()) == set(
        document["scenarios"]["baseline"]["outcomes"]
    )
    assert main(["report", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Morris: which factors matter at all" in page
    assert "The answer in short" not in page


def test_tables_for_people(
    study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["sensitivity", study, "--method", "Sobol", "--n", "16"]
    assert main([*asked, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "baseline, levers: Fund balance at the end (not converged" in said
    assert "baseline, classes: Fund balance at the end" in said
    assert "withheld; it has no value in" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--method", "sobel"], "nearest: 'sobol'"),
        (["--method", "fast"], "cannot judge the mix 'payment'"),
        (["--method", "sobol", "--n", "1000"], "nearest: 1024"),
        (["--method", "sobol", "--n", "-4"], "-4"),
        (["--n", "2"], "number of Morris trajectories"),
        (["--n", "many"], "'many'"),
        (["--seed", "-1"], "-1"),
        (["--engine", "compile"], "nearest: 'compiled'"),
        (["--model", "nowhere"], "no such model"),
    ],
)
def test_one_clear_sentence(
    study: str,
    options: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert main(["sensitivity", study, *options, "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not out.exists()


def test_an_unknown_study_names_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["sensitivity", "paymnt"]) == 2
    assert "nearest: 'payment'" in capsys.readouterr().err


def test_other_peoples_files_are_not_replaced(
    study: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert main(["sensitivity", study, "--out", str(tmp_path)]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_commands_are_printed_as_they_can_be_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sdmodel.cli.demo import as_typed

    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/sdmodel")
    assert as_typed() == "sdmodel"
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("sys.argv", ["venv/bin/sdmodel", "demo"])
    assert as_typed() == "venv/bin/sdmodel"
    monkeypatch.setattr("sys.argv", ["my venv/bin/sdmodel", "demo"])
    assert as_typed() == '"my venv/bin/sdmodel"'
    monkeypatch.setattr("sys.argv", ["sdmodel/__main__.py", "demo"])
    assert as_typed().endswith(" -m sdmodel")


def test_the_demo_prints_one_document(
    study: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sdmodel.cli.studying.DEFAULT_N", {"sobol": 16})
    out = tmp_path / "out"
    assert main(["demo", "--study", study, "--json", "--out", str(out)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (out / "report.html").read_bytes()
    assert document["page"] == str(out / "report.html")
    assert document["folder"] == str(out)
    assert "baseline" in document["scenarios"]
    assert [part["method"] for part in document["studies"]] == ["morris", "sobol"]
