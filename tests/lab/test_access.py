"""The page for everyone: languages, keyboard, screen readers, phones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.javascript import SETTLE, STILL

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

DRAWN = "() => Lab.now_results.bands && !Lab.now_results.bands.old"
TABS = ("sure", "why", "compare", "flow", "explore", "learn", "share", "about")

# Text that stands on the page, but not what is marked as being in another language.
TEXTS = """() => {
  const lang = document.documentElement.lang;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (holder.closest("script, style, noscript, .mono, pre")) continue;
    const own = holder.closest("[lang]").lang;
    if (own !== lang) continue;
    if (node.textContent.trim()) found.push(node.textContent.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [title]")) {
    if (element.closest("[lang]").lang !== lang) continue;
    found.push(element.getAttribute("aria-label") || "", element.title || "");
  }
  return found;
}"""


CHINESE = re.compile(r"[\u3400-\u9fff]")
WORD = re.compile(r"[A-Za-z]{3,}")
# What Chinese writes in Latin letters: abbreviations, authors and journals of sources,
# what stands in brackets.
KEPT = re.compile(
    r"DRG|DIP|COVID|GDP|PACE|ACO|HMO|PCMH|QR|CSV|PNG|NHC|NHSA|PMC\w*|Docrates|English"
    r"|Gao|Han|Zhou|BMJ GH|Health Policy|sdmodel run design|\.toml|\.csv"
    r"|[（(](?:[^（）()]|[（(][^（）()]*[）)])*[）)]"
)


@pytest.fixture
def lab(open_page: Any, lab_file: Path) -> Any:
    """The page with its engine started."""
    size = {"width": 1280, "height": 800}
    opened = open_page(lab_file, viewport=size, locale="en-GB")
    opened.page.wait_for_function("() => Lab.now_results.base")
    return opened


def visit(lab: Any) -> list[str]:
    """Open all there is to open and gather the texts."""
    lab.run(
        """() => {
      Lab.choose("capitation");
      Lab.set("real income growth", 0.03);
      document.querySelectorAll("#levers details").forEach((d) => (d.open = true));
    }"""
    )
    lab.run(STILL)
    lab.run(
        """() => {
      [...document.querySelectorAll("#design .info")].forEach((d) => (d.open = true));
      document.querySelectorAll("#assumption-list .info").forEach((d, i) => {
        if (i % 9 === 0) d.open = true;
      });
      document.querySelectorAll(".board .buttons button:first-child")
        .forEach((b) => b.click());
    }"""
    )
    lab.page.wait_for_function(
        "() => Lab.now_results.bands && !Lab.now_results.bands.old"
    )
    texts: list[str] = []
    for tab in TABS:
        lab.run("(tab) => Lab.openTab(tab)", tab)
        lab.run(STILL)
        texts += lab.run(TEXTS)
    for exercise in lab.run("() => Lab.data.exercises.map((e) => e.id)"):
        lab.run(
            "(e) => { Lab.openTab('learn'); Lab.change({exercise: e}, 'exercise'); }",
            exercise,
        )
        lab.run(SETTLE)
        texts += lab.run(TEXTS)
    return texts


def test_no_text_is_left_in_the_wrong_language(lab: Any) -> None:
    english = visit(lab)
    assert len(english) > 1000
    assert [text for text in english if CHINESE.search(text)] == []
    lab.page.locator("#language").click()
    lab.run(SETTLE)
    assert lab.run("() => document.documentElement.lang") == "zh-Hans"
    left = [text for text in visit(lab) if WORD.search(KEPT.sub("", text))]
    assert left == []


def test_years_are_years_in_both_languages(lab: Any) -> None:
    for language in ("en", "zh"):
        lab.run("(l) => Lab.setLanguage(l)", language)
        lab.run(SETTLE)
        text = lab.page.locator("#boards").inner_text()
        assert "2040" in text
        assert "2,040" not in text


def test_it_can_be_worked_by_keyboard_alone(lab: Any) -> None:
    page = lab.page
    page.locator("#preset").focus()
    page.keyboard.press("ArrowDown")
    lab.run(SETTLE)
    assert lab.run("() => Lab.state.preset") != "baseline"
    lab.run("() => Lab.choose('baseline')")
    for _ in range(40):
        page.keyboard.press("Tab")
        if lab.run("() => document.activeElement.type === 'range'"):
            break
    before = lab.run("() => document.activeElement.value")
    page.keyboard.press("ArrowRight")
    lab.run(SETTLE)
    assert lab.run("() => document.activeElement.value") != before
    assert lab.run("() => Object.keys(Lab.state.values).length") > 0
    ring = lab.run("() => getComputedStyle(document.activeElement).outlineStyle")
    assert ring != "none"
    page.wait_for_function("() => document.getElementById('said').textContent")
    page.locator(".board svg.chart").first.focus()
    page.keyboard.press("ArrowLeft")
    page.locator(".board .read", has_text="2039").first.wait_for()
    page.locator("#tab-sure").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    lab.run(SETTLE)
    assert lab.run("() => Lab.state.tab") == "why"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scheme: str, open_page: Any, lab_file: Path) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe-playwright-python"
    )
    locale = "en-GB" if scheme == "light" else "zh-CN"
    lab = open_page(lab_file, color_scheme=scheme, locale=locale)
    lab.page.wait_for_function("() => Lab.now_results.bands")
    lab.run(
        """() => { Lab.choose("capitation"); Lab.pin(); Lab.choose("drg"); Lab.pin();
      document.querySelectorAll("#design-how details, #assumptions")
        .forEach((d) => (d.open = true)); }"""
    )
    lab.page.wait_for_function(DRAWN)
    tabs = TABS if scheme == "light" else ("sure", "learn", "compare")
    for tab in (None, *tabs):
        lab.run("(tab) => Lab.openTab(tab)", tab)
        lab.run(STILL)
        # The page is looked at as a whole once, then each panel by itself.
        found = axe.Axe().run(lab.page, context="#panel" if tab else None)
        serious = [
            (v["id"], v["nodes"][0]["target"], v["nodes"][0]["failureSummary"])
            for v in found.response["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert serious == [], tab


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_a_phone_shows_it_without_scrolling_sideways(
    locale: str, open_page: Any, lab_file: Path
) -> None:
    size = {"width": 360, "height": 740}
    lab = open_page(lab_file, viewport=size, locale=locale, has_touch=True)
    lab.page.wait_for_function("() => Lab.now_results.bands")
    lab.run("() => Lab.choose('luohu')")
    assert lab.page.locator("#strip").is_visible()
    for tab in (None, *TABS):
        lab.run("(tab) => Lab.openTab(tab)", tab)
        lab.run(STILL)
        assert lab.run("() => document.scrollingElement.scrollWidth") <= 360, tab
