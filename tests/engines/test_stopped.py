"""Where PySD, the judge, cannot go on, that is one sentence about the model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.engines.reference import seconds_per_step
from sdmodel.engines.simulate import simulate
from sdmodel.errors import RunError
from sdmodel.study.design import Inputs, Save
from sdmodel.translate.read import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import Output

CLOCK = "INITIAL TIME = 0 ~~|\nFINAL TIME = 2 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n"
NOTHING = Inputs((), np.empty((1, 0)))


def judge(folder: Path, body: str, *names: str) -> Output:
    path = folder / "m.mdl"
    path.write_text("{UTF-8}\n" + body + CLOCK, encoding="utf-8")
    model = read_model(path, cache=False)
    return simulate(model, NOTHING, Save(names), engine="pysd")


@pytest.mark.parametrize(
    "name", ["component", "value", "stats", "final subs", "np", "x", "Path", "lambda"]
)
def test_names_of_pysds_own_program_are_free(name: str, tmp_path: Path) -> None:
    body = (
        f"d: a,b ~~|\n{name} = 3 ~~|\nz[a] = {name} ~~|\nz[b] = 2*{name} + Time ~~|\n"
        f"s = INTEG({name}, {name}) ~~|\nr = RANDOM NORMAL({name}, {name}, 3, 1, 2) ~~|"
        "\nt((0,0),(9,9)) ~~|\ny = t(s) ~~|\n"
    )
    out = judge(tmp_path, body, "z[a]", "z[b]", "s", "y", name)
    assert out.values[0, -1].tolist() == [3.0, 8.0, 9.0, 9.0, 3.0]


STOPS = {
    "a function it lacks": (
        "t((0,1),(3,10)) ~~|\nx = LOOKUP INVERT(t, Time) ~~|\n",
        "PySD stopped at 0 in 'x', line 3 .*: a table is read there in a way",
    ),
}


@pytest.mark.parametrize("case", STOPS)
def test_a_stop_is_told_in_words_of_the_model(case: str, tmp_path: Path) -> None:
    body, words = STOPS[case]
    with pytest.raises(RunError, match=words) as caught:
        judge(tmp_path, body, "x")
    (problem,) = caught.value.problems
    assert problem.startswith(str(tmp_path / "m.mdl"))
    assert problem.endswith("use --engine compiled")
    assert not re.search(r"Error|object|argument", problem)


def test_any_failure_of_pysds_program_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        msg = "'function' object has no attribute 'add'"
        raise AttributeError(msg)

    monkeypatch.setattr("pysd.load", broken)
    with pytest.raises(
        RunError, match=r"m\.mdl: PySD stopped when it loaded"
    ) as caught:
        judge(tmp_path, "x = 1 ~~|\n", "x")
    assert "object" not in str(caught.value)


def test_a_division_by_zero_is_a_bad_run_that_names_the_variable(
    tmp_path: Path,
) -> None:
    out = judge(tmp_path, "my x = 1/(1-Time) ~~|\ns = INTEG(my x, 1) ~~|\n", "s")
    assert (out.status[0], out.bad_time[0], out.bad_name[0]) == (1, 1.0, "my x")


def test_timing_pysd_stops_with_a_sentence_too(tmp_path: Path) -> None:
    path = tmp_path / "m.mdl"
    path.write_text(
        "{UTF-8}\n" + STOPS["a function it lacks"][0] + CLOCK, encoding="utf-8"
    )
    model = read_model(path, cache=False)
    with pytest.raises(RunError, match="PySD stopped while it ran: a table is read"):
        seconds_per_step(model, ("x",), 1)
