"""From Python: a study and a page in a few lines."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

import sdmodel
from sdmodel.cli.main import main
from sdmodel.errors import ResultsError, StudyError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_study_in_three_lines(tiny_folder: Path) -> None:
    model = sdmodel.read_model(tiny_folder)
    result = sdmodel.sensitivity(model, tiny_folder / "runs" / "shares" / "study.toml")
    assert set(result.estimates) == {"baseline", "drg"}
    assert len(result.indices()) > 0
    with pytest.raises(StudyError, match="no such study"):
        sdmodel.sensitivity(model, "sharess")


def test_a_study_that_was_read_needs_no_tables(tiny_folder: Path) -> None:
    model = sdmodel.read_model(tiny_folder)
    study = sdmodel.read_study(tiny_folder / "runs" / "shares" / "study.toml")
    named = sdmodel.sensitivity(model, tiny_folder / "runs" / "shares" / "study.toml")
    read = sdmodel.sensitivity(model, study)
    assert read.indices().equals(named.indices())


@pytest.fixture(scope="module")
def what_if(
    tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, _own_cache: None
) -> Path:
    out = tmp_path_factory.mktemp("run") / "out"
    asked = ["run", "drg", "--set", "premium=500", "--model", str(tiny_folder)]
    assert main([*asked, "--out", str(out)]) == 0
    return out


def test_report_is_called_and_imported(what_if: Path, tmp_path: Path) -> None:
    page = sdmodel.report(what_if, to="html", lang="en", out=tmp_path / "page.html")
    assert page == tmp_path / "page.html"
    assert sdmodel.report(str(what_if)) == what_if / "report.html"
    assert importlib.import_module("sdmodel.report.build").__name__.endswith("build")
    with pytest.raises(UsageError, match="not yet available"):
        sdmodel.report(what_if, to="pdf")
    with pytest.raises(UsageError, match="available: en"):
        sdmodel.report(what_if, lang="eng")
    with pytest.raises(ResultsError, match="no such run folder"):
        sdmodel.report(tmp_path / "nowhere")


def test_a_what_if_makes_a_page_without_claims_on_certainty(what_if: Path) -> None:
    text = sdmodel.report(what_if).read_text(encoding="utf-8")
    assert "No sample of the uncertainties was drawn" in text
    assert "Who gains and who loses" in text
    assert "nan" not in text.split("</style>")[1].split("<svg")[0].lower().split()
    assert "5 to 95 %" not in text
    assert "nine of ten" not in text


def test_a_comparison_makes_a_page_too(tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ["compare", "baseline", "drg", "--model", str(tiny_folder)]
    assert main([*asked, "--out", str(out)]) == 0
    text = sdmodel.report(out).read_text(encoding="utf-8")
    assert "Side by side: " in text
    assert 'id="fig-differences"' in text
    assert "5 to 95 %" not in text


def test_the_baseline_alone_makes_a_page(tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["run", "--model", str(tiny_folder), "--out", str(out)]) == 0
    text = sdmodel.report(out).read_text(encoding="utf-8")
    assert "Side by side" in text
    assert "The answer in short" not in text
