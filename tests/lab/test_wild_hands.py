"""The page in wild hands: whatever can be done, many times, without an error."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.javascript import SETTLE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

# What a hand finds on the page, chosen and moved by a seed; then a frame is waited for.
ACT = """async (seed) => {
  let state = seed;
  const next = (n) => { state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n; };
  const all = [...document.querySelectorAll(
    "button, select, input, summary, textarea")].filter((e) => !e.disabled
    && e.getClientRects().length && !/print|picture|csv|toml|copy/i.test(e.id)
    && !["Print sheet", "PNG", "Copy"].includes(e.textContent)
    && !/\\.(csv|toml)/.test(e.textContent));
  const e = all[next(all.length)];
  if (e.tagName === "SELECT") { e.selectedIndex = next(e.options.length);
    e.dispatchEvent(new Event("change", { bubbles: true }));
  } else if (e.type === "range" || e.type === "number") {
    e.value = Number(e.min) + (Number(e.max) - Number(e.min)) * next(1001) / 1000;
    e.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (e.tagName === "TEXTAREA" || e.type === "search" || e.type === "text") {
    if (!e.readOnly) e.value = ["", "a", "<b>", "价格", "0000"][next(5)];
    e.dispatchEvent(new Event("input", { bubbles: true }));
  } else e.click();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
}"""


def wild(open_page: Any, file: Path, actions: int, seed: int) -> None:
    """Do anything that can be done, many times; the page must live through it."""
    lab = open_page(file, locale="en-GB")
    lab.page.wait_for_function("() => Lab.now_results.base")
    chance = random.Random(seed)  # noqa: S311 - a test's own choices
    for _ in range(actions):
        lab.run(ACT, chance.randrange(2**31))
    lab.run("() => { Lab.choose('baseline'); Lab.setLanguage('en'); }")
    lab.run(SETTLE)
    assert lab.run("() => Object.keys(Lab.state.values).length") == 0
    numbers = lab.run("() => Lab.now_results.policyMine.headline")
    assert numbers == lab.run("() => Lab.now_results.base.headline")


def test_sixty_random_actions(open_page: Any, lab_file: Path) -> None:
    wild(open_page, lab_file, 60, 1)


@pytest.mark.slow
def test_a_thousand_random_actions(open_page: Any, lab_file: Path) -> None:
    wild(open_page, lab_file, 1000, 2)
