"""The page of a model that has nothing to do with health, in both languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from sdmodel.lab.build import build
from tests.lab.javascript import SETTLE
from tests.lab.test_access import TEXTS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

MODEL = """{UTF-8}
Population = INTEG(births - deaths, 1000) ~Person~|
births = Population*birth rate ~Person/Year~|
deaths = Population/life expectancy ~Person/Year~|
birth rate = 0.03 ~1/Year [0, 0.1]~|
life expectancy = 70 ~Year [40, 100]~|
%s
INITIAL TIME = 0 ~Year~|
FINAL TIME = 100 ~Year~|
TIME STEP = 0.25 ~Year~|
SAVEPER = 1 ~Year~|
"""
FISH = """Fish = INTEG(-catch, 500) ~Tonnes~|
catch = Fish*effort ~Tonnes/Year~|
effort = 0.01 ~1/Year [0, 0.1]~|
"""
OUTCOMES = """id,expression,summary,unit,label_en,label_zh,good,stakeholder
people,Population,final,Person,People,人口,neutral,Towns & villages
stock,Fish,final,Tonnes,Fish,鱼,up,渔业
landed,catch,total,Tonnes,Landed,捕捞量,up,渔业
"""
SIZE = {"width": 1100, "height": 800}
LATIN = re.compile(r"[A-Za-z]{3,}")


def lab_of(open_page: Any, folder: Path, fish: str, locale: str = "zh-CN") -> Any:
    """The page of the model in a folder."""
    model = folder / "water.mdl"
    model.write_text(MODEL % fish, "utf-8")
    page = build(model, folder / "lab.html").path
    lab = open_page(page, viewport=SIZE, locale=locale)
    lab.page.wait_for_function("() => Lab.now_results.base")
    return lab


def test_a_bare_page_in_chinese_is_chinese(open_page: Any, tmp_path: Path) -> None:
    lab = lab_of(open_page, tmp_path, "")
    title = lab.page.locator("#preset option").nth(1).inner_text()
    assert title == "模型文件中的取值"
    said = lab.page.locator("#design output").all_inner_texts()
    assert said == ["0.0300 每年", "70.0 年"]
    lab.run("() => Lab.set('birth rate', 0.04)")
    lab.run(SETTLE)
    names = r"birth rate|life expectancy|Population|English|water"
    left = [t for t in lab.run(TEXTS) if LATIN.search(re.sub(names, "", t))]
    assert left == []
    lab.run("() => Lab.setLanguage('en')")
    lab.run(SETTLE)
    said = lab.page.locator("#design output").all_inner_texts()
    assert said == ["0.0400 per year", "70.0 years"]


def test_a_bare_page_offers_only_what_it_has(open_page: Any, tmp_path: Path) -> None:
    lab = lab_of(open_page, tmp_path, "", "en-GB")
    page = lab.page
    assert page.locator("#tab-sure").count() == 0
    page.locator("#tab-explore").click()
    page.locator("svg.map").wait_for()
    assert page.locator(".the-plane").count() == 0
    picked = [s.input_value() for s in page.locator("#panel select").all()]
    assert picked[0] != picked[1]
    assert "draws" not in page.locator("#panel").inner_text()
    page.locator("#tab-about").click()
    page.locator("#panel", has_text="names no uncertainty").wait_for()
    assert "up to 0" not in page.locator("#panel").inner_text()
    lab.run("() => Lab.set('birth rate', 0.04)")
    lab.run(SETTLE)
    page.locator("#tab-why").click()
    page.locator("#panel table").wait_for()
    for place in ("#panel", "#legend"):
        assert "draws" not in page.locator(place).inner_text()


@pytest.mark.parametrize(("locale", "word"), [("en-GB", "draw"), ("zh-CN", "抽样")])
def test_designs_are_compared_without_draws(
    locale: str, word: str, open_page: Any, tmp_path: Path
) -> None:
    lab = lab_of(open_page, tmp_path, "", locale)
    for rate in (0.02, 0.03, 0.04):
        lab.run("(rate) => { Lab.set('birth rate', rate); Lab.pin(); }", rate)
        lab.run(SETTLE)
    lab.page.locator("#tab-compare").click()
    lab.page.locator("#panel table").nth(1).wait_for()
    assert word not in lab.page.locator("#panel").inner_text()
    first, *others = lab.page.locator("#panel table").nth(1).locator("td").all()
    assert first.inner_text()[0].isdigit()
    for cell in others:
        value, change = cell.inner_text().split("\n")
        assert value[0].isdigit()
        assert change.startswith("+")


def test_a_plane_has_two_outcomes_and_unknown_units_stay(
    open_page: Any, tmp_path: Path
) -> None:
    lab = lab_of(open_page, tmp_path, FISH)
    page = lab.page
    page.locator("#tab-explore").click()
    page.locator("svg.plane").wait_for()
    picked = [s.input_value() for s in page.locator("#panel select").all()]
    assert picked[:2] == ["Population", "Fish"]
    number = page.locator(".number", has_text="Tonnes")
    assert number.get_attribute("lang") == "en"
    page.locator("svg.plane .dot.mine").hover()
    assert "Tonnes" in page.locator(".read-below").inner_text()


def test_boards_are_named_by_whom_the_model_names(
    open_page: Any, tmp_path: Path
) -> None:
    (tmp_path / "outcomes.csv").write_text(OUTCOMES, "utf-8")
    lab = lab_of(open_page, tmp_path, FISH, "en-GB")
    heads = lab.page.locator(".board h3")
    assert heads.all_inner_texts() == ["Towns & villages", "渔业"]
    assert heads.nth(1).get_attribute("lang") == "zh"
    board = lab.page.locator(".board").nth(1)
    assert board.locator("select option").all_inner_texts() == ["Fish", "Landed"]
    board.locator("button.ask").click()
    lab.run(SETTLE)
    assert board.locator("dl.behind").is_visible()
