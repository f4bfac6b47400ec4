"""The exercises: eight, in both languages, their keys computed from the model."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import UsageError
from sdmodel.experiments.ensemble import Ensemble, crossed
from sdmodel.experiments.notice import Measure
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.classpack import write_papers
from sdmodel.lab.draws import SHOWN, draws_document
from sdmodel.lab.exercises import as_document, parse_condition, read_exercises
from sdmodel.lab.figures import figures_of
from sdmodel.lab.keys import answer, figure, numbers, tell
from sdmodel.study.outcomes import parse_key

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sdmodel.experiments.workbook import Workbook
    from sdmodel.lab.exercises import Exercise
    from sdmodel.lab.keys import Numbers

# Words that say which way a number goes: none may stand where no number is asked.
DIRECTIONS = {
    "en": r"\b(more|less|fewer|higher|lower|rises?|falls?|longer|shorter|cheaper|gains?"
    r"|saves?|saved|better|worse|increas\w+|decreas\w+|grows?)\b",
    "zh": "上升|下降|提高|降低|增加|减少|变长|变短|改善|恶化|更高|更低|更多|更少",
}
# What a text of a key may say of structure: no model run could make it false.
STRUCTURE = ("the loser named", "a mix is not a mean")


@pytest.fixture(scope="module")
def book() -> Workbook:
    return open_workbook("consortium")


@pytest.fixture(scope="module")
def exercises(book: Workbook) -> tuple[Exercise, ...]:
    return read_exercises(book)


@pytest.fixture(scope="module")
def found(book: Workbook, exercises: tuple[Exercise, ...]) -> dict[str, Numbers]:
    return numbers(book, exercises)


def test_there_are_eight_of_a_lesson_each(exercises: tuple[Exercise, ...]) -> None:
    assert len(exercises) == 8
    for exercise in exercises:
        assert 20 <= exercise.minutes <= 40
        assert len(exercise.steps) >= 4
        assert len(exercise.asks) >= 3


def test_every_scenario_runs(found: dict[str, Numbers]) -> None:
    for one in found.values():
        for (_, key), values in one.drawn.items():
            assert key == one.crossing or np.isfinite(values).all()


def test_pins_get_the_letters_of_the_designs(exercises: tuple[Exercise, ...]) -> None:
    for exercise in exercises:
        pinned: list[str] = []
        reached = {id for id, values in exercise.values.items() if not values}
        for step in exercise.steps:
            if step.get("pin") and "scenario" in step:
                pinned.append(step["scenario"])
                assert pinned == list("ABCDEF"[: len(pinned)])
            if "against" in step:
                assert step["against"] in pinned
            reached.add(step.get("scenario", "A"))
        # What a key speaks of, some step has shown.
        for ask in exercise.asks:
            for first, id, _ in ask.terms:
                assert {first, id} <= reached | {""}


def test_a_key_stands_on_the_draws_of_the_page(
    book: Workbook, exercises: tuple[Exercise, ...], found: dict[str, Numbers]
) -> None:
    page = draws_document(book.controls)
    table = np.frombuffer(base64.b64decode(page["values"]), dtype="<f4")
    rows = table.astype(float).reshape(page["n"], -1)[: page["shown"]]
    assert page["shown"] == SHOWN == len(rows)
    exercise = next(e for e in exercises if e.id == "6-fund")
    ids = ["fund_depletion_year", "fund_balance"]
    keys = [parse_key(id, book.outcomes, book.model) for id in ids]
    designs = list(exercise.values.values())
    inputs = crossed(book.model, designs, page["names"], rows)
    values, _, _ = Ensemble(book.model, {}).courses(keys, inputs, [0])
    cube = values.reshape(len(designs), SHOWN, 2)
    key = answer(book, (exercise,)).texts[exercise.id]
    chances = [f"{100 * np.mean(~np.isnan(cube[i, :, 0])):.0f} %" for i in range(4)]
    assert re.findall(r"\d+ %", key[0][1]["en"]) == chances
    change = cube[3, :, 1] - cube[2, :, 1]
    low, high = np.quantile(change, (0.05, 0.95))
    assert found[exercise.id].ends(("D", "C", "fund_balance")) == (low, high)
    shown = re.search(r"balance \+[\d.]+ billion CNY \(\+([\d.]+) to", key[1][1]["en"])
    assert shown
    assert float(shown[1]) == pytest.approx(low / 1e9, abs=0.005)


def test_a_direction_is_named_only_where_the_draws_agree(
    found: dict[str, Numbers],
) -> None:
    one = found["3-strictness-risk"]
    flat, term = np.full(500, 100.0), ("B", "A", "spending_per_capita")

    def said(change: NDArray[np.float64], central: float) -> str:
        drawn = {("A", term[2]): flat, ("B", term[2]): flat + change}
        values = {("A", term[2]): 100.0, ("B", term[2]): 100.0 + central}
        return replace(one, drawn=drawn, central=values).direction(term)

    assert said(np.linspace(-1.0, 2.0, 500), 1.5) == "unclear"
    assert said(np.linspace(2.0, 4.0, 500), 3.0) == "worse"
    assert said(np.linspace(-4.0, -2.0, 500), -3.0) == "better"
    # Sure, and of no size; sure, and the draws say the opposite of the central run.
    assert said(np.linspace(0.2, 0.4, 500), 0.3) == "same"
    assert said(np.linspace(2.0, 4.0, 500), -3.0) == "unclear"
    # The 5 % quantile lies above zero by less than the sampling error of 500 draws.
    assert said(np.linspace(-0.19, 4.0, 500), 2.0) == "edge"
    assert said(flat * math.nan, 3.0) == "unclear"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_direction_is_named_but_under_a_condition(
    exercises: tuple[Exercise, ...], language: str
) -> None:
    for exercise in exercises:
        for ask in exercise.asks:
            text = ask.answer[language].lower()
            for allowed in STRUCTURE:
                text = text.replace(allowed, "")
            assert not re.search(DIRECTIONS[language], text), text


def test_what_is_said_follows_the_numbers(
    book: Workbook, exercises: tuple[Exercise, ...], found: dict[str, Numbers]
) -> None:
    figures = figures_of(book, "en")
    turned = 0
    for exercise in exercises:
        one = found[exercise.id]
        mirror = replace(one, drawn={k: -v for k, v in one.drawn.items()})
        for ask in exercise.asks:
            text, other = tell(ask, one, figures), tell(ask, mirror, figures)
            for say in ask.says:
                plain = say.text["en"]
                assert (plain in text) == all(map(one.holds, say.when))
                sure = [c for c in say.when if c.sign in ("rises", "falls")]
                spoken = [c for c in sure if c.term[2] != "chance"]
                if plain in text and spoken:
                    # The same numbers with the other sign never bear it.
                    assert plain not in other
                    turned += 1
    assert turned >= 8


def test_a_condition_reads_sign_and_order(found: dict[str, Numbers]) -> None:
    one = found["3-strictness-risk"]
    drawn = {
        ("A", "x"): np.zeros(100),
        ("B", "x"): np.linspace(1.0, 2.0, 100),
        ("C", "x"): np.linspace(-1.0, 1.0, 100),
    }
    central = {key: float(np.median(values)) for key, values in drawn.items()}
    rules = {"x": Measure("up")}
    one = replace(one, drawn=drawn, central=central, measures=rules)

    def holds(text: str) -> bool:
        return one.holds(parse_condition(text))

    assert holds("B-A:x rises")
    assert holds("A-B:x falls")
    assert holds("C-A:x unsure")
    assert holds("A-A:x same")
    assert holds("B:x above C:x")
    assert holds("C:x below B-A:x")
    assert holds("C:x beside A:x")
    assert not holds("B-A:x unsure")
    with pytest.raises(ValueError, match="no condition; allowed: 'B-A:outcome rises"):
        parse_condition("B-A:x goes up")


def test_every_figure_has_both_languages(
    book: Workbook, exercises: tuple[Exercise, ...], found: dict[str, Numbers]
) -> None:
    zh = figures_of(book, "zh")
    for exercise in exercises:
        for ask in exercise.asks:
            for term in ask.terms:
                text = figure(term, found[exercise.id], zh)
                assert not re.search(r"[a-z]", text), text


def test_papers_come_in_both_languages_with_no_hole_left(
    book: Workbook, exercises: tuple[Exercise, ...], tmp_path: Path
) -> None:
    papers = write_papers(book, exercises[:1], tmp_path / "class")
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
    # Shares as the page writes them; every pin with the levers that it needs.
    assert "0.95" not in worksheet
    assert "DIP share of inpatient care 0 %" in worksheet
    assert worksheet.count("Pin it as ") == 3
    assert re.search(
        r"Set B: DRG share of inpatient care 95 %.*\n.*Pin it as B", worksheet
    )
    assert "95%" in (tmp_path / "class" / "worksheets-zh.html").read_text("utf-8")


def test_the_page_holds_the_questions_and_no_key(
    exercises: tuple[Exercise, ...],
) -> None:
    for exercise in exercises:
        page = as_document(exercise)
        assert page["questions"] == [dict(ask.question) for ask in exercise.asks]
        assert set(page["outcomes"]) == set(exercise.outcomes)
        for ask in exercise.asks:
            assert ask.answer["en"] not in str(page)


def test_a_model_without_exercises_has_no_class_pack(
    book: Workbook, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="has no exercises"):
        write_papers(book, (), tmp_path / "class")
    assert not (tmp_path / "class").exists()


def test_amounts_of_an_exercise_are_those_of_the_grid() -> None:
    """On half the people, half the seats: within that grid's slider, share alike."""
    own, half = (
        {e.id: e for e in read_exercises(open_workbook(name))}["4-gatekeeping"]
        for name in ("consortium", "consortium@county-half-million")
    )
    seats = [
        (own.values[id]["training seats"], half.values[id]["training seats"])
        for id in own.values
        if "training seats" in own.values[id]
    ]
    assert seats
    assert all(isinstance(h, float) and t == 0.5 * h for h, t in seats)
