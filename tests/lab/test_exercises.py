"""The exercises: eight, in both languages, their keys computed from the model."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import UsageError
from sdmodel.experiments.bands import bands
from sdmodel.experiments.space import drawable, make_space
from sdmodel.experiments.whatif import evaluate
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.classpack import write_papers
from sdmodel.lab.exercises import DRAWS, SEED, answer, read_exercises
from sdmodel.lab.figures import WORDS, verdict
from sdmodel.study.outcomes import parse_key
from sdmodel.study.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.workbook import Workbook


@pytest.fixture(scope="module")
def book() -> Workbook:
    return open_workbook("consortium")


def test_there_are_eight_of_a_lesson_each(book: Workbook) -> None:
    exercises = read_exercises(book)
    assert len(exercises) == 8
    for exercise in exercises:
        assert 20 <= exercise.minutes <= 40
        assert len(exercise.steps) >= 4
        assert len(exercise.asks) >= 3


def test_every_scenario_runs(book: Workbook) -> None:
    keys = [parse_key("fund_balance", book.outcomes, book.model)]
    for exercise in read_exercises(book):
        scenarios = [
            Scenario(id=id, title={}, story={}, values=values, evidence={}, path=None)
            for id, values in exercise.values.items()
        ]
        found = evaluate(book.model, scenarios, keys)
        assert not found.bad_runs()


def test_a_key_says_what_the_model_says(book: Workbook) -> None:
    exercise = read_exercises(book)[0]
    text = answer(book, (exercise,)).texts[exercise.id][0][1]["en"]
    found = re.match(
        r"Charge per admission: (\S+) CNY per admission \((\S+) to (\S+)\), ([\w ]+)\.",
        text,
    )
    assert found
    shown = [float(n.replace("−", "-").replace(",", "")) for n in found.groups()[:3]]
    key = parse_key("cost_per_admission", book.outcomes, book.model)
    values = {id: exercise.values[id] for id in ("A", "B")}
    space = make_space([c for c in drawable(book.controls) if c.role == "uncertainty"])
    spread = bands(book.model, values, [key], space, runs=DRAWS, seed=SEED)
    table = spread.difference_table("A").query("scenario == 'B'")
    low, high = table[["change_p5", "change_p95"]].to_numpy(float)[0]
    assert shown[1:] == pytest.approx([low, high], abs=1)
    direction = verdict("down", low, high)
    assert found[4] == WORDS["en"][direction]


def test_a_direction_is_named_only_where_the_draws_agree() -> None:
    assert verdict("up", -1.0, 2.0) == "unclear"
    assert verdict("up", 1.0, 2.0) == "better"
    assert verdict("down", 1.0, 2.0) == "worse"
    assert verdict("up", -2.0, 0.0) == "worse"
    assert verdict("neutral", 1.0, 2.0) == "changed"
    assert verdict("up", 0.0, 0.0) == "same"
    assert verdict("up", math.nan, 2.0) == "unclear"


def test_papers_come_in_both_languages_with_no_hole_left(
    book: Workbook, tmp_path: Path
) -> None:
    exercises = read_exercises(book)[:1]
    papers = write_papers(book, exercises, tmp_path / "class")
    assert sorted(path.name for path in papers) == [
        "keys-en.html",
        "keys-zh.html",
        "worksheets-en.html",
        "worksheets-zh.html",
    ]
    for path in papers:
        body = re.sub(r"<style>.*?</style>", "", path.read_text("utf-8"), flags=re.S)
        assert "{" not in body
        chinese = bool(re.search(r"[\u4e00-\u9fff]", body))
        assert chinese == path.name.endswith("zh.html")
    worksheet = (tmp_path / "class" / "worksheets-en.html").read_text("utf-8")
    assert "direction unsure" not in worksheet


def test_a_model_without_exercises_has_no_class_pack(
    book: Workbook, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="has no exercises"):
        write_papers(book, (), tmp_path / "class")
    assert not (tmp_path / "class").exists()
