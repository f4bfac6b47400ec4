"""The page on a phone, and under the keyboard: nothing hidden, no number alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.javascript import SETTLE, STILL

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

DRAWN = "() => Lab.now_results.bands && !Lab.now_results.bands.old"
PHONE = {"width": 360, "height": 740}
STRIP = """() => [...document.querySelectorAll("#strip .tile")].map((tile) =>
  [...tile.children].map((e) => [e.textContent, e.scrollWidth <= e.clientWidth]))"""

# Boxes that must not cover each other: labels, what they name, axes with their titles.
COVERED = """() => {
  const svg = document.querySelector("svg.plane");
  const box = (e) => e.getBoundingClientRect();
  const names = [...svg.querySelectorAll("text.name")];
  const rest = [...svg.querySelectorAll(".dot circle, .axis text"),
    ...[...svg.children].filter((e) => e.tagName === "text" && !names.includes(e))];
  const cross = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const found = [];
  names.forEach((name, i) => {
    for (const other of [...names.slice(i + 1), ...rest]) {
      if (cross(box(name), box(other)))
        found.push([name.textContent, other.textContent || other.tagName]);
    }
    const [a, b] = [box(name), box(svg)];
    if (a.left < b.left || a.right > b.right) found.push([name.textContent, "edge"]);
  });
  return [names.length, found];
}"""

# Focus every slider in turn, as the tabulator does, and say which the footer covers.
HIDDEN = """async () => {
  const wait = () =>
    new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const found = [];
  document.querySelectorAll("#design details").forEach((d) => (d.open = true));
  await wait();
  await wait();
  const sliders = [...document.querySelectorAll("#design input[type=range]")];
  for (const slider of sliders) {
    slider.focus();
    await wait();
    const box = slider.getBoundingClientRect();
    const foot = document.querySelector(".bottom").getBoundingClientRect().top;
    const strip = document.getElementById("strip").getBoundingClientRect();
    const top = strip.height ? strip.bottom : 0;
    if (box.bottom > foot || box.top < top)
      found.push([slider.id, box.top, box.bottom, top, foot]);
  }
  return [sliders.length, found];
}"""


# Marks of links that share more than a pixel with another text of their figure.
ON_EACH_OTHER = """() => {
  const covered = [];
  let shown = 0;
  for (const svg of document.querySelectorAll("svg.sankey")) {
    const all = [...svg.querySelectorAll("text")];
    const box = new Map(all.map((e) => [e, e.getBoundingClientRect()]));
    for (const mark of svg.querySelectorAll("text.mark")) {
      shown += 1;
      const a = box.get(mark);
      for (const other of all) {
        const b = box.get(other);
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (other !== mark && wide > 1 && high > 1)
          covered.push(`${mark.textContent} | ${other.textContent}`);
      }
    }
  }
  return [shown, covered];
}"""


def opened(open_page: Any, file: Path, locale: str, size: dict[str, int]) -> Any:
    """The page with capitation chosen and its bands drawn."""
    lab = open_page(file, viewport=size, locale=locale, reduced_motion="reduce")
    lab.page.wait_for_function("() => Lab.now_results.bands")
    lab.run("() => Lab.choose('capitation')")
    lab.run(SETTLE)
    lab.page.wait_for_function(DRAWN)
    lab.run(SETTLE)
    return lab


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_strip_gives_no_number_without_its_band(
    locale: str, open_page: Any, lab_file: Path
) -> None:
    lab = opened(open_page, lab_file, locale, PHONE)
    tiles = lab.run(STRIP)
    assert len(tiles) == 4
    for name, value, change, within in tiles:
        assert all(fits for _, fits in (name, value, change, within))
        assert name[0]
        assert value[0][0].isdigit()
        assert change[0][0] in "✓✗?"
        assert (" to " if locale == "en-GB" else " 至 ") in within[0]
    names = [name[0] for name, *_ in tiles]
    assert len(set(names)) == 4
    lab.run("() => Lab.choose('baseline')")
    lab.run(SETTLE)
    lab.page.wait_for_function(DRAWN)
    lab.run(SETTLE)
    for _, _, change, within in lab.run(STRIP):
        assert change[0] in ("going on as today", "延续现状")
        assert within[0].startswith("90 %" if locale == "en-GB" else "90%")


@pytest.mark.parametrize("tab", ["why", "flow", "learn", "share"])
def test_a_panel_opens_with_its_heading_in_sight(
    tab: str, open_page: Any, lab_file: Path
) -> None:
    lab = opened(open_page, lab_file, "en-GB", PHONE)
    lab.run("(tab) => Lab.openTab(tab)", tab)
    lab.page.locator("#panel h3").first.wait_for()
    lab.run(STILL)
    top, bottom = lab.run(
        """() => [document.querySelector("#panel h3").getBoundingClientRect().top,
        document.getElementById("strip").getBoundingClientRect().bottom]"""
    )
    assert bottom <= top < PHONE["height"] / 2


COUNTED = """() => {
  const ranges = [...document.querySelectorAll("#panel .parts .range")];
  return ranges.length && ranges.every((range) => range.textContent !== "…");
}"""


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("outcome", ["fund_balance", "spending_per_capita"])
def test_what_levers_add_needs_no_scrolling_sideways(
    outcome: str, locale: str, open_page: Any, lab_file: Path
) -> None:
    lab = opened(open_page, lab_file, locale, PHONE)
    lab.run("(id) => Lab.openTab('why', id)", outcome)
    lab.page.wait_for_function(COUNTED, timeout=90000)
    room, needed = lab.run(
        """() => { const t = document.querySelector("#panel .parts .scroll");
        return [t.clientWidth, t.scrollWidth]; }"""
    )
    assert needed <= room
    cells = lab.page.locator("#panel .parts tbody small.range").all_inner_texts()
    assert len(cells) == 3
    assert all((" to " if locale == "en-GB" else " 至 ") in cell for cell in cells)


@pytest.mark.parametrize("width", [360, 1280])
def test_labels_of_the_plane_cover_nothing(
    width: int, open_page: Any, lab_file: Path
) -> None:
    size = {"width": width, "height": 800}
    lab = opened(open_page, lab_file, "en-GB", size)
    lab.run("() => Lab.openTab('explore')")
    lab.page.locator("svg.plane").wait_for()
    count, covered = lab.run(COVERED)
    assert count > 1
    assert covered == []
    numbered = lab.page.locator("ol.numbered li").count()
    assert numbered >= count if width == 360 else numbered == 0


@pytest.mark.parametrize("width", [360, 1366])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_numbers_of_ways_lie_on_no_other_text(
    width: int, locale: str, open_page: Any, lab_file: Path
) -> None:
    size = {"width": width, "height": 768}
    lab = opened(open_page, lab_file, locale, size)
    lab.run("() => Lab.openTab('flow')")
    lab.page.locator("svg.sankey").nth(1).wait_for()
    shown, covered = lab.run(ON_EACH_OTHER)
    assert shown > 0
    assert covered == []
    assert lab.page.locator("ul.ways li").count() == 10


@pytest.mark.parametrize("width", [360, 1280])
def test_a_focused_slider_is_never_under_the_footer(
    width: int, open_page: Any, lab_file: Path
) -> None:
    lab = opened(open_page, lab_file, "en-GB", {"width": width, "height": 700})
    count, hidden = lab.run(HIDDEN)
    assert count > 40
    assert hidden == []


def test_the_legend_says_what_marks_and_lines_mean(
    open_page: Any, lab_file: Path
) -> None:
    size = {"width": 1280, "height": 800}
    lab = opened(open_page, lab_file, "en-GB", size)
    legend = lab.page.locator("#legend")
    assert "✓ better, ✗ worse, ? direction unsure" in legend.inner_text()
    assert "every assumption at its default" in legend.inner_text()
    fall = lab.page.locator(".board.patients .change").inner_text()
    assert re.match("[✓?] −", fall), "no arrow beside a sign that might contradict it"
    risk = lab.page.locator(".board.fund .risk").inner_text()
    assert "a fund each" in risk
    lab.run("() => Lab.set('real income growth', 0.03)")
    lab.run(SETTLE)
    assert "every assumption at its default" not in legend.inner_text()
    assert "all assumptions but those I moved" in legend.inner_text()
    lab.run("() => Lab.setLanguage('zh')")
    lab.run(SETTLE)
    assert "✓ 改善，✗ 恶化，? 方向不定" in legend.inner_text()
    lab.page.wait_for_function(DRAWN)
    lab.run(SETTLE)
    assert "各有一个基金" in lab.page.locator(".board.fund .risk").inner_text()


def test_a_revealed_band_is_in_the_legend(open_page: Any, lab_file: Path) -> None:
    size = {"width": 1280, "height": 800}
    lab = opened(open_page, lab_file, "en-GB", size)
    lab.page.locator("#go-learn").click()
    lab.page.locator("#begin-predict").click()
    key = lab.page.locator(".predictor .key-line")
    assert "90 % of draws" not in key.inner_text()
    lab.page.locator("#reveal").click()
    lab.page.locator(".score").wait_for()
    assert "90 % of draws" in key.inner_text()
