"""Scores of loops against pysimlin, and what must hold of any score."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.experiments.courses import courses
from sdmodel.experiments.matter import link_score, loop_scores, shares
from sdmodel.experiments.workbook import Workbook, open_workbook
from sdmodel.model.web import Web, with_states
from sdmodel.study.loops import read_loops
from tests.tolerances import SCORES_VS_SIMLIN

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TEXT = """{UTF-8}
Hares = INTEG(births - eaten, 100) ~ hare ~ Prey.|
Lynxes = INTEG(grown - died, 20) ~ lynx ~ Predators.|
births = birth rate * Hares * (1 - Hares / 900) ~ hare/Year ~ .|
birth rate = 0.5 ~ 1/Year ~ .|
eaten = bite * Hares * Lynxes ~ hare/Year ~ .|
bite = 0.02 ~ 1/(lynx*Year) ~ .|
grown = 0.25 * eaten ~ lynx/Year ~ .|
died = Lynxes * 0.4 ~ lynx/Year ~ .|
INITIAL TIME = 0 ~ Year ~ .|
FINAL TIME = 8 ~ Year ~ .|
TIME STEP = 0.125 ~ Year ~ .|
SAVEPER = 0.125 ~ Year ~ .|
"""
LINKS = (
    ("Hares", "births"),
    ("births", "Hares"),
    ("eaten", "Hares"),
    ("Hares", "eaten"),
    ("Lynxes", "eaten"),
    ("eaten", "grown"),
    ("grown", "Lynxes"),
    ("Lynxes", "died"),
    ("died", "Lynxes"),
)
SIMLIN = """
import json, sys, simlin
run = simlin.load(sys.argv[1]).simulate(enable_ltm=True)
run.run_to_end()
print(json.dumps({f"{l.from_var}>{l.to_var}": l.score.tolist()
                  for l in run.get_links() if l.score is not None}))
"""


@pytest.fixture
def hares(tmp_path: Path) -> Workbook:
    (tmp_path / "hares.mdl").write_text(TEXT, "utf-8")
    return open_workbook(tmp_path / "hares.mdl")


def scored(book: Workbook, source: str, reader: str) -> NDArray[np.float64]:
    web = Web(with_states(book.model))
    runs = courses(web.model, [book.scenario("baseline")])
    steps = np.arange(2, len(runs.times))
    return link_score(web, runs, 0, steps, source, reader)


@pytest.mark.skipif(find_spec("simlin") is None, reason="pysimlin is not installed")
@pytest.mark.parametrize(("source", "reader"), LINKS)
def test_link_scores_are_those_of_pysimlin(
    source: str, reader: str, hares: Workbook
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIMLIN, hares.model.path],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = json.loads(done.stdout)[f"{source}>{reader}".casefold()]
    ours = scored(hares, source, reader)
    assert ours == pytest.approx(np.array(theirs)[2:], rel=SCORES_VS_SIMLIN)


def test_scores_have_the_sign_of_their_loop(consortium_folder: Path) -> None:
    book = open_workbook(consortium_folder)
    web = Web(with_states(book.model))
    runs = courses(web.model, [book.scenario("baseline")])
    loops = read_loops(book.folder, web)
    found = loop_scores(web, runs, 0, loops, [2028.0, 2032.0, 2036.0])
    for loop in loops:
        sign = 1.0 if loop.polarity == "R" else -1.0
        assert (sign * found[loop.id] >= 0).all(), (loop.id, found[loop.id])
    whole = np.sum([np.abs(s) for s in shares(found).values()], axis=0)
    assert whole == pytest.approx(1.0)
