"""How fast the lab page answers: figures of this machine, beside those promised.

``pytest -m bench tests/bench/test_lab.py -s`` prints them. Run on an idle machine of
two cores or more; Chromium without a window draws at most 60 times a second, so that a
repaint waits up to 17 ms for its frame whatever the page does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.lab.conftest import chromium, lab_file, open_page

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["chromium", "lab_file", "open_page"]
pytestmark = pytest.mark.bench

MOVES = 60

SLIDER = """async ({ moves, throttled }) => {
  const shown = [...document.querySelectorAll("input[type=range]")]
    .filter((s) => s.offsetParent !== null).slice(0, 4);
  const drawn = "path.line.policy, path.line.policy-mine";
  const lines = () => [...document.querySelectorAll(drawn)]
    .map((p) => p.getAttribute("d")).join("");
  const frame = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();   // after the frame is painted
    channel.port1.onmessage = done;
    channel.port2.postMessage(0);
  }));
  const times = [];
  for (let i = 0; i < moves; i++) {
    const slider = shown[i % shown.length];
    const [low, high] = [Number(slider.min), Number(slider.max)];
    const before = lines();
    const start = performance.now();
    slider.value = String(low + (high - low) * ((i * 0.381966) % 1));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    for (let frames = 0; frames < 30 && lines() === before; frames++) await frame();
    if (lines() !== before) times.push(performance.now() - start);
    await new Promise((done) => setTimeout(done, 20));
  }
  return times;
}"""

ENGINE = """async ({ runs }) => {
  const data = JSON.parse(document.getElementById("lab-data").textContent);
  const wasm = Lab.bytes(document.getElementById("lab-wasm").textContent);
  const base = data.presets[0].values;
  const engine = Lab.Engine.create(data, wasm);
  const time = (n, work) => {
    const times = [];
    for (let i = 0; i < n; i++) {
      const start = performance.now();
      work(i / n);
      times.push(performance.now() - start);
    }
    return times;
  };
  const lever = time(runs, (x) =>
    engine.runPair({ ...base, "DRG share": x / 2 }, base));
  const start = time(runs, (x) =>
    engine.runPair({ ...base, "policy start": 2026.5 + x }, base));
  const bands = Lab.Bands.create(data, wasm);
  const band = [];
  for (let i = 0; i < 9; i++) {
    const begun = performance.now();
    await bands.request({
      values: { ...base, "DRG share": 0.2 + i / 40 }, reference: base, n: 500 });
    band.push(performance.now() - begun);
  }
  bands.close();
  return { lever, start, band };
}"""

PAINT = """() => performance.getEntriesByType("paint")
  .filter((e) => e.name === "first-contentful-paint").map((e) => e.startTime)[0]"""


@dataclass(frozen=True)
class Figure:
    """A measured figure and the limit it must keep, in one unit."""

    what: str
    value: float
    limit: float
    unit: str

    def __str__(self) -> str:
        return (
            f"{self.what:<52} {self.value:9.2f} {self.unit:<3} "
            f"(limit {self.limit:g}, {self.value / self.limit:.2f} of it)"
        )


def check(*figures: Figure) -> None:
    lines = "\n".join(str(figure) for figure in figures)
    sys.stdout.write(f"\n{lines}\n")
    assert all(figure.value <= figure.limit for figure in figures), lines


def settled(opened: Any) -> None:
    """Wait until the page has drawn its lines and its first bands."""
    opened.page.wait_for_selector("path.line.policy[d]", state="attached")
    opened.page.wait_for_timeout(2500)


@pytest.mark.parametrize("throttle", [1, 4])
def test_a_moved_slider_is_drawn_at_once(
    open_page: Any, lab_file: Path, throttle: int
) -> None:
    opened = open_page(lab_file, viewport={"width": 1366, "height": 768})
    settled(opened)
    opened.run(SLIDER, {"moves": 20, "throttled": False})  # let the code warm up
    session = opened.page.context.new_cdp_session(opened.page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    times = opened.run(SLIDER, {"moves": MOVES, "throttled": throttle > 1})
    assert len(times) > MOVES / 2
    middle, late = np.quantile(times, [0.5, 0.95])
    if throttle == 1:
        check(
            Figure("slider to repaint, median", middle, 33, "ms"),
            Figure("slider to repaint, 95th percentile", late, 66, "ms"),
        )
    else:
        check(Figure("slider to repaint, 4x throttle, median", middle, 100, "ms"))


def test_runs_and_bands(open_page: Any, lab_file: Path) -> None:
    opened = open_page(lab_file)
    settled(opened)
    found = opened.run(ENGINE, {"runs": 120})
    # The first few runs are made by code that is still being compiled.
    lever, start = (float(np.median(found[k][60:])) for k in ("lever", "start"))
    check(
        Figure("two runs after a lever moved", lever, 3, "ms"),
        Figure("two runs from 2010 on", start, 3, "ms"),
        Figure("band of 500 draws", float(np.median(found["band"][2:])), 200, "ms"),
        Figure("band of 500 draws, the first", found["band"][0], 1000, "ms"),
    )


def test_the_page_opens_quickly_and_is_small(open_page: Any, lab_file: Path) -> None:
    opened = open_page(lab_file)
    settled(opened)
    check(
        Figure("first paint", float(opened.run(PAINT)), 1000, "ms"),
        Figure("page", lab_file.stat().st_size / 1e6, 6, "MB"),
    )


def test_the_page_is_built_quickly(tmp_path: Path) -> None:
    import json

    figures = []
    for what in ("built, nothing cached", "built again"):
        done = subprocess.run(
            [sys.executable, "-m", "sdmodel", "lab", "--json", "--out", "lab.html"],
            cwd=tmp_path,
            env={**os.environ, "SDMODEL_CACHE": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
        )
        figures.append(Figure(what, json.loads(done.stdout)["seconds"], 10, "s"))
    check(*figures)
