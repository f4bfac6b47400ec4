"""What is wrong in an equation is told in plain words, never in Python's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sdmodel.errors import ModelFileError
from sdmodel.model.unit_check import check_units
from sdmodel.translate.read import read_model
from tests.translate.test_nothing_lost import ONE, TWO
from tests.translate.test_nothing_lost import XMILE as WHOLE
from tests.translate.writing import vensim

if TYPE_CHECKING:
    from tests.translate.writing import Write

PYTHON = re.compile(r"Error|Traceback|numpy|array|<unknown>|Parse tree|sys\.|literal")
LONG = "9" * 5000
POINT = "line 2: 't' cannot be read .a table of a single point; it needs two or more"

REFUSED = {
    "t((2,7)) ~~|\ny = t(Time) ~~|": POINT,
    "t([(0,0)-(9,9)],(2,7)) ~~|\ny = t(Time) ~~|": POINT,
    "y = WITH LOOKUP(Time, ((2,7))) ~~|": POINT.replace("'t'", "'y'"),
    f"y = {LONG} ~~|": "line 2: 'y': a number of 5000 digits, 999999999999…; at most",
    f"y = Time + {LONG} ~~|": "line 2: 'y': a number of 5000 digits",
    "y = " + "9" * 400 + " ~~|": "line 2: 'y': a number of 400 digits",
    "y = 5 6 ~~|": "line 2: 'y' cannot be read .two numbers side by side, 5 6. in: y =",
    "y = 1..2 ~~|": "line 2: 'y' cannot be read .two numbers side by side, 1..2. in",
    "d: a,b ~~|\nk[d] = 1,2;3 ~~|": "rows of numbers that are not of one length",
    "d: a,b ~~|\nk[d] = 1 3,2 ~~|": "no number where a number belongs",
}


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: body[:30])
def test_plain_words(body: str, write: Write) -> None:
    with pytest.raises(ModelFileError, match=REFUSED[body]) as caught:
        read_model(write(vensim(body)), cache=False)
    assert not PYTHON.search(str(caught.value))


XMILE = {
    f"<eqn>{LONG}</eqn>": "line 8: a number of 5000 digits",
    f"<eqn>TIME+{LONG}</eqn>": "line 8: a number of 5000 digits",
}


@pytest.mark.parametrize("eqn", XMILE, ids=lambda eqn: eqn[:12])
def test_plain_words_of_xmile(eqn: str, write: Write) -> None:
    text = WHOLE.format(dim=TWO, eqn=eqn, more="", models="")
    with pytest.raises(ModelFileError, match=XMILE[eqn]):
        read_model(write(text, "m.xmile"), cache=False)


@pytest.mark.parametrize("stop", [LONG, "²", "nan", "inf"])
def test_a_time_that_is_no_number(stop: str, write: Write) -> None:
    text = WHOLE.format(dim=TWO, eqn=ONE, more="", models="")
    text = text.replace("<stop>2<", f"<stop>{stop}<")
    words = r"line 3: (<stop> is .* must be a number|'FINAL TIME': no variable '²')"
    with pytest.raises(ModelFileError, match=words):
        read_model(write(text, "m.xmile"), cache=False)


READ = {
    "IF THEN ELSE(Time >= 0 :and: Time < 9, 1, 2)": 1.0,
    "IF THEN ELSE(Time > 9 :Or: Time < 0, 1, 2)": 2.0,
    "IF THEN ELSE(:not: Time > 9, 1, 2)": 1.0,
    "IF THEN ELSE(Time = :na:, 1, 2)": 2.0,
    '":and:"': 3.0,
    "3 - 2 + 1e-1": 1.1,
    "0777": 777.0,
    "t(1)": 8.0,
}


@pytest.mark.parametrize("text", READ)
def test_what_is_read_in_small_letters(text: str, write: Write) -> None:
    from tests.translate.judging import ours

    body = f'":and:" = 3 ~~|\nt((0,07),(2,9)) ~~|\ny = {text} ~~|'
    assert ours(write(vensim(body)), "numpy")["y"][-1] == READ[text]


@pytest.mark.parametrize("power", ["^s" * 3000, "^1e999999999", "^(1/0)"])
def test_a_unit_that_cannot_be_checked_is_a_note(power: str, write: Write) -> None:
    body = f"s = INTEG(1, 1) ~ m ~|\ny = s{power} ~ m ~|\n"
    model = read_model(write(vensim(body)), cache=False)
    assert [item.variable for item in check_units(model)] == ["y"]


@pytest.mark.parametrize("unit", ["(" * 3000 + "m" + ")" * 3000, "m^1e999999999"])
def test_a_unit_that_is_none_is_a_note(unit: str, write: Write) -> None:
    model = read_model(write(vensim(f"y = 1 ~ {unit} ~|\n")), cache=False)
    (problem,) = check_units(model)
    assert "is not a unit; write names with" in problem.message
