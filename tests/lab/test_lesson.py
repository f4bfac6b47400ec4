"""An exercise done in the page as its worksheet says, with the teacher's key beside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.exercises import read_exercises
from sdmodel.lab.keys import answer
from tests.lab.javascript import SETTLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

READY = "() => Lab.now_results.bands && !Lab.now_results.bands.old"
LANGUAGES = {
    "en": ("en-GB", "Set and pin: {}:", "Compare against: C:", r"\d+ % by 2040"),
    "zh": ("zh-CN", "设置并固定：{}：", "对照比较：C：", r"到2040年为\d+%"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("id", ["3-strictness-risk", "6-fund"])
def test_who_follows_the_steps_reads_the_numbers_of_the_key(
    open_page: Any, lab_file: Path, id: str, language: str
) -> None:
    locale, pin, against, by_2040 = LANGUAGES[language]
    book = open_workbook("consortium")
    exercise = next(e for e in read_exercises(book) if e.id == id)
    key = [text[language] for _, text in answer(book, (exercise,)).texts[id]]
    size = {"width": 1280, "height": 800}
    lab = open_page(lab_file, viewport=size, locale=locale)
    page = lab.page
    page.wait_for_function(READY)
    page.locator("#go-learn").click()
    lab.run("(id) => Lab.change({ exercise: id }, 'exercise')", id)
    lab.run(SETTLE)
    panel = page.locator("#panel")
    asked = panel.locator("ol.questions li").all_inner_texts()
    assert asked == [ask.question[language] for ask in exercise.asks]
    chances = []
    for n, letter in enumerate(exercise.values):
        panel.get_by_role("button", name=pin.format(letter)).click()
        page.wait_for_function(f"() => Lab.state.pins.length === {n + 1}")
        lab.run(SETTLE)
        page.wait_for_function(READY)
        lab.run(SETTLE)
        risk = re.search(by_2040, page.locator(".board.fund .risk").inner_text())
        assert risk
        chances.append(re.sub("到?2040年?为?| by ", "", risk[0]))
    if id == "6-fund":
        assert re.findall(r"\d+ ?%", key[0]) == chances
    panel.get_by_role("button", name=against).click()
    page.locator("#against").wait_for()
    table = panel.locator("table").last
    table.locator("small").first.wait_for()
    # Pins carry the titles of their steps, without a second letter.
    heads = table.locator("thead th").all_inner_texts()
    for letter, title in exercise.titles.items():
        name = re.sub("^[A-F][:：] ?", "", title[language])
        assert any(head.startswith(f"{letter} {name}") for head in heads), heads
    # The last column is D against C: the key gives it in the same words.
    labels = {
        o.id: o.label_en if language == "en" else o.label_zh for o in book.outcomes
    }
    rows = {
        row.inner_text().partition("\t")[0]: row for row in table.locator("tr").all()
    }
    compared = 0
    for outcome in exercise.outcomes:
        row = next(
            row for name, row in rows.items() if name.startswith(labels[outcome])
        )
        shown = row.locator("small").last.inner_text().split(maxsplit=1)[1]
        compared += any(shown in text for text in key)
    assert compared >= (1 if id == "3-strictness-risk" else 3)
