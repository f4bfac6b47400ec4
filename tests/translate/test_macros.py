"""Macros: one set of hidden variables for each call, as PySD has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sdmodel.errors import ModelFileError
from sdmodel.translate.read import read_model
from tests.translate.judging import agree, ours
from tests.translate.writing import TAIL

if TYPE_CHECKING:
    from pathlib import Path

    from sdmodel.engines.base import EngineName

FILL = (
    ":MACRO: FILL(goal, t)\nFILL = INTEG((goal-FILL)/t, start) ~~|\n"
    "start = goal * 0 + 1 ~~|\n:END OF MACRO:\n"
)
TWICE = ":MACRO: TWICE(x)\nTWICE = x*two ~~|\ntwo = 2 ~~|\n:END OF MACRO:\n"
CASES = {
    "a stock": FILL + "a = FILL(5, 2) ~~|\nb = FILL(a, 3)+1 ~~|",
    "two calls in one equation": FILL + TWICE + "a = FILL(Time, 2)*TWICE(Time)~~|",
    "a call inside a call": TWICE + FILL + "a = TWICE(FILL(TWICE(3), 2)) ~~|",
    "a macro that calls a macro": TWICE
    + ":MACRO: FOUR(y)\nFOUR = TWICE(TWICE(y)) ~~|\n:END OF MACRO:\na=FOUR(Time) ~~|",
    "smooth and memory": ":MACRO: LAG(x, t)\nLAG = SMOOTH3(x, t)*first ~~|"
    "\nfirst = INITIAL(x+1) ~~|\n:END OF MACRO:\na = LAG(Time*2+1, 1.5) ~~|",
    "a table": ":MACRO: READ(x)\nREAD = tab(x) ~~|\ntab((0,1),(2,5),(4,6)) ~~|\n"
    ":END OF MACRO:\na = READ(Time) ~~|",
    "defined behind": "a = TWICE(Time) ~~|\n" + TWICE,
    "odd spelling": TWICE + 'a = twice ( Time ) ~~|\n"b c" = Twice(a) ~~|',
}


def write(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "m.mdl"
    path.write_text("{UTF-8}\n" + body + "\n" + TAIL)
    return path


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_pysd(case: str, tmp_path: Path, engine: EngineName) -> None:
    _, compared = agree(write(tmp_path, CASES[case]), engine)
    assert compared >= 5


def test_each_element_has_a_macro_of_its_own(
    tmp_path: Path, engine: EngineName
) -> None:
    body = FILL + (
        "D: a,b,c ~~|\nx[D] = 1,2,3 ~~|\ny[D] = FILL(x[D], 2) ~~|\n"
        "s = SUM(FILL(x[D!], 2)) ~~|\nz[a] = FILL(x[b], 2) ~~|\nz[b] = 1 ~~|\n"
        "z[c] = 2 ~~|"
    )
    got = ours(write(tmp_path, body), engine)
    for name, goal in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
        wanted = goal - (goal - 1) * (1 - 0.125) ** np.arange(17)
        np.testing.assert_allclose(got[f"y[{name}]"], wanted, rtol=1e-13)
    whole = got["y[a]"] + got["y[b]"] + got["y[c]"]
    np.testing.assert_allclose(got["s"], whole, rtol=1e-15)
    np.testing.assert_array_equal(got["z[a]"], got["y[b]"])


def test_names_with_a_dollar_are_the_models(tmp_path: Path, engine: EngineName) -> None:
    body = ":MACRO: M(x)\nM = x*k$+TIME STEP$ ~~|\n:END OF MACRO:\nk=3 ~~|\na=M(2) ~~|"
    assert ours(write(tmp_path, body), engine)["a"][0] == 6.25


def test_a_macros_parts_are_no_variables(tmp_path: Path) -> None:
    model = read_model(write(tmp_path, FILL + "a = FILL(5, 2) ~~|"), cache=False)
    assert [name for name in model.scalars if "FILL" in name] == []
    assert [item.name for item in model.inputs] == []
    assert [state.name for state in model.states] == ["a: FILL.fill"]


BAD = {
    "too few": (
        TWICE + "a = TWICE() ~~|",
        "the macro TWICE takes 1 arguments, 0 given",
    ),
    "itself": (
        ":MACRO: M(x)\nM = M(x) ~~|\n:END OF MACRO:\na = M(2) ~~|",
        "a macro calls itself: M → M",
    ),
    "foreign": (
        ":MACRO: M(x)\nM = x*k ~~|\n:END OF MACRO:\nk = 3 ~~|\na = M(2) ~~|",
        r"line 3: 'M.M': no variable 'k' in the macro; write 'k\$'",
    ),
    "unknown function": (
        ":MACRO: M(x)\nM = FOO(x) ~~|\n:END OF MACRO:\na = M(2) ~~|",
        "line 3: 'M.M': no function FOO",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_in_a_macro_is_told(case: str, tmp_path: Path) -> None:
    body, words = BAD[case]
    with pytest.raises(ModelFileError, match=words):
        read_model(write(tmp_path, body), cache=False)
