"""Loops that matter through pysimlin: known shares, agreement with ours, refusals."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.simulate import simulate
from sdmodel.errors import RunError
from sdmodel.experiments import second_scores as module
from sdmodel.experiments.courses import courses
from sdmodel.experiments.flat_file import flat_file
from sdmodel.experiments.matter import links_of, loop_scores, shares
from sdmodel.experiments.second_scores import SecondScores, second_scores
from sdmodel.experiments.workbook import Workbook, open_workbook
from sdmodel.model.web import Web, with_states
from sdmodel.study.design import Inputs, Save
from sdmodel.study.loops import read_loops
from sdmodel.translate.read import read_model
from tests.tolerances import FLAT_VS_WHOLE, SCORES_VS_SIMLIN

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

needs_simlin = pytest.mark.skipif(
    find_spec("simlin") is None, reason="pysimlin is not installed"
)
HERDS = """{UTF-8}
kind: cow, goat ~ ~ .|
Herd[kind] = INTEG(births[kind] - deaths[kind], 100) ~ head ~ Animals.|
births[kind] = birth rate[kind] * Herd[kind] ~ head/Year ~ .|
birth rate[kind] = 0.3, 0.5 ~ 1/Year ~ .|
deaths[kind] = death rate[kind] * Herd[kind] * SHAPE ~ head/Year ~ .|
death rate[kind] = 0.1, 0.4 ~ 1/Year ~ .|
INITIAL TIME = 0 ~ Year ~ .|
FINAL TIME = 8 ~ Year ~ .|
TIME STEP = 0.125 ~ Year ~ .|
SAVEPER = 1 ~ Year ~ .|
"""
LOOPS = """id,name_en,name_zh,polarity,waypoints,source
R,Births,出生,R,Herd[cow] > births[cow],arithmetic
B,Deaths,死亡,B,Herd[cow] > deaths[cow],arithmetic
"""
LATE = [2.0, 5.0, 8.0]


def herds(folder: Path, shape: str = "1") -> Workbook:
    (folder / "herds.mdl").write_text(HERDS.replace("SHAPE", shape), "utf-8")
    (folder / "loops.csv").write_text(LOOPS, "utf-8")
    return open_workbook(folder)


def scored(
    book: Workbook, scenario: str, times: list[float]
) -> tuple[SecondScores, dict[str, NDArray[np.float64]]]:
    web = Web(with_states(book.model))
    runs = courses(web.model, [book.scenario(scenario)])
    loops = read_loops(book.folder, web)
    own = shares(loop_scores(web, runs, 0, loops, times))
    return second_scores(web, runs, 0, loops, times), own


def test_shares_of_an_arrayed_model_are_those_on_paper(tmp_path: Path) -> None:
    """Births at b and deaths at d: a herd's scores are b / (b - d) and -d / (b - d).

    Cows give 1.5 and 0.5, goats 5 and 4: together 6.5 and 4.5 of 11.
    """
    other, own = scored(herds(tmp_path), "baseline", LATE)
    expected = {"R": 6.5 / 11, "B": -4.5 / 11}
    for loop, share in expected.items():
        assert own[loop] == pytest.approx(np.full(3, share), rel=SCORES_VS_SIMLIN)
    if find_spec("simlin") is not None:
        assert other.shares is not None, other.why
        for loop, share in expected.items():
            told = other.shares[loop]
            assert told == pytest.approx(np.full(3, share), rel=SCORES_VS_SIMLIN)


@needs_simlin
@pytest.mark.parametrize("scenario", ["baseline", "dip"])
def test_pysimlin_gives_the_named_loops_our_shares(
    scenario: str, consortium_folder: Path
) -> None:
    book = open_workbook(consortium_folder)
    times = [2012.0, 2020.0, 2027.0, 2030.0, 2035.0, 2040.0]
    other, own = scored(book, scenario, times)
    assert other.by.startswith("pysimlin ")
    assert other.shares is not None, other.why
    assert set(other.shares) == set(own)
    apart = other.apart(own)
    assert apart is not None
    assert apart < SCORES_VS_SIMLIN
    assert np.sum([np.abs(s) for s in other.shares.values()], axis=0) == pytest.approx(
        1.0
    )


def test_what_is_written_out_runs_as_the_whole_model_does(
    consortium_folder: Path, tmp_path: Path
) -> None:
    book = open_workbook(consortium_folder)
    web = Web(with_states(book.model))
    runs = courses(web.model, [book.scenario("drg")])
    loops = [loop for loop in read_loops(book.folder, web) if loop.id in ("R3", "B10")]
    file = flat_file(web, runs, 0, links_of(web, loops))
    path = tmp_path / "loops.xmile"
    path.write_text(file.text, "utf-8")
    part = read_model(path)
    ends = {source: name for (source, _), (name, _) in file.links.items()}
    output = simulate(part, Inputs((), np.empty((1, 0))), Save(tuple(ends.values())))
    assert not output.status.any()
    at = np.searchsorted(runs.times, output.times - 1e-9)
    for i, element in enumerate(ends):
        whole = runs.of(web.model.scalars[element])[0, at]
        assert output.values[0, :, i] == pytest.approx(whole, rel=FLAT_VS_WHOLE)


def test_an_equation_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    book = herds(tmp_path, "(1 + 0.1 * SIN(Herd[kind]))")
    web = Web(with_states(book.model))
    runs = courses(web.model, [book.scenario("baseline")])
    links = links_of(web, read_loops(book.folder, web))
    with pytest.raises(RunError, match=r"equation of 'deaths\[cow\]' holds 'sin'"):
        flat_file(web, runs, 0, links)
    other, own = scored(book, "baseline", LATE)
    assert other.shares is None
    assert other.apart(own) is None
    assert other.why is not None


def test_without_pysimlin_ours_stand_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", missing)
    other, _ = scored(herds(tmp_path), "baseline", LATE)
    assert other == SecondScores(why="pysimlin is not installed")


@needs_simlin
def test_what_pysimlin_refuses_is_told_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PROGRAM", "raise SystemExit('too large')")
    other, _ = scored(herds(tmp_path), "baseline", LATE)
    assert other.shares is None
    assert other.why == "pysimlin could not run it: too large"
