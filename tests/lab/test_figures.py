"""The papers write every number as the page does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sdmodel.experiments.facts import model_facts, read_about
from sdmodel.experiments.notice import measures
from sdmodel.experiments.workbook import open_workbook
from sdmodel.lab.data import _outcome
from sdmodel.lab.figures import figures_of
from sdmodel.lab.levers import lever_documents
from sdmodel.lab.strings import read_strings
from sdmodel.study.design import Schedule
from tests.lab.javascript import run_node

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.experiments.workbook import Workbook

BEFORE = """
globalThis.Lab = {
  lang: "en", data: { face: given.face },
  has: (key) => key in given.strings,
  say: (text) => text[Lab.lang],
  t: (key, fill) => given.strings[key][Lab.lang].replace(
    /\\{(\\w+)\\}/g, (hole, name) => (fill && name in fill ? fill[name] : hole)),
};
"""
BODY = """
const out = {};
for (const lang of ["en", "zh"]) {
  Lab.lang = lang;
  Lab.learnSizes({ series: given.sizes });
  out[lang] = [
    ...given.outcomes.flatMap((o) => given.numbers.flatMap(([v, low, high]) => [
      Lab.value(o, v), Lab.value(o, v, true), Lab.difference(o, v, high),
      Lab.interval(o, low, high, Math.max(Math.abs(low), Math.abs(high)))])),
    ...given.levers.flatMap((l) => [0, 0.25, 0.618, 1].map(
      (s) => Lab.leverText(l, l.min + s * (l.max - l.min)))),
    ...given.levers.map((l) => Lab.leverText(l, [[2026, l.min], [2030, l.max]])),
  ];
}
console.log(JSON.stringify(out));
"""


@pytest.fixture(scope="module")
def book() -> Workbook:
    return open_workbook("consortium")


def test_papers_write_numbers_as_the_page_does(book: Workbook, tmp_path: Path) -> None:
    assert book.folder is not None
    rng = np.random.default_rng(1)
    sizes = {o.id: 10.0 ** rng.uniform(0, 11) for o in book.outcomes}
    per_thousand = ["avoidable_admissions"]
    numbers = [
        sorted(rng.normal(size=3) * 10.0**power) for power in range(-5, 12, 2)
    ] + [[0.0, -1e-7, 3.0], [1.5, 0.0, 2.5]]
    about = read_about(book.folder, model_facts(book.model))
    rules = measures(book.outcomes, about)
    levers = lever_documents(book.controls, book.model, (), {})
    given: dict[str, Any] = {
        "strings": read_strings(),
        "face": {"place": {"en": "here", "zh": "此处"}, "per_thousand": per_thousand},
        "sizes": {id: [size] for id, size in sizes.items()},
        "numbers": numbers,
        "outcomes": [_outcome(o, about, rules[o.id]) for o in book.outcomes],
        "levers": levers,
    }
    page = run_node(("format.js",), BODY, given, tmp_path, before=BEFORE)
    for language in ("en", "zh"):
        write = figures_of(book, language, sizes, per_thousand)
        ours = [
            text
            for o in book.outcomes
            for v, low, high in numbers
            for text in (
                write.value(o, v),
                write.value(o, v, bare=True),
                write.difference(o, v, high),
                write.interval(o, low, high, max(abs(low), abs(high))),
            )
        ]
        ours += [
            write.lever(c, c.min + s * (c.max - c.min))
            for c in book.controls
            for s in (0, 0.25, 0.618, 1)
        ]
        ours += [
            write.lever(c, Schedule((2026.0, 2030.0), (c.min, c.max)))
            for c in book.controls
        ]
        assert ours == page[language]
