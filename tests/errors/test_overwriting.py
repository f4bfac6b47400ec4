"""No command writes over what it reads, what people write, or the record of a run."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

import sdmodel
from sdmodel.cli.main import main
from sdmodel.errors import UsageError
from sdmodel.lab.build import build
from sdmodel.study.places import SOURCES, model_tables
from tests.errors.conftest import check, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TINY = ("--model", "tiny")
FIT = ("grids", "--model", "consortium", "--fit", "local.csv", "--out")
REFUSED = {
    "report over the manifest": ("report", "jr", "--out", "jr/manifest.json"),
    "report over a result": ("report", "jr", "--out", "jr/results.nc"),
    "report over another run's page": ("report", "jr", "--out", "other/report.html"),
    "report over a scenario": ("report", "jr", "--out", "mine.toml"),
    "report through a link": ("report", "jr", "--out", "link.html"),
    "report into a sweep": ("report", "jr", "--out", "sw/chunks.jsonl"),
    "table over the manifest": ("run", *TINY, "--csv", "jr/manifest.json"),
    "table over its scenario": ("run", "mine.toml", *TINY, "--csv", "mine.toml"),
    "table over a scenario by a link": ("run", *TINY, "--csv", "link.csv"),
    "table over its model": ("run", "--model", "lone.mdl", "--csv", "lone.mdl"),
    "table of the model": ("run", *TINY, "--csv", "tiny/controls.csv"),
    "data of the model": ("run", "--model", "fed.mdl", "--csv", "feed.csv"),
    "table called as a scenario": ("run", *TINY, "--csv", "new.toml"),
    "table in the folder of results": ("run", *TINY, "--csv", "o/t.csv", "--out", "o"),
    "book over a model": ("book", *TINY, "--out", "victim.mdl"),
    "book over a model in XMILE": ("book", *TINY, "--out", "victim.STMX"),
    "book over a record": ("book", *TINY, "--out", "jr/outcomes.csv"),
    "lab over a model": ("lab", *TINY, "--out", "victim.mdl"),
    "lab over a table": ("lab", *TINY, "--out", "tiny/outcomes.csv"),
    "lab over a record": ("lab", *TINY, "--out", "jr/results.nc"),
    "grid over its table": (*FIT, "local.toml", "--fit", "local.toml"),
    "grid over a scenario": (*FIT, "mine.toml"),
    "grid over a grid by hand": (*FIT, "hand.toml"),
    "template as a scenario": ("grids", "--template", "new.toml"),
    "template over a file": ("grids", "--template", "local.csv"),
    "new over a scenario": ("new", "mine", "--from", "drg", *TINY),
    "results over a scenario": ("run", *TINY, "--out", "mine.toml"),
    "comparison among models": ("compare", "baseline", "drg", *TINY, "--out", "tiny"),
    "explanation among models": ("explain", "drg", "fund_balance", *TINY,
                                 "--out", "tiny"),
    "study among models": ("sensitivity", "st.toml", *TINY, "--out", "tiny"),
    "demo among models": ("demo", "--study", "st.toml", *TINY, "--out", "tiny"),
    "sweep over its values": ("sweep", "st.toml", *TINY, "--method",
                              "jr/outcomes.csv", "--out", "jr", "--restart"),
}  # fmt: skip
HOST = {"results over a scenario"}
"""A file where a folder is needed ends with 3, as everywhere."""
APART = {"table in the folder of results", "sweep over its values"}
STUDY = """model = "tiny/tiny.mdl"
scenarios = ["baseline"]
outcomes = ["fund_balance"]
[design]
method = "morris"
n = 8
"""


@pytest.fixture
def full(
    place: Path, consortium_folder: Path, capsys: pytest.CaptureFixture[str]
) -> Path:
    """A folder with models, scenarios, tables, a run, and a sweep that was stopped."""
    example = consortium_folder / "grids" / "example" / "local-statistics.csv"
    shutil.copy(example, "local.csv")
    shutil.copy(example, "local.toml")
    for name in ("lone.mdl", "victim.mdl", "victim.STMX"):
        shutil.copy(place / "tiny" / "tiny.mdl", name)
    (place / "fed.mdl").write_text(
        "a = GET DIRECT CONSTANTS('feed.csv', ',', 'B2') ~ Dmnl ~ |\n"
        "INITIAL TIME = 0 ~ ~ |\nFINAL TIME = 2 ~ ~ |\nTIME STEP = 1 ~ ~ |\n"
        "SAVEPER = 1 ~ ~ |\n",
        encoding="utf-8",
    )
    (place / "feed.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    (place / "mine.toml").write_text('title = "mine"\nfrom = "drg"\n', "utf-8")
    (place / "hand.toml").write_text('title = "by hand"\nscale = 2.0\n', "utf-8")
    (place / "st.toml").write_text(STUDY, encoding="utf-8")
    assert main(["run", *TINY, "--out", "jr"]) == 0
    for name in ("other", "sw"):
        shutil.copytree("jr", name)
    record = (place / "sw" / "manifest.json").read_text("utf-8")
    record = record.replace('"kind": "run"', '"kind": "sweep"')
    (place / "sw" / "manifest.json").write_text(record, encoding="utf-8")
    (place / "sw" / "chunks.jsonl").write_text("{}\n", encoding="utf-8")
    (place / "link.html").symlink_to("jr/manifest.json")
    (place / "link.csv").symlink_to("mine.toml")
    capsys.readouterr()
    return place


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_lost_is_refused(
    case: str, full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if case == "sweep over its values":
        (full / "jr" / "outcomes.csv").write_text("DRG saving\n0.1\n", "utf-8")
    before = tree(full)
    ended = main(list(REFUSED[case]))
    out, err = capsys.readouterr()
    check(3 if case in HOST else 2, (), ended, out, err)
    assert len(err.splitlines()) == 1
    assert ("replaced as a whole" in err) == (case in APART)
    assert tree(full) == before


def sweep_of_a_table() -> None:
    model = sdmodel.read_model("tiny")
    sdmodel.sweep(model, "table.toml", "jr", restart=True)


PYTHON: dict[str, Callable[[], object]] = {
    "report over a result": lambda: sdmodel.report("jr", out="jr/results.nc"),
    "report over a scenario": lambda: sdmodel.report("jr", out="mine.toml"),
    "report over another run's page": lambda: sdmodel.report(
        "jr", out="other/report.html"
    ),
    "lab over a table": lambda: build("tiny", "tiny/outcomes.csv"),
    "lab over a table of a model": lambda: build(
        sdmodel.read_model("tiny"), "tiny/outcomes.csv"
    ),
    "lab over a model": lambda: build("tiny", "victim.mdl"),
    "sweep over its values": sweep_of_a_table,
}


@pytest.mark.parametrize("case", PYTHON)
def test_python_refuses_it_too(case: str, full: Path) -> None:
    values = full / "jr" / "outcomes.csv"
    values.write_text("DRG saving\n0.1\n", "utf-8")
    study = STUDY.replace('"morris"\nn = 8', '"jr/outcomes.csv"')
    (full / "table.toml").write_text(study, "utf-8")
    before = tree(full)
    with pytest.raises(UsageError):
        PYTHON[case]()
    assert tree(full) == before


@pytest.mark.parametrize(
    "args",
    [
        ("run", *TINY, "--csv", "t.csv"),
        ("run", *TINY, "--csv", "new/t.csv", "--out", "r"),
        ("book", *TINY, "--out", "b.html"),
        ("report", "jr"),
        ("report", "jr", "--out", "jr/report.html"),
        ("report", "jr", "--out", "page.html"),
        ("run", *TINY, "--out", "jr"),
    ],
)
def test_own_work_is_written_anew(
    args: tuple[str, ...], full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert full.is_dir()
    for _ in range(2):
        assert main(list(args)) == 0, capsys.readouterr().err


def test_a_grid_that_was_fitted_is_fitted_anew(
    full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (full / "my.toml").write_text("[fit]\npopulation = {wanted = 1.0}\n", "utf-8")
    assert main([*FIT, "my.toml"]) == 0, capsys.readouterr().err
    assert "[fit]" in (full / "my.toml").read_text("utf-8")


def test_another_program_s_manifest_is_no_record(place: Path) -> None:
    (place / "manifest.json").write_text('{"name": "app", "kind": 1}', "utf-8")
    assert main(["run", *TINY, "--csv", "t.csv"]) == 0
    assert main(["run", *TINY, "--csv", "t.csv"]) == 0
    assert (place / "t.csv").is_file()


@pytest.mark.skipif(not hasattr(os, "link"), reason="no hard links here")
def test_two_names_of_one_file_are_one_file(
    full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.link(full / "feed.csv", full / "same.csv")
    assert main(["run", "--model", "fed.mdl", "--csv", "same.csv"]) == 2
    assert "reads this file" in capsys.readouterr().err


def test_every_table_of_the_shipped_model_is_guarded(consortium_folder: Path) -> None:
    files = {path for path in consortium_folder.rglob("*") if path.is_file()}
    guarded = {*model_tables(consortium_folder)}
    left = {p for p in files if p not in guarded and p.suffix not in (*SOURCES, ".md")}
    assert not left
