"""checks.toml is read strictly: what is wrong is told at once, by place."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import DataError
from sdmodel.study.checks_file import read_checks
from sdmodel.study.controls import read_controls
from sdmodel.study.design import Schedule
from sdmodel.study.outcomes import read_outcomes

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.model.core import Model
    from sdmodel.study.checks import Checks

RUNS = """
[runs]
plain = {}
paid = { scenario = "drg", set = { "trust delay" = 2, premium = "440@2026..500@2030" } }
"""
CHECK = """
[[check]]
id = "T1"
title = { en = "Trust", zh = "信任" }
claim = { en = "More trust, more visits.", zh = "信任越高，就诊越多。" }
source = "arithmetic"
  [[check.compare]]
  says = { en = "Change", zh = "变化" }
  of = "primary_visit_share@2035"
  figure = "paid / plain - 1"
  relation = ">"
  bound = 0.0
  unit = "%"
"""


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "tiny")


def read(folder: Path, model: Model, text: str) -> Checks:
    (folder / "checks.toml").write_text(text, "utf-8")
    controls = read_controls(folder, model)
    return read_checks(folder, model, controls, read_outcomes(folder, model))


def test_runs_and_measures_are_what_they_say(folder: Path, tiny: Model) -> None:
    found = read(folder, tiny, RUNS + CHECK)
    assert found.runs["paid"].values["trust delay"] == 2.0
    assert found.runs["paid"].values["premium"] == Schedule((2026, 2030), (440, 500))
    (check,) = found.checks
    (comparison,) = check.comparisons
    assert check.runs == ("paid", "plain")
    measure = comparison.measures["paid"]
    assert (measure.run, measure.year) == ("paid", 2035.0)
    assert set(measure.expression.names) == {"visits[primary]", "visits[tertiary]"}


@pytest.mark.parametrize(
    ("relation", "bound", "value", "holds"),
    [
        (">", "0.5", 0.5, False),
        (">=", "0.5", 0.5, True),
        ("<", "0.5", 0.4, True),
        ("<=", "0.5", 0.6, False),
        ("between", "[0.1, 0.5]", 0.5, True),
        ("between", "[0.1, 0.5]", 0.6, False),
        ("=", "0.5", 0.5, True),
        ("=", "0.5", 0.51, False),
        (">", "0.5", float("nan"), False),
        ("=", "0.5", float("nan"), False),
    ],
)
def test_relations(
    relation: str, bound: str, value: float, holds: bool, folder: Path, tiny: Model
) -> None:
    text = CHECK.replace('">"', f'"{relation}"').replace(
        "bound = 0.0", f"bound = {bound}"
    )
    (check,) = read(folder, tiny, RUNS + text).checks
    assert check.comparisons[0].holds(value) is holds


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[runs]", "[rnus]", ("unknown key 'rnus'", "nearest: 'runs'")),
        ('"drg"', '"dgr"', ("[runs.paid]", "nearest: 'drg'")),
        ('"trust delay"', '"trust dely"', ("[runs.paid]", "nearest: 'trust delay'")),
        ('" = 2,', '" = 900,', ("outside 1 … 10", "outside = true")),
        ('" = 2,', '" = true,', ("[runs.paid]", "true or false")),
        ("paid / plain", "pair / plain", ("check 'T1'", "nearest: 'paid'")),
        ('"paid / plain - 1"', "'\"x in paid\" / plain'", ("'x'", "no variable")),
        ('of = "primary_visit_share@2035"', "", ("of what", "compare 1")),
        ("share@2035", "share@2090", ("runs from 2020 to 2040",)),
        ("share@2035", "share@finale", ("nearest: 'final'",)),
        ('">"', '"=>"', ("allowed: >, >=",)),
        ("bound = 0.0", "bound = [0, 1]", ("'bound'", "allowed: a number")),
        ("bound = 0.0", "bound = nan", ("'bound'",)),
        ("bound = 0.0", "bond = 0.0", ("unknown key 'bond'", "nearest: 'bound'")),
        ("bound = 0.0", "bound = 0.0\n  tolerance = 1", ("belongs to '='",)),
        ('zh = "信任" }', 'zh = "" }', ("'title'", "both languages")),
        ('id = "T1"', "", ("'id' is missing",)),
        ('">"', '"both signs"', ("say how many: draws", "above 0")),
        ('id = "T1"', 'id = "T1"\ndraws = 3', ("draws = 3; allowed: 16 to",)),
    ],
)
def test_what_is_wrong_is_said(
    old: str, new: str, words: tuple[str, ...], folder: Path, tiny: Model
) -> None:
    text = (RUNS + CHECK).replace(old, new, 1)
    assert text != RUNS + CHECK
    with pytest.raises(DataError, match=r"checks\.toml") as caught:
        read(folder, tiny, text)
    for word in words:
        assert word in str(caught.value)


def test_all_problems_at_once_and_no_check_twice(folder: Path, tiny: Model) -> None:
    with pytest.raises(DataError, match="stands twice") as caught:
        read(folder, tiny, RUNS + CHECK + CHECK + CHECK.replace('">"', '"=>"'))
    assert len(caught.value.problems) == 2
    with pytest.raises(DataError, match="no check"):
        read(folder, tiny, RUNS)
